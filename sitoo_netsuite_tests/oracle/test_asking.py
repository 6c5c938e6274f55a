from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from sitoo_netsuite.oracle.asking import AskingError, ask
from sitoo_netsuite.oracle.estate_file import EstateFileError, read_estate_file

URL = "https://example.com/orders.json"


def client_that_hears(*answers: httpx.Response) -> tuple[httpx.Client, Iterator[httpx.Response]]:
    left = iter(answers)
    return httpx.Client(transport=httpx.MockTransport(lambda _: next(left)), auth=("key", "s3cret")), left


def too_many(**headers: str) -> httpx.Response:
    return httpx.Response(429, headers=headers or {"Retry-After": "0"}, text="Too many connections")


def test_numbers_are_never_floats() -> None:
    client, _ = client_that_hears(httpx.Response(200, text='{"vatvalue": 17.5, "quantity": 2}'))
    assert ask(client, "GET", URL) == {"vatvalue": Decimal("17.5"), "quantity": 2}


def test_a_busy_api_is_asked_again_after_the_time_it_names() -> None:
    client, _ = client_that_hears(too_many(), too_many(**{"X-Rate-Limit-Reset": "1"}), httpx.Response(200, text="1"))
    assert ask(client, "GET", URL) == 1


def test_patience_ends_after_six_tries() -> None:
    client, left = client_that_hears(*[too_many()] * 6, httpx.Response(200, text="1"))
    with pytest.raises(AskingError, match="429 Too many connections"):
        ask(client, "GET", URL)
    assert next(left).status_code == 200


def test_a_refusal_is_not_asked_again_and_its_text_holds_no_secret() -> None:
    client, left = client_that_hears(httpx.Response(401, text="Missing or bad authentication"), too_many())
    with pytest.raises(AskingError, match="401 Missing or bad authentication") as refusal:
        ask(client, "GET", URL, headers={"X-Secret": "s3cret"})
    assert "s3cret" not in str(refusal.value)
    assert next(left).status_code == 429


def test_an_estate_file_that_lacks_a_part_is_named_with_it(tmp_path: Path) -> None:
    path = tmp_path / "estate.yaml"
    path.write_text("retailer: Example\nbooks: []\n", encoding="utf-8")
    with pytest.raises(EstateFileError, match=r"estate\.yaml: 'stores' is missing"):
        read_estate_file(path)

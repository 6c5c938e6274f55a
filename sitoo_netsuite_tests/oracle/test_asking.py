from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from sitoo_netsuite.oracle.asking import AskingError, ask
from sitoo_netsuite.oracle.estate_file import EstateFileError, read_estate_file

URL = "https://example.com/orders.json"


def client_that_hears(
    *answers: httpx.Response | httpx.TransportError,
) -> tuple[httpx.Client, Iterator[Any]]:
    left = iter(answers)

    def hear(_: httpx.Request) -> httpx.Response:
        answer = next(left)
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer

    return httpx.Client(transport=httpx.MockTransport(hear), auth=("key", "s3cret")), left


def too_many(**headers: str) -> httpx.Response:
    return httpx.Response(429, headers=headers or {"Retry-After": "0"}, text="Too many connections")


def test_numbers_are_never_floats() -> None:
    client, _ = client_that_hears(httpx.Response(200, text='{"vatvalue": 17.5, "quantity": 2}'))
    assert ask(client, "GET", URL) == {"vatvalue": Decimal("17.5"), "quantity": 2}


def test_a_busy_api_is_asked_again_after_the_time_it_names() -> None:
    client, _ = client_that_hears(too_many(), too_many(**{"X-Rate-Limit-Reset": "1"}), httpx.Response(200, text="1"))
    assert ask(client, "GET", URL) == 1


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sitoo_netsuite.oracle.asking._PATIENCE_SECONDS", 0.5)
    client, left = client_that_hears(*[too_many()] * 3, httpx.Response(200, text="1"))
    with pytest.raises(AskingError, match="429 Too many connections"):  # after 0.2 and 0.3 seconds
        ask(client, "GET", URL)
    assert next(left).status_code == 200


def page_of_a_proxy(status: int) -> httpx.Response:
    return httpx.Response(status, text="\n<html><h1>Bad gateway</h1></html>", headers={"Content-Type": "text/html"})


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(500, text="oops"),
        page_of_a_proxy(200),
        page_of_a_proxy(403),
        page_of_a_proxy(502),
        httpx.Response(200, text='{"items": [{"orderid": 12'),
        httpx.Response(200, content=b"\xff\xfe"),
        httpx.ReadError("reset by peer"),
        httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
        httpx.ReadTimeout("too slow"),
    ],
)
def test_trouble_on_the_line_is_asked_past(trouble: httpx.Response | httpx.TransportError) -> None:
    client, _ = client_that_hears(trouble, httpx.Response(200, text="1"))
    assert ask(client, "GET", URL) == 1


def test_a_refusal_is_not_asked_again_and_its_text_holds_no_secret() -> None:
    client, left = client_that_hears(httpx.Response(401, text="Missing or bad authentication"), too_many())
    with pytest.raises(AskingError) as refusal:
        ask(client, "GET", f"{URL}?token=s3cret", headers={"X-Secret": "s3cret"}, params={"email": "a@example.com"})
    assert str(refusal.value) == (
        "GET /orders.json: 401 Missing or bad authentication. "
        "The login is wrong or may not read this: `sitoo-netsuite doctor` says which."
    )
    assert next(left).status_code == 429


def test_no_answer_at_all_is_told_without_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sitoo_netsuite.oracle.asking._PATIENCE_SECONDS", 0)
    client, _ = client_that_hears(httpx.ConnectError("Connection refused"))
    with pytest.raises(AskingError, match=r"^GET /orders.json: no answer \(Connection refused\)\. It did not pass"):
        ask(client, "GET", URL, params={"email": "a@example.com"})


def test_an_estate_file_that_lacks_a_part_is_named_with_it(tmp_path: Path) -> None:
    path = tmp_path / "estate.yaml"
    path.write_text("retailer: Example\nbooks: []\n", encoding="utf-8")
    with pytest.raises(EstateFileError, match=r"estate\.yaml: 'stores' is missing"):
        read_estate_file(path)

"""Which request meets which trouble, and how Sitoo's sandbox acts it out, over real HTTP."""

from __future__ import annotations

import logging
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitoo_netsuite.sandbox.faults.transport import (
    ANYWHERE,
    MOST_IN_A_ROW,
    TRANSPORT_FAULTS,
    TransportFaults,
    Trouble,
)
from sitoo_netsuite.sitoo.client import ApiKey, Retries, SitooClient
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import KEYS, served


def drawn(faults: TransportFaults, requests: int, address: str = "GET /orders?") -> list[str]:
    """What the next requests to an address meet, `-` for none."""
    draws = [faults.draw("sitoo", address, ANYWHERE) for _ in range(requests)]
    return ["-" if draw is None else str(draw.trouble) for draw in draws]


def test_the_same_seed_deals_the_same_trouble_whatever_else_is_asked_in_between() -> None:
    alone, among_others = TransportFaults.for_mode("storm", seed=7), TransportFaults.for_mode("storm", seed=7)
    expected = drawn(alone, 200)
    found = []
    for number in range(200):
        drawn(among_others, number % 3, "GET /products?")
        found += drawn(among_others, 1)
    assert found == expected
    assert drawn(TransportFaults.for_mode("storm", seed=8), 200) != expected


@pytest.mark.parametrize(("mode", "fewest", "most"), [("none", 0, 0), ("typical", 10, 35), ("storm", 110, 190)])
def test_a_mode_tells_how_many_of_a_thousand_requests_have_trouble(mode: str, fewest: int, most: int) -> None:
    faults = TransportFaults.for_mode(mode, seed=1)  # type: ignore[arg-type]
    troubles = [found for number in range(1000) for found in drawn(faults, 1, f"GET /{number}?") if found != "-"]
    assert fewest <= len(troubles) <= most
    assert dict(Counter(troubles)) == faults.fired("sitoo")


@given(
    counts=st.dictionaries(st.sampled_from(sorted(map(str, ANYWHERE))), st.integers(1, 9), max_size=4),
    seed=st.integers(0, 99),
)
@settings(max_examples=50, deadline=None)
def test_counts_come_true_exactly_and_never_more_than_three_in_a_row(counts: dict[str, int], seed: int) -> None:
    faults = TransportFaults.of_counts(counts, seed)
    found = drawn(faults, 2 * sum(counts.values()) + 1)
    assert Counter(name for name in found if name != "-") == Counter(counts)
    assert faults.fired("sitoo") == counts
    assert max((len(run) for run in "".join("x" if name != "-" else " " for name in found).split()), default=0) <= (
        MOST_IN_A_ROW
    )


def test_a_count_holds_for_both_apis_together() -> None:
    faults = TransportFaults.of_counts({"slow_answer": 3}, seed=1)
    dealt = [faults.draw(api, f"GET /{number}?", ANYWHERE) for number in range(4) for api in ("sitoo", "netsuite")]
    assert sum(draw is not None for draw in dealt) == 3
    assert faults.fired("sitoo") == {"slow_answer": 2}
    assert faults.fired("netsuite") == {"slow_answer": 1}


def test_a_trouble_that_did_not_come_about_is_still_to_come() -> None:
    faults = TransportFaults.of_counts({"expired_token": 1}, seed=1)
    assert faults.draw("netsuite", "GET /1?", [Trouble.EXPIRED_TOKEN]) is not None
    faults.take_back("netsuite", Trouble.EXPIRED_TOKEN)
    assert faults.fired("netsuite") == {}
    assert faults.draw("netsuite", "GET /2?", [Trouble.EXPIRED_TOKEN]) is not None


def test_an_unknown_name_is_refused() -> None:
    assert "server_error" in TRANSPORT_FAULTS
    with pytest.raises(ValueError, match="sever_error"):
        TransportFaults.of_counts({"sever_error": 1}, seed=1)


# ------------------------------------------------------------------ acted out by Sitoo's sandbox


def test_sitoo_refuses_in_its_own_words(tmp_path: Path) -> None:
    for name, status in (("too_many_requests", 429), ("server_error", 500)):
        with served(tmp_path / name, transport=TransportFaults.of_counts({name: 1}, seed=1)) as sitoo:
            answer = sitoo.get("/orders")
            assert (answer.status_code, answer.json()["statuscode"]) == (status, status)
            assert sitoo.get("/orders").status_code == 200
            assert sitoo.stats()["transport"] == {name: 1}


def test_a_proxys_page_is_html_and_no_json(tmp_path: Path) -> None:
    with served(tmp_path, transport=TransportFaults.of_counts({"html_502": 1}, seed=1)) as sitoo:
        answer = sitoo.get("/orders")
    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/html")
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()


def test_a_slow_answer_takes_its_time(tmp_path: Path) -> None:
    with served(tmp_path, transport=TransportFaults.of_counts({"slow_answer": 1}, seed=1)) as sitoo:
        begun = time.monotonic()
        assert sitoo.get("/orders").status_code == 200
        assert time.monotonic() - begun >= 0.25


def test_a_reset_ends_the_connection_frees_the_key_and_leaves_no_word_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO),
        served(tmp_path, transport=TransportFaults.of_counts({"connection_reset": 1}, seed=1)) as sitoo,
    ):
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            sitoo.get("/orders")
        assert sitoo.get("/orders").status_code == 200
        log = httpx.get(f"{sitoo.root}/sandbox/requests").json()["requests"]
    assert [entry["status"] for entry in log] == [0, 200]
    assert [record for record in caplog.records if record.name.startswith("uvicorn") and record.levelno > 20] == []


def test_our_sitoo_client_reads_everything_through_a_storm(tmp_path: Path) -> None:
    keys = [ApiKey(name, password) for name, password in KEYS.items()]
    retries = Retries(first_wait=0.01, longest_wait=0.05)
    with (
        served(tmp_path, transport=TransportFaults.for_mode("storm", seed=3)) as sitoo,
        SitooClient(sitoo.account_url, keys, retries=retries) as client,
    ):
        for page_size in range(1, 9):
            pages = client.order_pages(("orderid",), page_size=page_size)
            assert sum(len(page) for page in pages) == 25
        assert sum(sitoo.stats()["transport"].values()) >= 5


def test_the_truth_is_shown_to_whoever_asks(tmp_path: Path) -> None:
    rows = [{"id": "1", "fault": "z_missing", "store": "S01", "amount_minor": 100}]
    with served(tmp_path / "told", truth=lambda: rows) as sitoo:
        assert httpx.get(f"{sitoo.root}/sandbox/truth").json() == rows
    with served(tmp_path / "untold") as sitoo:
        assert httpx.get(f"{sitoo.root}/sandbox/truth").json() == []

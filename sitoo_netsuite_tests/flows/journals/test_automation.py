"""Which days are closed when, without waiting: the pure decisions over cut-overs, zones and changes of the clocks."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.estate import Estate, Store
from sitoo_netsuite.flows.journals.automation import (
    closing_days,
    ended_days,
    stretches,
    unfinished_days,
    unsettled_days,
)
from sitoo_netsuite.flows.journals.queries import StoreDayState
from sitoo_netsuite.trading_day import days, trading_day_window
from sitoo_netsuite.worklist.cases import Case
from sitoo_netsuite.worklist.store import Scope, list_cases, record_cases, resolve_case
from sitoo_netsuite_tests.examples import example_estate

TICK = timedelta(minutes=15)
GO_LIVE = date(2026, 1, 1)


def estate_of(*stores: tuple[str, time], go_live: date = GO_LIVE, read_only: bool = False) -> Estate:
    """An estate whose stores differ in zone and cut-over only."""
    estate = example_estate()
    template = estate.stores[0]
    made = tuple(
        template.model_copy(
            update={
                "store": f"S{number}",
                "time_zone": zone,
                "cut_over": cut_over,
                "go_live": template.go_live.model_copy(update={"sales": go_live}),
            }
        )
        for number, (zone, cut_over) in enumerate(stores)
    )
    return estate.model_copy(update={"stores": made, "read_only": read_only})


def state(store: Store, day: date, stands: str) -> StoreDayState:
    return StoreDayState(
        trading_day=day,
        store=store.store,
        currency="SEK",
        plan="ready",
        state=stands,
        receipts=1,
        held_receipts=0,
        booked_minor=100,
        held_minor=0,
        missing_minor=0,
        documents=(),
        reasons=(),
    )


ZONES = ["Europe/Stockholm", "Europe/London", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "UTC"]


@given(
    stores=st.lists(
        st.tuples(st.sampled_from(ZONES), st.sampled_from([time(0), time(4), time(5, 30), time(4, 10)])),
        min_size=1,
        max_size=4,
    ),
    # Around the changes of the clocks in Europe, America and New Zealand, and an ordinary week.
    around=st.sampled_from(
        [date(2026, 3, 29), date(2026, 3, 8), date(2026, 10, 25), date(2026, 4, 5), date(2026, 6, 3)]
    ),
)
def test_every_store_day_is_closed_by_exactly_one_tick_after_it_ended(
    stores: list[tuple[str, time]], around: date
) -> None:
    estate = estate_of(*stores)
    start = datetime.combine(around - timedelta(days=2), time(0), UTC)
    ticks = [start + number * TICK for number in range(4 * 24 * 5)]
    closed: Counter[tuple[str, date]] = Counter()
    for until in ticks:
        for day, keys in closing_days(estate, until - TICK, until).items():
            for key in keys:
                store = estate.by_store[key]
                assert timedelta(0) <= until - trading_day_window(day, store.zone, store.cut_over)[1] < TICK
                closed[key, day] += 1
    assert closed == {
        (store.store, day): 1
        for store in estate.stores
        for day in days(around - timedelta(days=5), around + timedelta(days=5))
        if start - TICK < trading_day_window(day, store.zone, store.cut_over)[1] <= ticks[-1]
    }


def test_stores_that_end_their_day_together_are_closed_together() -> None:
    estate = estate_of(("Europe/Stockholm", time(4)), ("Europe/London", time(3)), ("Europe/London", time(4)))
    until = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)
    assert closing_days(estate, until - TICK, until) == {date(2026, 3, 2): ["S0", "S1"]}


def test_nothing_before_go_live_is_closed() -> None:
    estate = estate_of(("Europe/Stockholm", time(4)), go_live=date(2026, 3, 3))
    until = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)
    assert closing_days(estate, until - TICK, until) == {}
    assert ended_days(estate, until + timedelta(hours=3)) == {}


def test_a_day_counts_as_ended_once_the_first_store_and_its_grace_are_over() -> None:
    estate = estate_of(("Europe/Stockholm", time(4)), ("America/New_York", time(4)), go_live=date(2026, 3, 2))
    assert ended_days(estate, datetime(2026, 3, 3, 3, 29, tzinfo=UTC)) == {}
    assert ended_days(estate, datetime(2026, 3, 3, 3, 30, tzinfo=UTC)) == {
        date(2026, 3, 2): datetime(2026, 3, 3, 3, 30, tzinfo=UTC)
    }
    assert ended_days(estate, datetime(2026, 3, 3, 12, 0, tzinfo=UTC)) == {
        date(2026, 3, 2): datetime(2026, 3, 3, 9, 30, tzinfo=UTC)
    }


def test_days_older_than_sitoo_is_read_again_are_left_to_a_person() -> None:
    estate = estate_of(("Europe/Stockholm", time(4)))
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert min(ended_days(estate, now)) == date(2026, 6, 1) - timedelta(days=estate.sitoo.reread_days)


@pytest.mark.parametrize(
    ("stands", "asked_again"),
    [("posted", False), ("waiting", True), ("held", True), ("unposted", True), ("refused", True), ("in_doubt", True)],
)
def test_a_store_day_that_is_not_in_the_books_is_asked_for_again(stands: str, asked_again: bool) -> None:
    estate = estate_of(("Europe/Stockholm", time(4)))
    states = [state(estate.stores[0], date(2026, 3, 2), stands)]
    assert bool(unsettled_days(states, estate, datetime(2026, 3, 3, 4, tzinfo=UTC))) == asked_again
    assert unsettled_days(states, estate, datetime(2026, 3, 3, 3, tzinfo=UTC)) == set()


def test_a_read_only_installation_does_not_ask_for_ever_for_what_it_may_not_post() -> None:
    estate = estate_of(("Europe/Stockholm", time(4)), read_only=True)
    now = datetime(2026, 3, 5, tzinfo=UTC)
    states = [state(estate.stores[0], date(2026, 3, 2), "unposted"), state(estate.stores[0], date(2026, 3, 3), "held")]
    assert unsettled_days(states, estate, now) == {date(2026, 3, 3)}


@given(st.sets(st.dates(date(2026, 1, 1), date(2026, 3, 1))))
def test_stretches_hold_the_same_days_and_never_touch(wanted: set[date]) -> None:
    found = stretches(wanted)
    assert {first + timedelta(days=n) for first, last in found for n in range((last - first).days + 1)} == wanted
    assert all(after[0] - before[1] > timedelta(days=1) for before, after in pairwise(found))


# ------------------------------------------------------------------------------------- days of any age, asked for again

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LAST = date(2026, 5, 31)
OLD = date(2026, 2, 3)


def case(kind: str, day: date) -> Case:
    return Case(kind, "a key", "S0", day, "a record", 100, "SEK")


def file(connection: psycopg.Connection, *cases: Case) -> None:
    for found in cases:
        record_cases(connection, Scope((found.kind,), found.trading_day, found.trading_day), [found], NOW, "a run")


def unfinished(connection: psycopg.Connection) -> set[date]:
    return unfinished_days(connection, estate_of(("Europe/Stockholm", time(4))), LAST)


@pytest.mark.parametrize(
    "kind",
    [
        "run_failed", "document_refused", "document_doubled", "held_store_day", "held_receipt", "unmapped_tender",
        "unmapped_vat_rate", "receipt_out_of_balance", "unmapped_store", "z_variance", "adjustment_refused",
        "stock_place_unknown",
    ],
)  # fmt: skip
def test_a_day_with_a_case_that_a_run_ends_is_asked_for_however_old(connection: psycopg.Connection, kind: str) -> None:
    file(connection, case(kind, OLD))
    assert unfinished(connection) == {OLD}


def test_a_case_that_only_a_person_ends_asks_for_no_run(connection: psycopg.Connection) -> None:
    file(connection, case("later_period", OLD))
    file(connection, case("held_receipt", OLD))
    [held] = [entry for entry in list_cases(connection) if entry["kind"] == "held_receipt"]
    resolve_case(connection, held["id"], "written off", NOW, "a person")
    assert unfinished(connection) == set()


@pytest.mark.parametrize("kind", ["unmatched_sku", "stock_sku_missing_in_netsuite"])
def test_a_day_with_a_sku_that_netsuite_lacks_is_asked_for_once_netsuite_has_it(
    connection: psycopg.Connection, kind: str
) -> None:
    file(connection, replace(case(kind, OLD), record="TEE"))
    assert unfinished(connection) == set()
    connection.execute(
        "insert into landing.items (item, sku, item_type, inactive, for_tills, landed_at) "
        "values (1, 'TEE', 'InvtPart', false, true, %s)",
        [NOW],
    )
    assert unfinished(connection) == {OLD}


def test_days_before_the_first_and_days_not_over_are_not_asked_for(connection: psycopg.Connection) -> None:
    file(connection, case("held_store_day", GO_LIVE - timedelta(days=1)), case("z_variance", LAST + timedelta(days=1)))
    assert unfinished(connection) == set()


@pytest.mark.parametrize("flow", ["journals", "stock"])
def test_a_day_with_a_document_that_was_not_settled_is_asked_for_however_old(
    connection: psycopg.Connection, flow: str
) -> None:
    states = ["planned", "in_doubt", "posted", "refused"]
    days_of = {stands: OLD + number * timedelta(days=2) for number, stands in enumerate(states)}
    for stands, day in days_of.items():
        connection.execute(
            """
            insert into posting.outbox (external_id, flow, document_type, trading_day, store, currency, number, body,
                                        body_digest, tran_date, state, planned_at)
            values (%s, %s, 'journalEntry', %s, 'S0', 'SEK', 1, '{}', '', %s, %s, %s)
            """,
            (f"JE-S0-{day:%Y%m%d}-SEK-1", flow, day, day, stands, NOW),
        )
    assert unfinished(connection) == {days_of["planned"], days_of["in_doubt"]}

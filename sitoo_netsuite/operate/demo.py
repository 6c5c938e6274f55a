"""`demo`: the whole main job on a made-up retailer, from an empty folder to a judged ledger.

Belongs here: the order of things and the figures of the summary. The clock of both sandboxes and of our runs is moved
through the close of each day and each night, and after each the days that are not in the books yet, or were touched
since, are run through Dagster.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import httpx
import psycopg

from sitoo_netsuite import settings
from sitoo_netsuite.estate import load_estate
from sitoo_netsuite.flows.customers.queries import count_links
from sitoo_netsuite.flows.journals.automation import stretches
from sitoo_netsuite.flows.journals.queries import StoreDayState, store_day_states
from sitoo_netsuite.flows.sales.late import touched_days
from sitoo_netsuite.operate.instance import dagster_instance, prepare_database
from sitoo_netsuite.operate.planning import make_plan
from sitoo_netsuite.operate.runs import RunFailedError, run_days, run_job
from sitoo_netsuite.operate.scoring import Score, score
from sitoo_netsuite.oracle import Verdict, run_oracle
from sitoo_netsuite.resources import Sitoo
from sitoo_netsuite.sandbox.serve import Sandbox, SandboxOptions, running_sandbox
from sitoo_netsuite.sandbox.trade.hours import close_of
from sitoo_netsuite.sitoo.errors import SitooError
from sitoo_netsuite.trading_day import days
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.server import stop_server
from sitoo_netsuite.worklist.store import list_cases

T = TypeVar("T")

# When a day's changes are looked for: after every shop's close.
_NIGHT = timedelta(hours=4)
# The longest that a fault takes to show or to be cured (docs/faults.md), and a night more.
_NIGHTS_AFTER = 3
_TRIES = 5
_CASE_FIELDS = ("kind", "key", "state", "store", "trading_day", "record", "amount_minor", "currency")

Progress = Callable[[str, float], None]
"""What is being done, and how much of the whole is behind us (0 to 1)."""


@dataclass(slots=True)
class DayFigures:
    """A store-day as its receipts have it, in minor units of its currency, and the journals that hold it.

    Net and VAT are of everything on the receipts, gift cards and deposits too, so that with the rounding of cash they
    are what was paid. Over/short is cash counted less cash expected.
    """

    net: int = 0
    vat: int = 0
    tenders: Counter[str] = field(default_factory=Counter)
    over_short: int = 0
    journals: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo shows: every store-day, the cases left open, the oracle's verdict, how the planted faults
    were found, and the contract's JSON.
    """

    states: tuple[StoreDayState, ...]
    day_figures: Mapping[tuple[date, str, str], DayFigures]
    cases: list[dict[str, Any]]
    verdict: Verdict
    score: Score
    not_planted: tuple[str, ...]
    summary: dict[str, Any]
    folder: Path = field(default_factory=Path)


def run_demo(options: SandboxOptions, folder: Path, progress: Progress) -> DemoResult:
    """Runs the demo in an empty folder: database, sandboxes, estate, the days' runs through Dagster, the oracle.

    With faults planted it goes on for some nights after the last day, until each has had time to show and be cured.
    The embedded server is stopped at the end; the folder stays, so that what happened can be looked at.
    """
    started = monotonic()
    os.environ[settings.HOME] = str(folder / "var")
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop(settings.NOW, None)
    try:
        progress("making the trade", 0.0)
        with running_sandbox(options) as sandbox:
            os.environ.update(sandbox.env)
            result = _through_the_days(sandbox, progress, 0 if options.faults == "none" else _NIGHTS_AFTER)
    finally:
        stop_server(settings.database_folder(os.environ))
    return replace(result, folder=folder, summary={**result.summary, "seconds": round(monotonic() - started, 1)})


def _through_the_days(sandbox: Sandbox, progress: Progress, nights_after: int) -> DemoResult:
    world = sandbox.world
    first, last = world.start, world.start + timedelta(days=world.days - 1)
    closes = [(max(close_of(world, shop.key, day) for shop in world.shops), day) for day in days(first, last)]
    nights = [(moment + _NIGHT, last) for moment, _ in closes]
    # The tills are closed, but goods are still delivered, received and moved.
    nights += [(nights[-1][0] + timedelta(days=n), last + timedelta(days=n)) for n in range(1, nights_after + 1)]
    ticks = sorted([(moment, day, False) for moment, day in closes] + [(night, day, True) for night, day in nights])
    # Loaded here: the partitions begin at the go-live of the estate that was just made, and would end at a told time.
    from sitoo_netsuite.definitions import defs

    _set_time(sandbox, ticks[0][0])
    url = prepare_database()
    with dagster_instance() as instance, connect(url) as connection:
        _patiently(lambda: run_job(defs, instance, "compare_catalogue"))
        for number, (moment, day, is_night) in enumerate(ticks):
            progress(f"closing {day}" if not is_night else f"the night of {moment:%d %B}", number / len(ticks))
            _set_time(sandbox, moment)
            if is_night:
                _patiently(lambda: run_job(defs, instance, "reread_digests"))
            today = min(day, moment.date())
            closing = {today} if not is_night or day > last else set()
            for start, end in _days_to_run(connection, first, today, closing):
                _patiently(partial(run_days, defs, instance, connection, start, end, "close_days"))
            if is_night:
                _patiently(partial(run_days, defs, instance, connection, first, today, "verify_days"))
                _patiently(lambda: run_job(defs, instance, "compare_catalogue"))
                _patiently(lambda: run_job(defs, instance, "link_customers"))
            _patiently(partial(run_job, defs, instance, "compare_stock" if is_night else "push_stock"))
            if is_night:
                _patiently(lambda: run_job(defs, instance, "snapshot_stock"))
        progress("asking the oracle", 1.0)
        estate = load_estate(settings.estate_path(os.environ))
        with Sitoo().client(estate) as client:
            plan = _patiently(lambda: make_plan(connection, client, first, last, estate, settings.now(os.environ)))
        states, cases = tuple(store_day_states(connection, first, last)), list_cases(connection)
        verdict = run_oracle(first, last, environment=os.environ, plan=plan)
        scored = score(httpx.get(f"{sandbox.netsuite_url}/sandbox/truth").raise_for_status().json(), cases)
        return DemoResult(
            states=states,
            day_figures=_day_figures(connection, first, last),
            cases=cases,
            verdict=verdict,
            score=scored,
            not_planted=tuple(sandbox.not_planted),
            summary={
                "store_days": len(states),
                **_counts(connection, first, last),
                "journals_held": sum(state.state != "posted" for state in states),
                "unexplained_minor": verdict.unexplained_minor,
                "unexplained_milli": verdict.stock.unexplained_milli,
                **_master_data(connection),
                "cases": dict(Counter(case["kind"] for case in cases)),
                "planted": scored.planted,
                "found": scored.found,
                "missed": scored.missed,
                "false_alarms": [{name: case[name] for name in _CASE_FIELDS} for case in scored.false_alarms],
            },
        )


def _days_to_run(
    connection: psycopg.Connection, first: date, today: date, closing: set[date]
) -> list[tuple[date, date]]:
    """What the schedules would ask for: days that close, days that are not in the books, days touched since."""
    unsettled = {s.trading_day for s in store_day_states(connection, first, today) if s.state != "posted"}
    touched = {day for day in touched_days(connection) if first <= day <= today}
    return stretches(closing | unsettled | touched)


def _patiently(work: Callable[[], T]) -> T:
    """Does what a schedule does by itself: what failed for trouble on the line is run again, up to a limit."""
    for _ in range(_TRIES - 1):
        try:
            return work()
        except (RunFailedError, SitooError):
            continue
    return work()


def _set_time(sandbox: Sandbox, moment: datetime) -> None:
    sandbox.clock.set(moment)
    os.environ[settings.NOW] = moment.isoformat()


def _day_figures(
    connection: psycopg.Connection, first: date, last: date
) -> defaultdict[tuple[date, str, str], DayFigures]:
    figures: defaultdict[tuple[date, str, str], DayFigures] = defaultdict(DayFigures)
    span = (first, last)
    for day, store, currency, net, vat in connection.execute(
        """
        select trading_day, store, currency, sum(net_minor)::bigint, sum(vat_minor)::bigint
        from model.daily_sales where trading_day between %s and %s and measure = 'item' and held = ''
        group by 1, 2, 3
        """,
        span,
    ):
        figures[day, store, currency].net = net
        figures[day, store, currency].vat = vat
    for day, store, currency, tender, amount in connection.execute(
        """
        select trading_day, store, currency, tender, sum(net_minor)::bigint
        from model.daily_sales where trading_day between %s and %s and measure = 'payment' and held = '' and not virtual
        group by 1, 2, 3, 4 order by 4
        """,
        span,
    ):
        figures[day, store, currency].tenders[tender] = amount
    for day, store, currency, amount in connection.execute(
        """
        select trading_day, store, currency, sum((figures ->> 'moneycash_diff')::bigint)::bigint
        from model.till_sessions where trading_day between %s and %s and store is not null group by 1, 2, 3
        """,
        span,
    ):
        figures[day, store, currency].over_short = amount
    for day, store, currency, tranid, _ in connection.execute(
        """
        select distinct o.trading_day, o.store, o.currency, r.tranid, o.number
        from posting.outbox o join posting.read_back r using (external_id)
        where o.trading_day between %s and %s order by o.number
        """,
        span,
    ):
        figures[day, store, currency].journals.append(tranid)
    return figures


def _counts(connection: psycopg.Connection, first: date, last: date) -> dict[str, Any]:
    """Counts of the contract: receipts, excluded by reason, journal lines by kind, journals posted."""
    span = (first, last)
    reasons: dict[str, int] = dict(
        connection.execute(
            """
            select coalesce(excluded, ''), count(*) from model.receipts
            where trading_day between %s and %s group by 1 order by 1
            """,
            span,
        ).fetchall()
    )
    kinds = {
        kind: {"lines": lines, "amount_minor": amount}
        for kind, lines, amount in connection.execute(
            """
            select kind, count(*), sum(abs(amount))::bigint from (
                select o.external_id, l.kind, sum(l.amount_minor) as amount
                from posting.outbox_lines l join posting.outbox o using (external_id)
                where o.trading_day between %s and %s and o.state = 'posted'
                group by 1, 2, l.account, l.vat_rate_bp, l.label having sum(l.amount_minor) <> 0
            ) lines group by 1 order by 1
            """,
            span,
        )
    }
    posted = connection.execute(
        "select count(*) from posting.outbox "
        "where flow = 'journals' and trading_day between %s and %s and state = 'posted'",
        span,
    ).fetchone()
    return {
        "receipts": reasons.pop("", 0),
        "excluded": reasons,
        "lines": sum(entry["lines"] for entry in kinds.values()),
        "line_kinds": kinds,
        "journals_posted": posted[0] if posted else 0,
    }


def _master_data(connection: psycopg.Connection) -> dict[str, Any]:
    """What was asked of Sitoo for the catalogue, `<action> <outcome>` to how often, and customers by state."""
    pushed: dict[str, int] = dict(
        connection.execute(
            "select action || ' ' || outcome, count(*) from master.pushes group by 1 order by 1"
        ).fetchall()
    )
    return {"products": pushed, "customers": count_links(connection)}

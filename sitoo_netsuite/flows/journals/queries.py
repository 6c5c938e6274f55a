"""The journals flow's tables: what the decision about a store-day rests on, and the plan it leaves behind.

Belongs here: SQL over `model` and `posting`, turned into the frozen types of the pure modules. Does not belong here:
any rule. Set-based work is done by PostgreSQL; what comes back is small (totals, sessions, exceptions).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from sitoo_netsuite.estate import Estate, TenderKind
from sitoo_netsuite.flows.journals.differences import LedgerFinding
from sitoo_netsuite.flows.journals.exceptions import HeldCause
from sitoo_netsuite.flows.journals.lines import DailyTotal, TillClose, day_lines
from sitoo_netsuite.flows.journals.plan import (
    HeldReceipt,
    OpenSession,
    PlannedDay,
    StoreDay,
    TouchingSession,
    Unparsable,
)
from sitoo_netsuite.flows.journals.proof import Finding, SessionItems, SessionReceipts, prove_session
from sitoo_netsuite.flows.sales.evidence import missing_zs
from sitoo_netsuite.flows.sales.receipts import UnreadableReceipt, session_from_z
from sitoo_netsuite.posting.document_lines import LineKey, Lines, StoreDayName
from sitoo_netsuite.trading_day import trading_day_window
from sitoo_netsuite.warehouse.copying import copy_rows
from sitoo_netsuite.warehouse.partitions import ensure_partitions


@dataclass(frozen=True, slots=True)
class Session:
    """A closed till session with its figures and those of the register's Z before it, if there is one."""

    registerid: str
    zreportid: int
    store: str
    currency: str
    trading_day: date
    comment: str
    figures: Mapping[str, int]
    previous: Mapping[str, int] | None
    touches: frozenset[date]

    @property
    def name(self) -> tuple[str, int]:
        return self.registerid, self.zreportid


def store_days(
    connection: psycopg.Connection, first: date, last: date, estate: Estate, now: datetime
) -> list[StoreDay]:
    """Every store-day of those trading days that has a receipt, a session, a delivery or a document, with all it rests
    on.

    Receipts and sessions of every day that a touching session reaches must have been modelled before. Days before a
    store's go-live are left out. `now` decides whether a trading day is over.
    """
    with connection.transaction():
        # Of one moment: another run that models the day meanwhile changes the proof and the lines, or neither.
        connection.execute("set transaction isolation level repeatable read")
        connection.execute(_SESSION_RECEIPTS, {"first": first, "last": last})
        connection.execute("analyze session_receipts")
        sessions = _sessions(connection, first, last)
        proofs = _proofs(connection, sessions, estate)
        missing = {
            (day, z_report.store, z_report.currency, z_report.registerid): f"{z_report.registerid}/{z_report.zreportid}"
            for z_report in missing_zs(connection, first, last, estate, now)
            for day in z_report.days
        }
        open_sessions = _open_sessions(connection, first, last, missing)
        unparsable = _unparsable(connection, first, last, estate)
        receipts = _receipts(connection, first, last)
        totals = _totals(connection, first, last)
        held = _held_receipts(connection, first, last)
        documents = _with_documents(connection, first, last)
    touching: defaultdict[StoreDayName, list[TouchingSession]] = defaultdict(list)
    closes: defaultdict[StoreDayName, list[TillClose]] = defaultdict(list)
    for session in sessions:
        for day in session.touches:
            touching[day, session.store, session.currency].append(
                TouchingSession(session.registerid, session.zreportid, session.trading_day, proofs[session.name])
            )
        closes[session.trading_day, session.store, session.currency].append(_till_close(session))

    found = []
    # A store-day with documents and nothing else left has a target too: nothing. What was posted is taken back.
    names = receipts.keys() | totals.keys() | touching.keys() | documents
    for name in sorted(name for name in names if first <= name[0] <= last):
        day, store_key, currency = name
        store = estate.by_store.get(store_key)
        if store is None or day < store.go_live.sales:
            continue
        _, end = trading_day_window(day, store.zone, store.cut_over)
        count, gross = receipts.get(name, (0, 0))
        found.append(
            StoreDay(
                store=store_key,
                trading_day=day,
                currency=currency,
                over=now >= end,
                sessions=tuple(touching[name]),
                open_sessions=tuple(open_sessions[name]),
                unparsable=tuple(unparsable[day, store_key]),
                held_receipts=tuple(held[name]),
                receipts=count,
                gross_minor=gross,
                lines=day_lines(totals[name], closes[name], estate.books_of(store)),
            )
        )
    return found


def _till_close(session: Session) -> TillClose:
    figures = session.figures
    return TillClose(
        registerid=session.registerid,
        cash_in=figures.get("moneycash_in", 0),
        cash_petty=figures.get("moneycash_petty", 0),
        cash_bank=figures.get("moneycash_bank", 0),
        cash_diff=figures.get("moneycash_diff", 0),
        cash_bankfinal=figures.get("moneycash_bankfinal", 0),
        previous_out=None if session.previous is None else session.previous.get("moneycash_out", 0),
        comment=session.comment,
    )


# Which receipts the sessions that may touch the range hold, each receipt in one session: where two meet in the same
# second, in the one that closed. A session is proved as a whole, so its receipts from before go-live count too.
# Joined day by day: a receipt is compared with its register's sessions of its own day, not with all there ever were.
_SESSION_RECEIPTS = """
    create temp table session_receipts on commit drop as
    with sessions as materialized (
        select s.trading_day as closing_day, s.registerid, s.zreportid, s.opened_at, s.closed_at,
               before.closed_at as before_closed_at, (s.opened_at at time zone 'UTC')::date - 1 as opening_day
        from model.till_sessions s
        left join model.till_sessions before
            on before.registerid = s.registerid and before.zreportid = s.zreportid - 1
        where s.trading_day >= %(first)s and (s.opened_at at time zone 'UTC')::date - 1 <= %(last)s
    )
    select s.closing_day, s.registerid, s.zreportid, r.trading_day, r.orderid, r.is_return, r.to_deliver,
           r.rounding_minor, r.excluded is null as counts
    from sessions s
    cross join lateral generate_series(s.opening_day, s.closing_day, interval '1 day') as spanned (day)
    join model.receipts r
        on r.trading_day = spanned.day::date and r.registerid = s.registerid
        and r.sold_at between s.opened_at and s.closed_at
        and (s.before_closed_at is null or r.sold_at > s.before_closed_at)
    where (r.excluded is null or r.excluded = 'before_go_live')
      and r.trading_day between (select min(opening_day) from sessions) and (select max(closing_day) from sessions)
"""

_TOUCHED = """
    select closing_day, registerid, zreportid, trading_day from session_receipts
    where counts and trading_day between %(first)s and %(last)s
    union
    select trading_day, registerid, zreportid, trading_day
    from model.till_sessions where trading_day between %(first)s and %(last)s
"""


def _sessions(connection: psycopg.Connection, first: date, last: date) -> list[Session]:
    touched: defaultdict[tuple[date, str, int], set[date]] = defaultdict(set)
    for *session, day in connection.execute(_TOUCHED, {"first": first, "last": last}):
        touched[tuple(session)].add(day)
    rows = connection.execute(
        """
        select s.trading_day, s.registerid, s.zreportid, s.store, s.currency, s.comment, s.figures, before.payload
        from unnest(%s::date[], %s::text[], %s::bigint[]) as wanted (trading_day, registerid, zreportid)
        join model.till_sessions s using (trading_day, registerid, zreportid)
        left join landing.z_reports before
            on before.registerid = s.registerid and before.zreportid = s.zreportid - 1
        where s.store is not null
        """,
        ([day for day, _, _ in touched], [name for _, name, _ in touched], [number for _, _, number in touched]),
    )
    return [
        Session(
            registerid=registerid,
            zreportid=zreportid,
            store=store,
            currency=currency,
            trading_day=day,
            comment=comment,
            figures=figures,
            previous=None if before is None else _figures(before),
            touches=frozenset(touched[day, registerid, zreportid]),
        )
        for day, registerid, zreportid, store, currency, comment, figures, before in rows
    ]


def _figures(payload: Mapping[str, Any]) -> Mapping[str, int] | None:
    """The figures of a landed Z-report; None while they can't be read, which holds its own session and no other."""
    try:
        return session_from_z(payload).figures
    except UnreadableReceipt:
        return None


def _proofs(
    connection: psycopg.Connection, sessions: list[Session], estate: Estate
) -> dict[tuple[str, int], tuple[Finding, ...]]:
    items: defaultdict[tuple[str, int], list[SessionItems]] = defaultdict(list)
    payments: defaultdict[tuple[str, int], dict[str, int]] = defaultdict(dict)
    counts: dict[tuple[str, int], tuple[int, int, int, int]] = {}
    for registerid, zreportid, *sums in connection.execute(
        """
        select registerid, zreportid,
               count(*) filter (where not is_return and not to_deliver),
               count(*) filter (where not is_return and to_deliver),
               count(*) filter (where is_return),
               sum(rounding_minor)::bigint
        from session_receipts group by 1, 2
        """
    ):
        counts[registerid, zreportid] = (sums[0], sums[1], sums[2], sums[3])
    for registerid, zreportid, *columns in connection.execute(
        """
        select r.registerid, r.zreportid, l.sold, r.to_deliver and l.sold, l.vat_rate_bp, sum(l.net_minor)::bigint,
               sum(l.vat_minor)::bigint
        from session_receipts r
        join model.receipt_lines l on l.trading_day = r.trading_day and l.orderid = r.orderid
        group by 1, 2, 3, 4, 5
        """
    ):
        items[registerid, zreportid].append(SessionItems(*columns))
    for registerid, zreportid, tender, amount in connection.execute(
        """
        select r.registerid, r.zreportid, p.name, sum(p.amount_minor)::bigint
        from session_receipts r
        join model.payments p on p.trading_day = r.trading_day and p.orderid = r.orderid
        where %s or not p.virtual group by 1, 2, 3
        """,
        (estate.sitoo.virtual_payments_in_z,),
    ):
        payments[registerid, zreportid][tender] = amount

    proofs = {}
    for session in sessions:
        store = estate.by_store.get(session.store)
        tenders = estate.books_of(store).tenders if store else ()
        cash = {tender.name for tender in tenders if tender.kind is TenderKind.CASH}
        sales, to_deliver, refunds, rounding = counts.get(session.name, (0, 0, 0, 0))
        paid = payments[session.name]
        receipts = SessionReceipts(
            sales=sales,
            sales_to_deliver=to_deliver,
            refunds=refunds,
            rounding_minor=rounding,
            cash_minor=sum(amount for name, amount in paid.items() if name in cash),
            items=tuple(items[session.name]),
            payments=paid,
        )
        proofs[session.name] = prove_session(session.figures, session.previous, receipts)
    return proofs


def _with_documents(connection: psycopg.Connection, first: date, last: date) -> set[StoreDayName]:
    rows = connection.execute(
        """
        select distinct trading_day, store, currency from posting.outbox
        where flow = 'journals' and trading_day between %s and %s and state <> 'refused'
        """,
        (first, last),
    )
    return {(day, store, currency) for day, store, currency in rows}


def _receipts(connection: psycopg.Connection, first: date, last: date) -> dict[StoreDayName, tuple[int, int]]:
    rows = connection.execute(
        """
        select trading_day, store, currency, count(*), sum(gross_minor)::bigint from model.receipts
        where trading_day between %s and %s and store is not null and excluded is null group by 1, 2, 3
        """,
        (first, last),
    )
    return {(day, store, currency): (count, gross) for day, store, currency, count, gross in rows}


def _totals(connection: psycopg.Connection, first: date, last: date) -> defaultdict[StoreDayName, list[DailyTotal]]:
    totals: defaultdict[StoreDayName, list[DailyTotal]] = defaultdict(list)
    for day, store, currency, *columns in connection.execute(
        """
        select trading_day, store, currency, registerid, measure, item_kind, positive, to_deliver, vat_rate_bp, tender,
               acquirer, scheme, virtual, net_minor, vat_minor, discount_minor
        from model.daily_sales where trading_day between %s and %s and held = ''
        """,
        (first, last),
    ):
        totals[day, store, currency].append(DailyTotal(*columns))
    return totals


def _held_receipts(
    connection: psycopg.Connection, first: date, last: date
) -> defaultdict[StoreDayName, list[HeldReceipt]]:
    held: defaultdict[StoreDayName, list[HeldReceipt]] = defaultdict(list)
    for day, store, currency, orderid, kind, amount, detail in connection.execute(
        """
        select trading_day, store, currency, orderid, kind, amount_minor, detail from model.held_receipts
        where trading_day between %s and %s order by orderid
        """,
        (first, last),
    ):
        held[day, store, currency].append(HeldReceipt(orderid, kind, amount, detail))
    return held


def _open_sessions(
    connection: psycopg.Connection, first: date, last: date, missing: Mapping[tuple[date, str, str, str], str]
) -> defaultdict[StoreDayName, list[OpenSession]]:
    found: defaultdict[StoreDayName, list[OpenSession]] = defaultdict(list)
    for day, store, currency, registerid, receipts, gross in connection.execute(
        """
        select r.trading_day, r.store, r.currency, r.registerid, count(*), sum(r.gross_minor)::bigint
        from model.receipts r
        where r.trading_day between %s and %s and r.store is not null and r.excluded is null
          and not exists (select from session_receipts s where s.trading_day = r.trading_day and s.orderid = r.orderid)
        group by 1, 2, 3, 4 order by 4
        """,
        (first, last),
    ):
        found[day, store, currency].append(
            OpenSession(registerid, receipts, gross, missing.get((day, store, currency, registerid)))
        )
    return found


def _unparsable(
    connection: psycopg.Connection, first: date, last: date, estate: Estate
) -> defaultdict[tuple[date, str], list[Unparsable]]:
    """By store and every trading day that the record's session touches, the record's own among them.

    A record so broken that its register can't be told holds nothing by itself: the Z-report of its session will.
    """
    found: defaultdict[tuple[date, str], list[Unparsable]] = defaultdict(list)
    rows = connection.execute(
        """
        select touched.day, l.storeid, q.record, q.reason
        from restricted.quarantine q
        join landing.registers l on l.registerid = q.registerid
        left join model.till_sessions s
            on s.registerid = q.registerid and q.sold_at between s.opened_at and s.closed_at
        cross join lateral (
            values (q.day), (s.trading_day)
            union
            select r.trading_day from session_receipts r
            where r.registerid = s.registerid and r.zreportid = s.zreportid and r.counts
        ) touched (day)
        where q.cured_at is null and touched.day between %s and %s
        group by 1, 2, 3, 4 order by 1, 2, 3, 4
        """,
        (first, last),
    )
    for day, storeid, record, reason in rows:
        store = estate.by_sitoo_store.get(storeid)
        if store is not None:
            found[day, store.store].append(Unparsable(record, reason))
    return found


def held_causes(connection: psycopg.Connection, first: date, last: date) -> list[HeldCause]:
    """Tenders and VAT rates that hold receipts, per store-day, with the first of the receipts they hold and their gross
    together.
    """
    rows = connection.execute(
        """
        select trading_day, store, currency, kind, detail, min(orderid), count(*), sum(amount_minor)::bigint
        from model.held_receipts
        where trading_day between %s and %s and kind in ('unmapped_tender', 'unmapped_vat_rate')
        group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
        """,
        (first, last),
    )
    return [HeldCause(*row) for row in rows]


def save_plan(
    connection: psycopg.Connection, first: date, last: date, planned: Iterable[PlannedDay], now: datetime
) -> None:
    """Replaces the plan of those trading days, in one commit."""
    days = list(planned)
    ensure_partitions(connection, ("posting.plan", "posting.plan_lines"), {plan.day.trading_day for plan in days})
    with connection.transaction():
        connection.execute("delete from posting.plan_lines where trading_day between %s and %s", (first, last))
        connection.execute("delete from posting.plan where trading_day between %s and %s", (first, last))
        copy_rows(
            connection,
            "posting.plan",
            [
                "trading_day", "store", "currency", "state", "receipts", "held_receipts", "booked_minor", "held_minor",
                "reasons", "planned_at",
            ],
            (
                (
                    plan.day.trading_day, plan.day.store, plan.day.currency, plan.state, plan.day.receipts,
                    len(plan.day.held_receipts), plan.booked_minor, plan.held_minor,
                    Jsonb([asdict(reason) for reason in plan.reasons]), now,
                )
                for plan in days
            ),
        )  # fmt: skip
        copy_rows(
            connection,
            "posting.plan_lines",
            [
                "trading_day", "store", "currency", "registerid", "kind", "account", "vat_rate_bp", "label",
                "amount_minor",
            ],
            (
                (
                    plan.day.trading_day, plan.day.store, plan.day.currency, key.registerid, key.kind, key.account,
                    key.vat_rate_bp, key.label, amount,
                )
                for plan in days
                for key, amount in plan.day.lines.items()
            ),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoreDayState:
    """Where a store-day stands. `plan` is the plan's word; `state` adds what became of its documents:

    posted (the ledger has the whole target), waiting, held, refused, in_doubt, or unposted (released, not all sent).
    `missing_minor`: debits of the target that no document carries yet.
    """

    trading_day: date
    store: str
    currency: str
    plan: str
    state: str
    receipts: int
    held_receipts: int
    booked_minor: int
    held_minor: int
    missing_minor: int
    documents: Sequence[str]
    reasons: Sequence[Mapping[str, object]]


def store_day_states(connection: psycopg.Connection, first: date, last: date) -> list[StoreDayState]:
    """Every planned store-day of the range with where it stands, in order of day and store."""
    rows = connection.execute(
        """
        select p.trading_day, p.store, p.currency, p.state,
               case when p.state <> 'ready' then p.state
                    when o.in_doubt then 'in_doubt'
                    when missing.lines = 0 then 'posted'
                    when o.refused then 'refused'
                    else 'unposted' end,
               p.receipts, p.held_receipts, p.booked_minor, p.held_minor, missing.debits, o.documents, p.reasons
        from posting.plan p
        cross join lateral (
            select coalesce(bool_or(state in ('planned', 'in_doubt')), false) as in_doubt,
                   coalesce(bool_or(state = 'refused'), false) as refused,
                   coalesce(array_agg(external_id order by number) filter (where state = 'posted'), '{}') as documents
            from posting.outbox
            where flow = 'journals' and trading_day = p.trading_day and store = p.store and currency = p.currency
        ) o
        cross join lateral (
            select count(*) as lines, coalesce(sum(amount) filter (where amount > 0), 0)::bigint as debits from (
                select kind, account, vat_rate_bp, label, sum(amount_minor) as amount from (
                    select kind, account, vat_rate_bp, label, amount_minor from posting.plan_lines
                    where trading_day = p.trading_day and store = p.store and currency = p.currency
                    union all
                    select l.kind, l.account, l.vat_rate_bp, l.label, -l.amount_minor
                    from posting.outbox_lines l join posting.outbox d using (external_id)
                    where d.flow = 'journals' and d.trading_day = p.trading_day and d.store = p.store
                      and d.currency = p.currency and d.state <> 'refused'
                ) both_sides group by 1, 2, 3, 4
            ) sums where amount <> 0
        ) missing
        where p.trading_day between %s and %s order by 1, 2, 3
        """,
        (first, last),
    )
    return [StoreDayState(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A store-day that was released or has a posted document: debit balances of the accounts in its target and in the
    ledger, and the sum over the accounts of |difference|. Released and never posted, it has all of it as variance.
    """

    trading_day: date
    store: str
    currency: str
    documents: int
    planned_minor: int
    ledger_minor: int
    variance_minor: int


def reconciliation(connection: psycopg.Connection, first: date, last: date) -> list[Reconciliation]:
    """Target against read-back, account by account, of every store-day that was released or has a posted document."""
    rows = connection.execute(
        """
        with posted as (
            select trading_day, store, currency, count(*) as documents from posting.outbox
            where flow = 'journals' and state = 'posted' and trading_day between %(first)s and %(last)s group by 1, 2, 3
        ), days as (
            select trading_day, store, currency from posted
            union
            select trading_day, store, currency from posting.plan
            where state = 'ready' and trading_day between %(first)s and %(last)s
        ), planned as (
            select trading_day, store, currency, account, sum(amount_minor) as amount
            from posting.plan_lines join days using (trading_day, store, currency) group by 1, 2, 3, 4
        ), ledger as (
            select o.trading_day, o.store, o.currency, r.account, sum(r.amount_minor) as amount
            from posting.read_back r join posting.outbox o using (external_id)
            join days using (trading_day, store, currency) group by 1, 2, 3, 4
        )
        select trading_day, store, currency, coalesce(max(posted.documents), 0),
               coalesce(sum(planned.amount) filter (where planned.amount > 0), 0)::bigint,
               coalesce(sum(ledger.amount) filter (where ledger.amount > 0), 0)::bigint,
               sum(abs(coalesce(planned.amount, 0) - coalesce(ledger.amount, 0)))::bigint
        from planned full join ledger using (trading_day, store, currency, account)
        left join posted using (trading_day, store, currency)
        group by 1, 2, 3 order by 1, 2, 3
        """,
        {"first": first, "last": last},
    )
    return [Reconciliation(*row) for row in rows]


def save_ledger_findings(
    connection: psycopg.Connection, first: date, last: date, findings: Iterable[LedgerFinding], now: datetime
) -> None:
    """Replaces what was found in the ledger of those trading days, in one commit.

    Two transactions that NetSuite shows under one number are one finding.
    """
    lines: defaultdict[tuple[object, ...], Counter[str]] = defaultdict(Counter)
    for finding in findings:
        name = (finding.kind, finding.record, finding.store, finding.trading_day, finding.currency)
        lines[name].update(finding.lines)
    with connection.transaction():
        connection.execute("delete from posting.ledger_findings where trading_day between %s and %s", (first, last))
        copy_rows(
            connection,
            "posting.ledger_findings",
            ["kind", "record", "store", "trading_day", "currency", "lines", "found_at"],
            (
                (*name, Jsonb([{"account": account, "amount_minor": minor} for account, minor in amounts.items()]), now)
                for name, amounts in lines.items()
            ),
        )


def ledger_findings(connection: psycopg.Connection, first: date, last: date) -> list[LedgerFinding]:
    """What the last verification of those trading days found in the ledger beside what we posted."""
    rows = connection.execute(
        """
        select kind, record, store, trading_day, currency, lines from posting.ledger_findings
        where trading_day between %s and %s order by trading_day, store, kind, record
        """,
        (first, last),
    )
    return [
        LedgerFinding(kind, record, store, day, currency, {line["account"]: line["amount_minor"] for line in lines})
        for kind, record, store, day, currency, lines in rows
    ]


def ready_targets(connection: psycopg.Connection, first: date, last: date) -> Iterator[tuple[StoreDayName, Lines]]:
    """Target lines of every store-day that may post, in order of day and store."""
    targets: dict[StoreDayName, Lines] = {}
    for day, store, currency, *columns, amount in connection.execute(
        """
        select p.trading_day, p.store, p.currency, l.registerid, l.kind, l.account, l.vat_rate_bp, l.label,
               l.amount_minor
        from posting.plan p left join posting.plan_lines l using (trading_day, store, currency)
        where p.trading_day between %s and %s and p.state = 'ready'
        order by 1, 2, 3, 4, 5, 6, 7, 8
        """,
        (first, last),
    ):
        target = targets.setdefault((day, store, currency), {})
        if amount is not None:
            target[LineKey(*columns)] = amount
    yield from targets.items()


def ready_days(connection: psycopg.Connection, first: date, last: date) -> list[StoreDayName]:
    """Every store-day that may post, in order of day and store."""
    return connection.execute(
        """
        select trading_day, store, currency from posting.plan
        where trading_day between %s and %s and state = 'ready' order by 1, 2, 3
        """,
        (first, last),
    ).fetchall()


def planned_store_days(connection: psycopg.Connection, first: date, last: date) -> list[StoreDayName]:
    """Every store-day that has a plan, whatever may be done with it, in order of day and store."""
    return connection.execute(
        "select trading_day, store, currency from posting.plan where trading_day between %s and %s order by 1, 2, 3",
        (first, last),
    ).fetchall()


def ready_target(connection: psycopg.Connection, name: StoreDayName) -> Lines | None:
    """Target lines of one store-day as its plan stands now; None when it may not post (any more)."""
    # One statement, so that state and lines are of one plan.
    rows = connection.execute(
        """
        select l.registerid, l.kind, l.account, l.vat_rate_bp, l.label, l.amount_minor
        from posting.plan p left join posting.plan_lines l using (trading_day, store, currency)
        where p.trading_day = %s and p.store = %s and p.currency = %s and p.state = 'ready'
        """,
        name,
    ).fetchall()
    return {LineKey(*columns): amount for *columns, amount in rows if amount is not None} if rows else None


def carry_receipts(
    connection: psycopg.Connection, name: StoreDayName, external_id: str, registers: Iterable[str]
) -> None:
    """Writes down which receipts of those registers a document carries: those no document carries as they now are."""
    day, store, currency = name
    connection.execute(
        """
        insert into posting.outbox_receipts (trading_day, orderid, external_id, digest)
        select %(day)s, r.orderid, %(external_id)s, r.digest
        from (
            select orderid, digest from model.receipts
            where trading_day = %(day)s and store = %(store)s and currency = %(currency)s
              and registerid = any(%(registers)s) and excluded is null
              and not exists (select from model.held_receipts h
                              where h.trading_day = %(day)s and h.orderid = receipts.orderid)
            union
            select sold.orderid, sold.digest
            from model.delivered_lines d join model.receipts sold using (orderid)
            where d.trading_day = %(day)s and d.store = %(store)s and d.currency = %(currency)s
              and d.registerid = any(%(registers)s) and sold.excluded is null
              and not exists (select from model.held_receipts h
                              where h.trading_day = sold.trading_day and h.orderid = sold.orderid)
        ) r
        where not exists (select from posting.outbox_receipts c join posting.outbox o using (external_id)
                          where c.trading_day = %(day)s and c.orderid = r.orderid and c.digest = r.digest
                            and o.state <> 'refused')
        """,
        {
            "day": day,
            "store": store,
            "currency": currency,
            "registers": list(registers),
            "external_id": external_id,
        },
    )

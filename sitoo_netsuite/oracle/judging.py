"""The verdict: what the receipts come to, less what the ledger holds, less what is rightly held.

Belongs here: attributing receipts and postings to store-days, weighing the plan's holds, taking out what it names,
adding up. Does not belong here: the rules themselves (`rules.py`, `proof.py`, `naming.py`) and HTTP (`sitoo_side.py`,
`ledger_side.py`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from sitoo_netsuite.oracle.estate_file import EstateFacts, Shop, read_estate_file
from sitoo_netsuite.oracle.figures import thousandths
from sitoo_netsuite.oracle.goods import read_transaction
from sitoo_netsuite.oracle.ledger_side import LedgerLine, LedgerSide
from sitoo_netsuite.oracle.naming import FOREIGN, Naming, OurName, our_name, read_naming, why_refused
from sitoo_netsuite.oracle.proof import Session
from sitoo_netsuite.oracle.records import (
    Raw,
    Receipt,
    UnreadableRecordError,
    ZReport,
    read_order,
    read_z_report,
)
from sitoo_netsuite.oracle.rules import Posting, causes_to_hold, postings_of_receipt, postings_of_z_report
from sitoo_netsuite.oracle.sitoo_side import SitooSide
from sitoo_netsuite.oracle.stock_judging import StockReckoning, StockVerdict

_DAY_SECONDS = 86_400
# Far enough back that the Z before the first of the range is nearly always among what is read.
_Z_REPORTS_BEFORE_DAYS = 35
# Warehouses that are told their levels and move nothing.
_VIRTUAL = 20
_HELD_BY_NAME = frozenset({"unmapped_tender", "unmapped_vat_rate", "receipt_out_of_balance"})
# What the oracle must have seen itself before it accepts that a whole store-day is held or waiting.
_EVIDENCE_FOR = {
    "day_not_over": "day_not_over",
    "session_open": "no_z_report",
    "z_missing": "no_z_report",
    "z_variance": "z_variance",
    "unparsable_record": "unparsable_record",
}

StoreDay = tuple[str, date]
Cell = tuple[str, date, str, str]  # store, trading day, account, currency


@dataclass(frozen=True, slots=True)
class Difference:
    """One account of one store-day on which receipts and ledger differ (minor units, debit positive).

    `account` is an account number, or words in parentheses for what has none: a hold without cause, a Z-report that
    disagrees with the receipts although nothing is held.
    """

    store: str
    trading_day: date
    account: str
    currency: str
    expected_minor: int
    ledger_minor: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the oracle found over a range of trading days.

    `unexplained_minor`, for each currency of the estate: the sum over store-days and accounts of
    |what the receipts and Z-reports come to - what the ledger holds|, after taking out receipts and store-days whose
    hold is justified, and what was done by hand in the ledger and is named with its cause (`naming.py`). Every
    difference counts in full and on both its sides (a tender booked to the wrong account counts twice), and none
    cancels another. 0 means: the books are what the tills say, or a hold or a name says why not.

    The rest helps a person: `receipts` judged, `held_receipts` and `held_store_days` accepted, `refused_holds` with
    the reason in words, `excluded` orders by reason, `unassigned` receipts of registers in no store of the estate;
    `named_minor`, by currency, what the accepted names explain (both sides counted), and `refused_names` in words.

    What the books hold of a held store-day is not judged: it may have been booked when it was proved and be held since,
    because a receipt came late and its Z-report has not; what it ought to hold is not known before that is settled.
    `stock` is the verdict on quantities.
    """

    unexplained_minor: dict[str, int]
    differences: tuple[Difference, ...]
    receipts: int
    held_receipts: int
    held_store_days: int
    refused_holds: tuple[str, ...]
    excluded: dict[str, int]
    unassigned: int
    named_minor: dict[str, int]
    refused_names: tuple[str, ...]
    stock: StockVerdict

    @property
    def is_clear(self) -> bool:
        """Whether money and goods are all explained."""
        return not self.differences and not self.stock.differences

    def as_json(self) -> dict[str, Any]:
        """The contract of `sitoo-netsuite oracle --json`: unexplained_minor and differences, days as ISO dates, and of
        goods unexplained_milli and stock_differences.
        """
        return {
            "unexplained_minor": self.unexplained_minor,
            "differences": [
                asdict(difference) | {"trading_day": difference.trading_day.isoformat()}
                for difference in self.differences
            ],
            "unexplained_milli": self.stock.unexplained_milli,
            "stock_differences": [asdict(difference) for difference in self.stock.differences],
        }


def run_oracle(first_day: date, last_day: date, *, environment: Mapping[str, str], plan: Mapping[str, Any]) -> Verdict:
    """Judge the books of some trading days (both included) from the two APIs and the estate file alone.

    `environment` holds SITOO_URL, SITOO_API_ID and SITOO_API_PASSWORD (or SITOO_API_KEYS), NETSUITE_URL,
    NETSUITE_CLIENT_ID, NETSUITE_CERTIFICATE_ID and NETSUITE_PRIVATE_KEY_FILE (or NETSUITE_ACCOUNT,
    NETSUITE_CONSUMER_KEY, NETSUITE_CONSUMER_SECRET, NETSUITE_TOKEN_ID and NETSUITE_TOKEN_SECRET), SITOO_NETSUITE_ESTATE
    and, where the time is told, SITOO_NETSUITE_NOW (ISO, with a zone). `plan` is what
    `sitoo-netsuite plan FIRST..LAST --json` prints; of it `held` is used, and where there are such `named`, `stock`,
    `stock_left_out`, `stock_named` and `stock_variances`. Quantities are judged where the estate keeps stock.
    Raises AskingError when an API does not answer, EstateFileError when the file is unusable.
    """
    facts = read_estate_file(Path(environment["SITOO_NETSUITE_ESTATE"]))
    told = environment.get("SITOO_NETSUITE_NOW")
    now = datetime.fromisoformat(told) if told else datetime.now(UTC)
    with SitooSide(environment) as sitoo, LedgerSide(environment) as netsuite:
        registers = sitoo.registers()
        stock = None
        if facts.places:
            warehouses = {register: warehouse for register, (_, warehouse) in registers.items()}
            stock = StockReckoning(facts, warehouses, (first_day, last_day), plan)
        reckoning = Reckoning(facts, _tills(registers, facts), (first_day, last_day), int(now.timestamp()), plan, stock)
        reckoning.hear_z_reports(_z_reports(sitoo, reckoning.begins, reckoning.ends))
        sold_from, sold_before = reckoning.moments_of_sessions()
        orders = chain(
            sitoo.orders(sold_from, sold_before, facts.undelivered_key),
            sitoo.undelivered_orders(reckoning.go_live(), sold_from, facts.undelivered_key),
        )
        for order in orders:
            reckoning.hear_order(order)
        for shop in facts.shops.values():
            for line in netsuite.lines(shop.location, shop.key, shop.currency, first_day, last_day):
                reckoning.hear_ledger_line(shop, line)
        reckoning.hear_documents(netsuite.documents(reckoning.documents_named()))
        if stock is not None:
            _hear_stock(stock, sitoo, netsuite, facts)
    return reckoning.verdict()


def _tills(registers: Mapping[str, tuple[int, int]], facts: EstateFacts) -> dict[str, Shop]:
    shops = {shop.sitoo_store: shop for shop in facts.shops.values()}
    return {register: shops[store] for register, (store, _) in registers.items() if store in shops}


def _hear_stock(stock: StockReckoning, sitoo: SitooSide, netsuite: LedgerSide, facts: EstateFacts) -> None:
    stock.hear_catalogue(netsuite.items(facts.till_flag), netsuite.kit_members())
    stock.hear_documents(netsuite.documents(stock.documents_named()))
    sites = {row["warehouseid"]: row["eshopid"] for row in sitoo.warehouses() if row["warehousetype"] != _VIRTUAL}
    for place in facts.places.values():
        shop = facts.shops[place.store]
        if shop.stock_go_live is None or place.warehouse not in sites:
            continue
        site, warehouse = sites[place.warehouse], place.warehouse
        for raw in sitoo.warehouse_transactions(site, warehouse, shop.opens(shop.stock_go_live)):
            stock.hear_transaction(read_transaction(raw))
        for movement in netsuite.movements(place.location, shop.stock_go_live):
            stock.hear_movement(place, movement)
        levels = sitoo.warehouse_items(site, warehouse)
        in_sitoo = {row["sku"]: thousandths(row["decimaltotal"]) for row in levels}
        stock.hear_levels(place, in_sitoo, netsuite.levels(place.location))


def _z_reports(sitoo: SitooSide, begins: int, ends: int) -> list[Raw]:
    """Raw Z-reports that may matter to a stretch of time, with the one before each of them."""
    found = {
        (report["registerid"], report["zreportid"]): report
        for report in sitoo.z_reports(begins - _Z_REPORTS_BEFORE_DAYS * _DAY_SECONDS)
    }
    lack_the_one_before = {
        register
        for (register, number), report in found.items()
        if report["datecreated"] >= begins and report["dateopened"] < ends and (register, number - 1) not in found
    }
    for register in lack_the_one_before:
        found |= {(register, report["zreportid"]): report for report in sitoo.z_reports(0, register)}
    return list(found.values())


class Reckoning:
    """Adds up what is heard of some trading days, then gives the verdict. Knows nothing of HTTP.

    `tills` says which shop a register stands in; registers of no shop of the estate are left out of it. `days` are the
    first and last trading day, `now` is in unix seconds; `stock` is told of every till sale. Hear the Z-reports first,
    then orders and ledger lines, each once; orders of one register and second by rising orderid.
    """

    def __init__(
        self,
        facts: EstateFacts,
        tills: Mapping[str, Shop],
        days: tuple[date, date],
        now: int,
        plan: Mapping[str, Any],
        stock: StockReckoning | None = None,
    ) -> None:
        self._facts, self._tills, self._now, self._stock = facts, tills, now, stock
        self._first, self._last = days
        shops, after = facts.shops.values(), self._last + timedelta(days=1)
        # When the first trading day begins and the last one has ended, in whatever shop (unix seconds).
        self.begins = min(shop.opens(self._first) for shop in shops)
        self.ends = max(shop.opens(after) for shop in shops)
        self._expected: Counter[Cell] = Counter()
        self._booked: Counter[Cell] = Counter()
        self._strangers: Counter[Cell] = Counter()
        self._sessions: dict[str, list[Session]] = defaultdict(list)
        self._evidence: dict[StoreDay, set[str]] = defaultdict(set)
        self._differences: list[Difference] = []
        self._refused: list[str] = []
        self._excluded: Counter[str] = Counter()
        self._receipts = self._held_receipts = self._unassigned = 0
        self._receipt_holds: dict[int, list[Raw]] = defaultdict(list)
        self._day_holds: list[Raw] = []
        for hold in plan["held"]:
            if hold["kind"] in _HELD_BY_NAME:
                self._receipt_holds[int(hold["record"])].append(hold)
            else:
                self._day_holds.append(hold)
        self._uploads: set[tuple[str, str, int, int]] = set()
        self._named = [name for name in map(read_naming, plan.get("named", ())) if self._in_range(name.trading_day)]
        self._lines_named: dict[tuple[str, str, date], Counter[str]] = {
            (name.record, name.store, name.trading_day): Counter() for name in self._named
        }
        self._documents: Mapping[str, bool] = {}
        self._named_minor: Counter[str] = Counter()
        self._refused_names: list[str] = []

    def moments_of_sessions(self) -> tuple[int, int]:
        """`begins` and `ends`, widened to the whole of every session that touches the range: its proof needs it all."""
        sessions = [session for session in self._all_sessions() if self._touches_range(session)]
        return (
            min([self.begins, *(session.report.opened_at for session in sessions)]),
            max([self.ends, *(session.report.closed_at + 1 for session in sessions)]),
        )

    def documents_named(self) -> list[str]:
        """The external ids of ours that the plan names: `hear_documents` wants to know which of them exist."""
        return sorted({name.record for name in self._named if our_name(name.record)})

    def go_live(self) -> int:
        """Unix second before which no shop's receipts are booked."""
        return min(shop.opens(shop.go_live) for shop in self._facts.shops.values())

    # ------------------------------------------------------------ hearing

    def hear_z_reports(self, reports: Iterable[Raw]) -> None:
        """Open a session for each Z-report of a shop's register, and expect what only the Z knows."""
        readable: dict[tuple[str, int], ZReport] = {}
        for raw in reports:
            try:
                report = read_z_report(raw)
            except UnreadableRecordError as unreadable:
                self._note_unreadable(unreadable)
            else:
                readable[report.registerid, report.zreportid] = report
        for (register, number), report in sorted(readable.items()):
            shop = self._tills.get(register)
            if shop is None:
                continue
            previous = readable.get((register, number - 1))
            session = Session(report, previous, shop, touches={shop.trading_day(report.closed_at)})
            self._sessions[register].append(session)
            self._expect(shop, report.currency, postings_of_z_report(report, previous, self._facts.books_of(shop)))

    def hear_order(self, order: Raw) -> None:
        """Prove the order's session with it, expect its postings, or find that it is rightly held or no sale."""
        try:
            receipt = read_order(order, self._facts)
        except UnreadableRecordError as unreadable:
            self._note_unreadable(unreadable)
            return
        if isinstance(receipt, str):
            self._excluded[receipt] += self.begins <= order["orderdate"] < self.ends
            return
        if self._is_doubled(receipt):
            self._excluded["doubled_upload"] += self.begins <= receipt.sold_at < self.ends
            return
        shop = self._tills.get(receipt.registerid)
        if shop is None:
            self._unassigned += 1
            return
        day, books = shop.trading_day(receipt.sold_at), self._facts.books_of(shop)
        session = self._session_of(receipt.registerid, receipt.sold_at)
        if session is not None:
            session.add(receipt, books, self._facts)
        if day < shop.go_live:
            self._excluded["before_go_live"] += self._in_range(day)
            return
        if session is None:
            self._evidence[shop.key, day].add("no_z_report")
        if self._stock is not None:
            self._stock.hear_sale(shop, order)
        self._receipts += self._in_range(day)
        causes = causes_to_hold(receipt, books, self._facts)
        if self._is_held_by_name(receipt, shop, day, causes):
            return
        self._expect(shop, receipt.currency, postings_of_receipt(receipt, books, self._facts))

    def hear_ledger_line(self, shop: Shop, line: LedgerLine) -> None:
        """Count a posting at a shop's location: one of our journals by its name, anybody else's by its date.

        A name of ours on a day that nobody could have booked is a stranger's. What others booked before the shop went
        live is its opening balance.
        """
        ours = our_name(line.external_id)
        if ours is not None and not self._may_be_booked(ours):
            day, currency, ledger = line.tran_date, ours.currency, self._strangers
        elif ours is not None:
            day, currency, ledger = ours.trading_day, ours.currency, self._booked
        elif line.tran_date >= shop.go_live and line.account in self._facts.books_of(shop).all_accounts():
            day, currency, ledger = line.tran_date, shop.currency, self._strangers
        else:
            return
        if self._in_range(day):
            ledger[shop.key, day, line.account, currency] += line.amount
            if (line.record, shop.key, day) in self._lines_named:
                self._lines_named[line.record, shop.key, day][line.account] += line.amount

    def hear_documents(self, changed: Mapping[str, bool]) -> None:
        """Which of `documents_named` NetSuite holds, and whether each was changed after it was made."""
        self._documents = changed

    # ------------------------------------------------------------ judging

    def verdict(self) -> Verdict:
        """The verdict on everything heard."""
        unproved = [s for s in self._all_sessions() if self._touches_range(s) and self._examine(s)]
        self._find_days_not_over()
        held_days = self._accepted_days()
        self._refuse_holds_of_no_receipt()
        for session in unproved:
            self._compare_totals(session, held_days)
        self._take_out_what_is_named(held_days)

        for cell in sorted({*self._expected, *self._booked, *self._strangers}):
            store, day, account, currency = cell
            held = (store, day) in held_days
            expected = 0 if held else self._expected[cell]
            ledger = self._strangers[cell] + (0 if held else self._booked[cell])
            if expected != ledger:
                self._differences.append(Difference(store, day, account, currency, expected, ledger))

        unexplained = dict.fromkeys(sorted({shop.currency for shop in self._facts.shops.values()}), 0)
        for difference in self._differences:
            gap = abs(difference.expected_minor - difference.ledger_minor)
            unexplained[difference.currency] = unexplained.get(difference.currency, 0) + gap
        return Verdict(
            unexplained_minor=unexplained,
            differences=tuple(self._differences),
            receipts=self._receipts,
            held_receipts=self._held_receipts,
            held_store_days=len(held_days),
            refused_holds=tuple(self._refused),
            excluded={reason: number for reason, number in sorted(self._excluded.items()) if number},
            unassigned=self._unassigned,
            named_minor=dict(self._named_minor),
            refused_names=tuple(self._refused_names),
            stock=StockVerdict() if self._stock is None else self._stock.verdict(held_days),
        )

    def _examine(self, session: Session) -> bool:
        """Note what speaks against a session on every day it touches; whether its Z disagrees with its receipts."""
        disagrees = bool(session.disagreements())
        for day in session.touches:
            if disagrees:
                self._evidence[session.shop.key, day].add("z_variance")
            if session.unreadable:
                self._evidence[session.shop.key, day].add("unparsable_record")
        return disagrees

    def _find_days_not_over(self) -> None:
        for shop in self._facts.shops.values():
            for day in self._days():
                if self._now < shop.opens(day + timedelta(days=1)):
                    self._evidence[shop.key, day].add("day_not_over")

    def _is_held_by_name(self, receipt: Receipt, shop: Shop, day: date, causes: set[str]) -> bool:
        if not self._in_range(day):
            # Only its later deliveries could fall into the range; goods of a receipt that is not booked are not either.
            return bool(causes)
        holds = self._receipt_holds.pop(receipt.orderid, [])
        accepted = False
        for hold in holds:
            if hold["kind"] not in causes:
                self._refused.append(f"receipt {receipt.orderid} is held as {hold['kind']}, but that is not so")
                continue
            accepted = True
            if (hold["amount_minor"], hold["currency"]) != (receipt.gross, receipt.currency):
                self._refused.append(f"receipt {receipt.orderid} comes to {receipt.gross}, not {hold['amount_minor']}")
                about = f"(hold of receipt {receipt.orderid})"
                self._differences.append(
                    Difference(shop.key, day, about, receipt.currency, receipt.gross, hold["amount_minor"])
                )
        self._held_receipts += accepted
        return accepted

    def _refuse_holds_of_no_receipt(self) -> None:
        for orderid, holds in self._receipt_holds.items():
            for hold in holds:
                self._refused.append(f"receipt {orderid} is held as {hold['kind']}, but there is no such receipt")
                day, about = date.fromisoformat(hold["trading_day"]), f"(hold of receipt {orderid})"
                self._differences.append(
                    Difference(hold["store"], day, about, hold["currency"], 0, hold["amount_minor"])
                )

    def _accepted_days(self) -> set[StoreDay]:
        accepted = set()
        for hold in self._day_holds:
            store_day = (hold["store"], date.fromisoformat(hold["trading_day"]))
            if _EVIDENCE_FOR.get(hold["kind"]) in self._evidence[store_day]:
                accepted.add(store_day)
            else:
                self._refused.append(f"{store_day[0]} {store_day[1]} is held as {hold['kind']}, but that is not so")
        return accepted

    def _take_out_what_is_named(self, held_days: set[StoreDay]) -> None:
        taken: set[tuple[str, str]] = set()
        left_over: Counter[tuple[str, str]] = Counter()
        for name in self._named:
            left_over[name.kind, name.record] += sum(name.lines.values())
        for name in self._named:
            shop = self._facts.shops.get(name.store)
            if shop is None:
                self._refused_names.append(f"{name.about}, but the estate has no such store")
                continue
            if name.kind == FOREIGN:
                # The rest of somebody else's document, and what it does to other accounts, is not the tills' business.
                ours = self._facts.books_of(shop).all_accounts()
                name = replace(name, lines={number: sum_ for number, sum_ in name.lines.items() if number in ours})
            lines = self._lines_named[name.record, name.store, name.trading_day]
            held = {account: amount for account, amount in lines.items() if amount}
            reason = why_refused(name, self._documents, held, left_over[name.kind, name.record])
            if (name.record, name.store) in taken:
                reason = "it has been named before"
            if reason is not None:
                self._refused_names.append(f"{name.about}, but {reason}")
                continue
            taken.add((name.record, name.store))
            self._take_out(name, held_days)

    def _take_out(self, name: Naming, held_days: set[StoreDay]) -> None:
        if not self._is_a_strangers(name) and (name.store, name.trading_day) in held_days:
            return  # what the books hold of that day is left out whole
        ledger = self._strangers if self._is_a_strangers(name) else self._booked
        for account, amount in name.lines.items():
            ledger[name.store, name.trading_day, account, name.currency] -= amount
        self._named_minor[name.currency] += name.amount_minor

    def _compare_totals(self, session: Session, held_days: set[StoreDay]) -> None:
        """A session whose Z says another total than its receipts, on a day that is not held: money is missing."""
        by_z, by_receipts = session.totals()
        shop, report = session.shop, session.report
        open_days = [
            day
            for day in sorted(session.touches)
            if self._in_range(day) and day >= shop.go_live and (shop.key, day) not in held_days
        ]
        if by_z != by_receipts and open_days:
            about = f"(Z-report {report.zreportid} of register {report.registerid})"
            self._differences.append(Difference(shop.key, open_days[-1], about, report.currency, by_z, by_receipts))

    # ------------------------------------------------------------ look-ups

    def _is_doubled(self, receipt: Receipt) -> bool:
        """Whether the same receipt has been heard already, under a lower orderid."""
        if not receipt.number:
            return False
        upload = (receipt.registerid, receipt.number, receipt.sold_at, receipt.gross)
        known = upload in self._uploads
        self._uploads.add(upload)
        return known

    def _expect(self, shop: Shop, currency: str, postings: Iterable[Posting]) -> None:
        day_of: dict[int, date] = {}
        for posting in postings:
            day = day_of.get(posting.moment) or day_of.setdefault(posting.moment, shop.trading_day(posting.moment))
            if self._in_range(day) and day >= shop.go_live:
                self._expected[shop.key, day, posting.account, currency] += posting.amount

    def _note_unreadable(self, unreadable: UnreadableRecordError) -> None:
        """An unreadable record speaks against the days its session touches, or the day it was made on."""
        shop = self._tills.get(unreadable.registerid or "")
        if shop is None or unreadable.registerid is None or unreadable.moment is None:
            return  # it cannot be placed; the Z-report of its session will not agree without it
        session = self._session_of(unreadable.registerid, unreadable.moment)
        if session is None:
            self._evidence[shop.key, shop.trading_day(unreadable.moment)].add("unparsable_record")
        else:
            session.unreadable.append(unreadable.record)
            session.touches.add(shop.trading_day(unreadable.moment))

    def _session_of(self, registerid: str, moment: int) -> Session | None:
        for session in self._sessions.get(registerid, ()):
            if session.report.opened_at <= moment <= session.report.closed_at:
                return session
        return None

    def _touches_range(self, session: Session) -> bool:
        opens, closes = session.shop.opens(self._first), session.shop.opens(self._last + timedelta(days=1))
        return session.report.opened_at < closes and session.report.closed_at >= opens

    def _all_sessions(self) -> Iterator[Session]:
        for sessions in self._sessions.values():
            yield from sessions

    def _may_be_booked(self, name: OurName) -> bool:
        """Whether a journal may be of the day it names: from the first go-live on, and not of a day to come.

        One of a day outside the range is that day's business although it is dated in the range: its own period was
        closed, or it is a stranger's, which the judgement of its own day notices.
        """
        first = min(shop.go_live for shop in self._facts.shops.values())
        return first <= name.trading_day <= datetime.fromtimestamp(self._now, UTC).date()

    def _is_a_strangers(self, name: Naming) -> bool:
        ours = our_name(name.record)
        return ours is None or not self._may_be_booked(ours)

    def _in_range(self, day: date) -> bool:
        return self._first <= day <= self._last

    def _days(self) -> Iterator[date]:
        for offset in range((self._last - self._first).days + 1):
            yield self._first + timedelta(days=offset)

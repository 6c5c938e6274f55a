"""Turns the documents of a replay file into what happened at the tills, day by day.

Belongs here: the rules by which a document becomes orders, and trading days become register sessions. Does not belong
here: what Sitoo makes of them (`trade/render`, `trade/build`).

- Money. A line is quantity x price, rounded half away from zero to the minor unit; its VAT is that x r / (1 + r),
  rounded likewise; the net is what remains. Rows that are parts of one line share the line's two figures.
- A sale is one receipt, even if it comes to nothing or rows of it came back. A return is one receipt per sale it draws
  on, linked to it, and one without a link for the rest. Where the same SKU stood on several rows of that sale, what
  comes back is taken from them in turn. A return reaches Sitoo no earlier than the sale it names.
- What is not a receipt is a cancelled order where it comes to nothing, else a paid one that no till made.
- The payment is the whole amount, none where that is 0. A card payment goes through Adyen, on the scheme that the
  tender names, else Visa; its reference is the receipt number.
- Goods are handed over with the receipt. A customer is her e-mail address. Each order's `externalid` is the document's
  `receipt_id`.
- One session per till and trading day with a receipt, from five minutes before the first to five minutes after the
  last, within the trading day. Sitoo has the Z-report a minute later; where the till was offline then (its last
  receipt arrives later than that), with the last of the session's receipts. The drawer starts each day with a float of
  100; what is above it goes to the safe at the close, what is missing comes from there. It is counted right, and there
  is no petty cash: the file says nothing of either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from sitoo_netsuite.money import decimals, round_half_away, vat_within
from sitoo_netsuite.sandbox.replay.file import NOT_A_RECEIPT, PRICE_DECIMALS, RETURN, Document, ReplayFile
from sitoo_netsuite.sandbox.replay.world import card_scheme, group_name, minor_price, tills_of
from sitoo_netsuite.sandbox.trade.render import receipt_number
from sitoo_netsuite.sandbox.trade.till import (
    PAID,
    Basket,
    Delivery,
    Payment,
    Row,
    Session,
    Stage,
    State,
    TillDay,
    total_up,
)
from sitoo_netsuite.sandbox.world import CARD, Customer, Register, Shop, Site, World
from sitoo_netsuite.trading_day import trading_day_window

_CANCELLED = State(10, 20, 30)
_FIRST_RECEIPT = 10_001
_ROUND_THE_RECEIPTS = 300  # seconds
_Z_REPORT_AFTER = 60
_FLOAT = 100  # units of the currency


def till_days(file: ReplayFile, world: World) -> Iterator[TillDay]:
    """The trade of a replay file; `world` is the one it implies (`replayed_world`)."""
    orders = _Orders(file, world)
    tills = {
        register.registerid: _Till(shop, register, orders.company(shop))
        for shop in world.shops
        for register in shop.registers
    }
    for day, documents in groupby(file.documents, key=lambda document: document.day):
        baskets = []
        for document in documents:
            for basket in orders.of(document):
                baskets.append(basket)
                if basket.register is not None and basket.is_receipt:
                    tills[basket.register.registerid].take(basket, document.arrives)
        yield TillDay(
            baskets=tuple(baskets),
            sessions=tuple(till.close(day) for till in tills.values() if till.is_open),
            settled_until=min(_window(shop, day + timedelta(days=1))[0] for shop in world.shops),
        )


def _window(shop: Shop, day: date) -> tuple[int, int]:
    start, end = trading_day_window(day, ZoneInfo(shop.time_zone), shop.cut_over)
    return int(start.timestamp()), int(end.timestamp())


class _Till:
    """A register of a shop: the receipts of the day, and what it has sold ever."""

    def __init__(self, shop: Shop, register: Register, company: str) -> None:
        self._receipts: list[Basket] = []
        self._uploads: list[int] = []
        self._shop = shop
        self._register = register
        self._company = company
        self._sessions = 0
        self._sold_minor = 0
        self._refunded_minor = 0

    @property
    def is_open(self) -> bool:
        return bool(self._receipts)

    def take(self, receipt: Basket, uploaded: int) -> None:
        """A receipt of the day, and when the till sends it."""
        self._receipts.append(receipt)
        self._uploads.append(uploaded)

    def close(self, day: date) -> Session:
        """The session of the trading day; the next one begins empty."""
        start, end = _window(self._shop, day)
        totals = total_up(self._receipts)
        closed = min(end - 1, self._receipts[-1].moment + _ROUND_THE_RECEIPTS)
        arrives = closed + _Z_REPORT_AFTER
        if self._uploads[-1] > arrives:
            arrives = max(self._uploads)
        session = Session(
            shop=self._shop,
            register=self._register,
            company=self._company,
            number=self._sessions + 1,
            opened=max(start, self._receipts[0].moment - _ROUND_THE_RECEIPTS),
            closed=closed,
            arrives=arrives,
            staff=self._shop.staff[0],
            totals=totals,
            sold_before_minor=self._sold_minor,
            refunded_before_minor=self._refunded_minor,
            cash_in_minor=_FLOAT * 10 ** decimals(self._shop.currency),
            banked_at_close_minor=totals.cash_minor,
        )
        self._sessions += 1
        self._sold_minor += totals.sales_minor
        self._refunded_minor += totals.refunded.gross_minor
        self._receipts, self._uploads = [], []
        return session


@dataclass(slots=True)
class _Line:
    """A line's money, dealt out to its parts: each gets the difference of two rounded running shares."""

    quantity: int
    gross_minor: int
    vat_minor: int
    dealt: int = 0

    def deal(self, quantity: int) -> tuple[int, int]:
        """Gross and VAT of the next part."""
        before, self.dealt = self.dealt, self.dealt + quantity
        whole = abs(self.quantity)

        def share(minor: int) -> int:
            return round_half_away(minor * abs(self.dealt), whole) - round_half_away(minor * abs(before), whole)

        return share(self.gross_minor), share(self.vat_minor)


@dataclass(slots=True)
class _Sold:
    """A sale that something comes back from: by SKU, its rows' places and what is left of each."""

    receipt: str
    arrives: int
    left: dict[str, dict[int, int]]

    def take(self, sku: str, quantity: int) -> Iterator[tuple[int, int | None]]:
        """`quantity` (negative) in parts, each with the place of the row it came from; None where nothing is left."""
        for place, left in self.left.get(sku, {}).items():
            part = min(left, -quantity)
            if part > 0:
                self.left[sku][place] -= part
                quantity += part
                yield -part, place
        if quantity:
            yield quantity, None


class _Orders:
    """Makes orders of documents, in turn; remembers the sales that returns still name."""

    def __init__(self, file: ReplayFile, world: World) -> None:
        self._file = file
        self._world = world
        self._sites = {site.currency: site for site in world.sites}
        self._shops = {shop.name: shop for shop in world.shops}
        self._products = {product.sku: product for product in world.products}
        self._groups = {(group.eshopid, group.name): group for group in world.product_groups}
        self._kinds = {(kind.eshopid, kind.name): kind for kind in world.payment_types}
        self._tills = {
            (shop.name, till): register
            for shop in world.shops
            for till, register in zip(tills_of(file)[shop.name], shop.registers, strict=True)
        }
        self._counters = dict.fromkeys(self._tills.values(), _FIRST_RECEIPT)
        self._wanted = set(file.original.values)
        self._sold: dict[str, _Sold] = {}

    def company(self, shop: Shop) -> str:
        return next(entry.name for entry in self._world.subsidiaries if entry.internal_id == shop.subsidiary)

    def of(self, document: Document) -> list[Basket]:
        """The orders of a document; several for a return that draws on several sales."""
        shop, site = self._shops[document.store], self._sites[document.currency]
        if document.kind == RETURN:
            return self._returns(document, shop, site)
        lines = self._lines(document)
        rows = [self._row(document, site, row, self._file.quantity[row], lines) for row in document.rows]
        if document.kind == NOT_A_RECEIPT:
            return [self._no_receipt(document, shop, site, rows)]
        sale = self._receipt(document, shop, site, rows)
        if document.receipt_id in self._wanted:
            left: dict[str, dict[int, int]] = {}
            for place, row in enumerate(rows):
                left.setdefault(row.product.sku, {})[place] = row.quantity
            self._sold[document.receipt_id] = _Sold(sale.receipt or "", document.arrives, left)
        return [sale]

    def _returns(self, document: Document, shop: Shop, site: Site) -> list[Basket]:
        lines = self._lines(document)
        rows_of: dict[str, list[Row]] = {}
        for row in document.rows:
            original, quantity = self._file.original[row], self._file.quantity[row]
            rows = rows_of.setdefault(original, [])
            if original and quantity < 0:
                for part, place in self._sold[original].take(self._file.sku[row], quantity):
                    rows.append(self._row(document, site, row, part, lines, place))
            else:
                rows.append(self._row(document, site, row, quantity, lines))
        return [
            self._receipt(document, shop, site, rows, self._sold.get(original)) for original, rows in rows_of.items()
        ]

    # ---------------------------------------------------------------- rows

    def _lines(self, document: Document) -> dict[int, _Line]:
        """The document's lines by their first row."""
        file = self._file
        quantities: Counter[int] = Counter()
        for row in document.rows:
            quantities[int(file.line_of[row])] += file.quantity[row]
        scale = 10 ** (PRICE_DECIMALS - decimals(document.currency))
        lines = {}
        for row, quantity in quantities.items():
            gross = round_half_away(quantity * file.price[row], scale)
            lines[row] = _Line(quantity, gross, vat_within(gross, file.rate_bp[row]))
        return lines

    def _row(
        self,
        document: Document,
        site: Site,
        row: int,
        quantity: int,
        lines: dict[int, _Line],
        original_row: int | None = None,
    ) -> Row:
        file = self._file
        rate = file.rate_bp[row]
        gross, vat = lines[int(file.line_of[row])].deal(quantity)
        unit = minor_price(file.price[row], document.currency)
        return Row(
            product=self._products[file.sku[row]],
            group=self._groups[site.eshopid, group_name(file.item_kind[row], rate)],
            quantity=quantity,
            net_minor=gross - vat,
            vat_minor=vat,
            unit_net_minor=unit - vat_within(unit, rate),
            original_row=original_row,
        )

    # ---------------------------------------------------------------- orders

    def _receipt(
        self, document: Document, shop: Shop, site: Site, rows: list[Row], original: _Sold | None = None
    ) -> Basket:
        register = self._tills[document.store, document.register]
        number = receipt_number(register.registerkey, self._counters[register])
        self._counters[register] += 1
        arrives = max(document.arrives, original.arrives) if original else document.arrives
        return Basket(
            eshopid=site.eshopid,
            currency=document.currency,
            warehouseid=shop.warehouseid,
            moment=document.moment,
            stages=(Stage(arrives, PAID),),
            rows=tuple(rows),
            payments=self._payments(document, site, rows, number),
            shop=shop,
            register=register,
            staff=shop.staff[0],
            customer=_customer(document),
            receipt=number,
            returns=original.receipt if original else None,
            deliveries=(
                Delivery(document.moment, arrives, tuple((place, row.quantity) for place, row in enumerate(rows))),
            ),
            external_id=document.receipt_id,
        )

    def _no_receipt(self, document: Document, shop: Shop, site: Site, rows: list[Row]) -> Basket:
        cancelled = sum(row.gross_minor for row in rows) == 0
        return Basket(
            eshopid=site.eshopid,
            currency=document.currency,
            warehouseid=shop.warehouseid if cancelled else site.warehouseid,
            moment=document.moment,
            stages=(Stage(document.arrives, _CANCELLED if cancelled else PAID),),
            rows=tuple(rows),
            payments=self._payments(document, site, rows, document.receipt_id),
            shop=shop if cancelled else None,
            register=self._tills[document.store, document.register] if cancelled else None,
            staff=shop.staff[0] if cancelled else None,
            customer=_customer(document),
            external_id=document.receipt_id,
        )

    def _payments(self, document: Document, site: Site, rows: list[Row], reference: str) -> tuple[Payment, ...]:
        gross = sum(row.gross_minor for row in rows)
        if gross == 0:
            return ()
        kind = self._kinds[site.eshopid, document.tender]
        if kind.paymentmethodid == CARD:
            return (Payment(kind, gross, "adyen", card_scheme(kind.name), reference),)
        return (Payment(kind, gross),)


def _customer(document: Document) -> Customer | None:
    return Customer(document.email, "", "", "", "") if document.email else None

"""Makes the trade up: tills that behave, reproducible from a seed.

Belongs here: which visit comes when and at which register, the opening and closing of register sessions, and what the
staff do with the cash. Does not belong here: how a visit goes (`scenes`).

Every store-day has a random stream of its own, drawn from (seed, store, day), and a shop remembers only its own past:
neither more shops nor more days elsewhere change what a store-day brings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from random import Random

from sitoo_netsuite.money import to_text
from sitoo_netsuite.sandbox.trade.hours import SLOWEST_NEWS, left_open, morning_close, opening_hours
from sitoo_netsuite.sandbox.trade.scenes import (
    MIX,
    NO_RECEIPTS,
    ROTA,
    Scene,
    exchange,
    plain_sale,
)
from sitoo_netsuite.sandbox.trade.till import Basket, PettyCash, Session, TillDay, total_up
from sitoo_netsuite.sandbox.trade.visit import Market, Memory, Visit
from sitoo_netsuite.sandbox.world import Register, Shop, World
from sitoo_netsuite.trading_day import days

_MIX_SCENES = [scene for _, scene in MIX]
_MIX_WEIGHTS = list(accumulate(weight for weight, _ in MIX))
# Reasons the retailer has an account for, and one it has not.
_PETTY_REASONS = ("cleaning", "postage", "refreshments", "flowers")


def till_days(world: World, receipts_per_store_day: int) -> Iterator[TillDay]:
    """The trade of a world, day by day over all its shops. Raises ValueError when there is nothing to sell."""
    if receipts_per_store_day < 1:
        raise ValueError("a trade needs at least one receipt per store and day")
    markets = {site.eshopid: Market(world, site) for site in world.sites}
    shops = [_Shop(world, shop, markets[shop.eshopid], receipts_per_store_day) for shop in world.shops]
    for day in days(world.start, world.start + timedelta(days=world.days - 1)):
        played = [shop.play(day) for shop in shops]
        yield TillDay(
            baskets=tuple(basket for baskets, _ in played for basket in baskets),
            sessions=tuple(session for _, sessions in played for session in sessions),
            settled_until=min(opening_hours(shop, day + timedelta(days=1))[0] for shop in world.shops),
        )


@dataclass(slots=True)
class _Till:
    """A register: what it has sold ever, and its session if one is open. `closings` are today's still to come."""

    register: Register
    sessions: int = 0
    sold_minor: int = 0
    refunded_minor: int = 0
    cash_out_minor: int | None = None  # of its last session
    opened: int | None = None
    cash_in_minor: int = 0
    baskets: list[Basket] = field(default_factory=list)
    closings: deque[int] = field(default_factory=deque)
    left_open: bool = False


class _Shop:
    """A shop that plays its days one after the other."""

    def __init__(self, world: World, shop: Shop, market: Market, receipts: int) -> None:
        self._world = world
        self._shop = shop
        self._market = market
        self._receipts = receipts
        self._place = world.shops.index(shop)
        self._memory = Memory()
        self._tills = [_Till(register) for register in shop.registers]
        self._company = next(entry.name for entry in world.subsidiaries if entry.internal_id == shop.subsidiary)
        self._float = 10 * market.round_sum

    def play(self, day: date) -> tuple[list[Basket], list[Session]]:
        """The orders made on a trading day, and the sessions closed on it."""
        number = (day - self._world.start).days
        draw = Random(f"{self._world.seed}/{self._shop.key}/{day}")
        opens, closes = opening_hours(self._shop, day)
        tills = self._man_tills(day, number, draw)
        baskets: list[Basket] = []
        sessions: list[Session] = []
        visits = self._receipt_scenes(number, opens, closes, draw) + self._other_scenes(number, opens, closes, draw)
        for moment, scene in sorted(visits, key=lambda visit: visit[0]):
            sessions += self._close_before(moment, tills, number, draw)
            till = draw.choice(tills)
            visit = Visit(
                market=self._market,
                shop=self._shop,
                memory=self._memory,
                draw=draw,
                day=day,
                register=till.register,
                staff=draw.choice(self._shop.staff),
                moment=moment,
                earliest=max(opens, till.opened or opens),
                latest=(till.closings[0] if till.closings else closes) - 1,
            )
            made = scene(visit)
            till.baskets += made
            baskets += made
        sessions += self._close_before(None, tills, number, draw)
        self._memory.sleep(draw)
        return baskets, sessions

    # ---------------------------------------------------------------- which visit comes when

    def _receipt_scenes(self, number: int, opens: int, closes: int, draw: Random) -> list[tuple[int, Scene]]:
        """As many visits as make the day's receipts: a stretch of the rota spread over the day, the mix in between."""
        count = self._receipts
        scenes = draw.choices(_MIX_SCENES, cum_weights=_MIX_WEIGHTS, k=count)
        turns = min(len(ROTA), max(1, count // 2))
        first = (number + self._place) * turns
        planted = {turn * count // turns: ROTA[(first + turn) % len(ROTA)] for turn in range(turns)}
        moments = sorted(draw.randrange(opens, closes) for _ in range(count))
        visits: list[tuple[int, Scene]] = []
        place = 0
        while place < count:
            scene = planted.get(place, scenes[place])
            if scene is exchange:
                # Two receipts: it takes the next place too, and gives way where there is none.
                if place + 1 == count or place + 1 in planted:
                    scene = plain_sale
                else:
                    place += 1
            visits.append((moments[place], scene))
            place += 1
        return visits

    def _other_scenes(self, number: int, opens: int, closes: int, draw: Random) -> list[tuple[int, Scene]]:
        count = max(1, self._receipts // 15)
        first = (number + self._place) * count
        return [
            (draw.randrange(opens, closes), NO_RECEIPTS[(first + turn) % len(NO_RECEIPTS)]) for turn in range(count)
        ]

    # ---------------------------------------------------------------- sessions

    def _man_tills(self, day: date, number: int, draw: Random) -> list[_Till]:
        """The tills in use on a day, each with a session open and its closings planned.

        A till that is not needed, or has its day off, has no session and so no Z-report.
        """
        opens, closes = opening_hours(self._shop, day)
        forgotten = left_open(self._world, self._shop, day)
        manned = []
        for place, till in enumerate(self._tills):
            till.left_open = till.register is forgotten
            needed = place == 0 or (self._receipts >= 10 * place and (number + place) % 5 != 4)
            if not needed and not till.left_open and till.opened is None:
                continue
            if till.opened is not None:
                till.closings.append(morning_close(self._shop, day))
            elif place == 0 and (number + self._place) % 3 == 0:
                till.closings.append(opens + (closes - opens) * 2 // 5)
            if not till.left_open:
                till.closings.append(closes + draw.randrange(300, 1200))
            if till.opened is None:
                self._open(till, opens - 600, number, draw)
            manned.append(till)
        return manned

    def _open(self, till: _Till, moment: int, number: int, draw: Random) -> None:
        till.opened = moment
        till.cash_in_minor = self._float if till.cash_out_minor is None else till.cash_out_minor
        if till.cash_out_minor is not None and (number + till.register.number) % 3 == 1:
            till.cash_in_minor = max(0, till.cash_in_minor + self._small_change(draw))
        self._memory.cash[till.register.registerid] = till.cash_in_minor

    def _close_before(self, moment: int | None, tills: list[_Till], number: int, draw: Random) -> list[Session]:
        """Closes what is due before a moment (None: all of today's), and opens again where the day goes on."""
        sessions = []
        for till in tills:
            while till.closings and (moment is None or till.closings[0] < moment):
                closed = till.closings.popleft()
                sessions.append(self._close(till, closed, number, draw))
                if till.closings or till.left_open:
                    self._open(till, closed + 1, number, draw)
        return sessions

    def _close(self, till: _Till, closed: int, number: int, draw: Random) -> Session:
        """Counts the till and makes its Z-report. What the staff do with the cash takes turns over days and tills."""
        assert till.opened is not None, "only an open till is closed"
        turn = number + till.register.number
        totals = total_up(till.baskets)
        cash = till.cash_in_minor + totals.cash_minor
        petty, comment = self._petty_cash(cash, draw) if turn % 2 == 0 else ((), "")
        cash -= sum(paid.amount_minor for paid in petty)
        banked = self._to_bank((cash + self._float) // 2) if turn % 3 == 0 else 0
        cash -= banked
        off = self._small_change(draw) if turn % 2 == 1 or draw.random() < 0.3 else 0
        if cash + off < 0:
            off = 0
        session = Session(
            shop=self._shop,
            register=till.register,
            company=self._company,
            number=till.sessions + 1,
            opened=till.opened,
            closed=closed,
            arrives=closed + draw.randrange(60, SLOWEST_NEWS),
            staff=draw.choice(self._shop.staff),
            totals=totals,
            sold_before_minor=till.sold_minor,
            refunded_before_minor=till.refunded_minor,
            cash_in_minor=till.cash_in_minor,
            petty_cash=petty,
            comment=comment,
            banked_minor=banked,
            counted_off_minor=off,
            banked_at_close_minor=self._to_bank(cash + off),
        )
        till.sessions += 1
        till.sold_minor += totals.sales_minor
        till.refunded_minor += totals.refunded.gross_minor
        till.cash_out_minor = session.cash_out_minor
        till.opened = None
        till.baskets = []
        return session

    # ---------------------------------------------------------------- cash

    def _small_change(self, draw: Random) -> int:
        """A few kronor or pence too much or too little."""
        amount = draw.randrange(1, 40) * (100 if self._market.site.rounds_cash else 7)
        return draw.choice((-amount, amount))

    def _to_bank(self, cash: int) -> int:
        """What goes to the safe: all above the float, in notes."""
        note = self._market.round_sum // 2
        return max(0, (cash - self._float) // note * note)

    def _petty_cash(self, cash: int, draw: Random) -> tuple[tuple[PettyCash, ...], str]:
        """What was paid out of the till and the comment that says for what, or does not."""
        currency, step = self._shop.currency, self._market.round_sum // 20
        reasons = draw.sample(_PETTY_REASONS, draw.choice((1, 1, 2)))
        paid = tuple(PettyCash(reason, step * draw.randrange(4, 30)) for reason in reasons)
        if sum(entry.amount_minor for entry in paid) > cash:
            return (), ""
        named = ", ".join(f"{entry.reason} {to_text(entry.amount_minor, currency)}" for entry in paid)
        return paid, draw.choice((f"Petty cash: {named}", f"Petty cash: {named}", "", "Paid the window cleaner"))

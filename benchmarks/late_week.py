"""A week's receipts that reach Sitoo three weeks late, in a trade that is otherwise as its replay file says.

Belongs here: which receipts are held back, and which documents there must be while they are on their way. Does not
belong here: running the days (`late_books`), whose trade it is (`online_retail`).

What is made up, beside what the file's own conversion says:

- Every second receipt of a store is of its till 2, the others of till 1.
- OFFLINE: its till 2 has no line in the week. The receipts reach Sitoo 21 days after they were made, and a session's
  Z-report with the last of them. Till 1's days are booked on time; the late till's follow as a difference document.
- PATCHY: its till 2 loses the line during each day of the week, and has it back for the day's last receipt and the
  Z-report. So the Z-reports tell of receipts that are not there: the store-days are held, and booked once.
- A return made at a till before Sitoo had the sale names no sale: the till could not find it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pandas as pd

OFFLINE, PATCHY = "S01", "S02"
LATE = timedelta(days=21)
_WEEK = timedelta(days=7)
# Before any shop opens and after the last one's trading day is over; and while a week's receipts are coming in.
_MORNING, _NOON = time(4, 30, tzinfo=UTC), time(12, tzinfo=UTC)

StoreDay = tuple[str, date]


@dataclass(frozen=True)
class LateWeek:
    """A trade with receipts held back. `rows`: the replay file's. By store-day that has late receipts (of OFFLINE:
    `followed`, of PATCHY: `held`) when the last of them is there; `store_days`: all that have receipts.
    """

    rows: pd.DataFrame
    monday: date
    store_days: frozenset[StoreDay]
    followed: dict[StoreDay, datetime]
    held: dict[StoreDay, datetime]

    @property
    def first(self) -> date:
        return min(day for _, day in self.store_days)

    @property
    def last(self) -> date:
        return max(day for _, day in self.store_days)

    def documents(self, now: datetime, until: date) -> dict[StoreDay, int]:
        """How many documents each store-day ought to have when the days up to `until` have been run at a moment."""
        return {
            store_day: 1 + (store_day in self.followed and self.followed[store_day] <= now)
            for store_day in self.store_days
            if store_day[1] <= until and not (store_day in self.held and self.held[store_day] > now)
        }

    def moments(self) -> Iterator[tuple[datetime, date]]:
        """When the books are brought up to date, and up to which trading day: after the week, before the first late
        receipt, while they come, when all are there, and at the end of the trade where it goes on.
        """
        coming, there = self.monday + LATE, self.monday + LATE + _WEEK
        moments = [
            (self.monday + _WEEK, _MORNING),
            (coming, _MORNING),
            (coming + timedelta(days=3), _NOON),
            (there, _MORNING),
        ]
        if self.last >= there:
            moments.append((self.last + timedelta(days=1), _MORNING))
        for day, clock in moments:
            yield datetime.combine(day, clock), min(day - timedelta(days=1), self.last)


def hold_back(rows: pd.DataFrame, monday: date) -> LateWeek:
    """The trade of a replay file's rows (as `online_retail.convert` makes them) with a week from Monday held back.

    Raises ValueError where the week leaves nothing to compare: no late receipts, or a store-day of late ones only.
    """
    rows = rows.copy()
    sold = pd.to_datetime(rows.sold_at, utc=True)
    receipts = rows.assign(
        sold=sold,
        # Replayed trading days end at four in the morning.
        day=(sold.dt.tz_convert("Europe/London") - pd.Timedelta(hours=4)).dt.date,
        is_return=rows.kind == "return",
    ).drop_duplicates("receipt_id")
    till = receipts.groupby("store").cumcount() % 2 + 1
    receipts = receipts.assign(register=till.astype(str))[receipts.kind != "not_a_receipt"]

    late = receipts[
        (receipts.register == "2") & (receipts.day >= monday) & (receipts.day < monday + _WEEK)
        & receipts.store.isin([OFFLINE, PATCHY])
    ].sort_values(["sold", "is_return"], kind="stable")  # fmt: skip
    last_of_day = ~late.duplicated(["store", "day"], keep="last")
    late = late[(late.store == OFFLINE) | ~last_of_day]
    if late.empty:
        raise ValueError(f"the week of {monday} has no receipts to hold back")
    arrival = dict(zip(late.receipt_id, late.sold + LATE, strict=True))

    of_rows = rows.receipt_id.map(dict(zip(receipts.receipt_id, receipts.register, strict=True)))
    rows["register"] = of_rows.fillna("1").astype("string")
    rows["arrives_at"] = rows.receipt_id.map({receipt: at.isoformat() for receipt, at in arrival.items()})
    there = sold.where(~rows.receipt_id.isin(arrival), sold + LATE)
    unknown = rows.original_receipt_id.map(arrival) > there
    rows["original_receipt_id"] = rows.original_receipt_id.mask(unknown)

    complete: dict[StoreDay, datetime] = {}
    for store, day, at in zip(late.store, late.day, late.sold + LATE, strict=True):
        complete[store, day] = at.to_pydatetime()  # in turn, so the last one stays
    punctual = receipts[~receipts.receipt_id.isin(arrival)]
    on_time = set(zip(punctual.store, punctual.day, strict=True))
    if alone := sorted(set(complete) - on_time):
        raise ValueError(f"every receipt of {alone[0]} would be held back; its first document would be late")
    return LateWeek(
        rows=rows,
        monday=monday,
        store_days=frozenset(on_time),
        followed={name: at for name, at in complete.items() if name[0] == OFFLINE},
        held={name: at for name, at in complete.items() if name[0] == PATCHY},
    )

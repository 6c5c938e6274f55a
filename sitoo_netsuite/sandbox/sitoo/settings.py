"""Switches for what is UNKNOWN about Sitoo's API, each with the default the sandbox takes.

Belongs here: how the server behaves. Does not belong here: what the tills do (which return link is filled, how cash is
rounded); that is the trade's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SitooSettings:
    """Section numbers are those of the Sitoo reference."""

    # Section 1.5: the greatest `num`, and what a greater one does. 1000 is known to work.
    max_num: int = 1000
    too_large_num: Literal["cut down", "refuse", "honour"] = "cut down"
    # Section 1.8: a limit per time window and key exists; its numbers and headers are unknown. None: no limit.
    requests_per_window: int | None = None
    window_seconds: int = 60
    rate_limit_header: Literal["Retry-After", "X-Rate-Limit-Reset"] | None = "Retry-After"
    # Section 1.8: overlapping requests of one key are refused; whether a wait is named is unknown.
    overlap_retry_after: int | None = None
    # Section 1.6: the name of the optional field with an internal error code is unreadable. None: no such field.
    error_code_field: str | None = None
    # Section 4: whether two products of a site may have one SKU. Taken, a write that is blindly repeated shows.
    doubled_sku: Literal["accept", "refuse"] = "accept"
    # Section 3: the numbers of these transaction types are unknown.
    manual_in: int = 11
    manual_out: int = 21
    shipment_in: int = 60
    shipment_out: int = 70
    # Section 6: an official example shows stock below zero. Refused, it is refused to whom writes; tills sell anyway.
    negative_stock: Literal["accept", "refuse"] = "accept"
    # Section 1.8: whether a transaction's externalid is unique. Taken, a POST that is blindly repeated doubles stock.
    repeated_transaction: Literal["accept", "refuse"] = "accept"
    # Section 1.7: "max 1000 items per request", which may mean transactions or their rows. Here: rows of all together.
    most_transaction_items: int = 1000
    # Section 1.5: gaps in ids by commits under way are possible. With 5, every fifth transaction of the tills takes its
    # id in turn and is there, with what it does to stock, only so many seconds later. None: all are there at once.
    late_commit_every: int | None = None
    late_commit_seconds: int = 30
    # Whether a till's transaction is dated when it arrives or, like its order, when the goods were handed over.
    till_transactions_dated: Literal["arrival", "handover"] = "arrival"
    # Section 1.9: how often an event is sent again, and how often two that follow each other change places (0 to 1).
    event_duplicates: float = 0.0
    event_swaps: float = 0.0
    # Section 1.9: ten tries in the first hour, then one an hour for a day. This is between the first ones.
    event_retry_seconds: float = 360.0
    # Section 1.9: the data of all events but those of orders is unknown or half known. Empty, they name nothing.
    unknown_event_data: Literal["inferred", "empty"] = "inferred"

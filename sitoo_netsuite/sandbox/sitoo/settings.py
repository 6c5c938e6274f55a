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

"""The cases of pushing NetSuite's stock movements to Sitoo: one function a cause, each with its key, record, evidence.

Belongs here: how a finding is named and what it tells a person. Does not belong here: finding it. Quantities in texts
are units with three decimals.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sitoo_netsuite.flows.stock.wanted_pushes import Push, RecordedPush, Withheld
from sitoo_netsuite.worklist.cases import Case

PUSH_KINDS = frozenset(
    {"stock_push_failed", "stock_push_doubled", "stock_sku_missing_in_sitoo", "stock_made_in_netsuite"}
)
"""Every run finds all there is of these: what a transaction waits for keeps it in the next run's look."""


def push_cases(
    withheld: Sequence[Withheld],
    in_doubt: Mapping[Push, str],
    not_shown: Iterable[Push],
    doubled: Iterable[RecordedPush],
    stores: Mapping[int, str],
) -> list[Case]:
    """All cases of a run. in_doubt: pushes that may or may not be in Sitoo, each with the reason. not_shown: those that
    it took by its own word and does not show. stores: warehouseid to the store.
    """
    failed = [
        _Failed(push.transaction, push.warehouseid, push.store, _skus(push), why, True)
        for push, why in in_doubt.items()
    ]
    failed += [
        _Failed(
            push.transaction, push.warehouseid, push.store, _skus(push), "Sitoo said yes and does not show it", False
        )
        for push in not_shown
    ]
    failed += [
        _Failed(
            entry.transaction, entry.place.warehouseid, entry.place.store, {entry.sku: entry.quantity_milli},
            f"Sitoo refused it: {entry.reason}", False,
        )
        for entry in withheld
        if entry.cause == "refused"
    ]  # fmt: skip
    return [
        *_missing(entry for entry in withheld if entry.cause == "unusable"),
        *_waiting(entry for entry in withheld if entry.cause == "waits"),
        *_failures(failed),
        *(_doubled(push, stores[push.warehouseid]) for push in doubled if push.warehouseid in stores),
    ]


def _missing(withheld: Iterable[Withheld]) -> list[Case]:
    """One case a warehouse and SKU."""
    by_sku: defaultdict[tuple[int, str], list[Withheld]] = defaultdict(list)
    for entry in withheld:
        by_sku[entry.place.warehouseid, entry.sku].append(entry)
    cases = []
    for (warehouseid, sku), entries in sorted(by_sku.items()):
        quantity = sum(entry.quantity_milli for entry in entries)
        numbers = sorted({entry.number for entry in entries if entry.transaction is not None})
        cases.append(
            Case(
                "stock_sku_missing_in_sitoo",
                f"{warehouseid}/{sku}",
                store=entries[0].place.store,
                trading_day=None,
                record=sku,
                amount_minor=None,
                currency=None,
                evidence={
                    "text": f"{units(quantity)} not pushed to warehouse {warehouseid}: {entries[0].reason}",
                    "warehouse": warehouseid,
                    "item": entries[0].item,
                    "quantity": units(quantity),
                    "transactions": numbers,
                },
            )
        )
    return cases


def _waiting(withheld: Iterable[Withheld]) -> Iterator[Case]:
    """One case a transaction, of the store that goods left, or else came to."""
    together: defaultdict[int, list[Withheld]] = defaultdict(list)
    for entry in withheld:
        if entry.transaction is not None:
            together[entry.transaction].append(entry)
    for transaction, entries in sorted(together.items()):
        entries.sort(key=lambda entry: (entry.quantity_milli > 0, entry.place.warehouseid, entry.sku))
        first, name = entries[0], f"NS-{transaction}"
        goods = [f"{units(entry.quantity_milli)} of {entry.sku} at store {entry.place.store}" for entry in entries]
        text = (
            f"NetSuite's {first.number} moved {_some(goods)}, and Sitoo is not told before a person says so: "
            f"{first.reason}. If Sitoo has to follow: `sitoo-netsuite stock approve {name}`. If Sitoo is right without "
            f"it: `sitoo-netsuite stock leave {name} --because TEXT`. If it is wrong, delete it in NetSuite."
        )
        yield Case(
            "stock_made_in_netsuite",
            str(transaction),
            store=first.place.store,
            trading_day=None,
            record=name,
            amount_minor=None,
            currency=None,
            evidence={"text": text, "number": first.number},
        )


@dataclass(frozen=True, slots=True)
class _Failed:
    """Quantities by SKU that did not get there, of a transaction (None: the levels of a virtual warehouse)."""

    transaction: int | None
    warehouseid: int
    store: str
    skus: Mapping[str, int]
    reason: str
    waiting: bool


def _failures(failed: Iterable[_Failed]) -> Iterator[Case]:
    """One case a transaction and warehouse; it waits where everything of it waits."""
    together: defaultdict[tuple[str, int], list[_Failed]] = defaultdict(list)
    for entry in failed:
        name = "levels" if entry.transaction is None else str(entry.transaction)
        together[name, entry.warehouseid].append(entry)
    for (name, warehouseid), entries in sorted(together.items()):
        skus: Counter[str] = Counter()
        for entry in entries:
            skus.update(entry.skus)
        reasons = sorted({entry.reason for entry in entries})
        yield Case(
            "stock_push_failed",
            f"{name}/{warehouseid}",
            store=entries[0].store,
            trading_day=None,
            record=name,
            amount_minor=None,
            currency=None,
            waiting=all(entry.waiting for entry in entries),
            evidence={
                "text": f"warehouse {warehouseid} lacks {_listed(skus)}; {'; '.join(reasons)}",
                "warehouse": warehouseid,
                "skus": {sku: units(quantity) for sku, quantity in sorted(skus.items())},
                "reasons": reasons,
            },
        )


def _skus(push: Push) -> dict[str, int]:
    return {line.sku: line.quantity_milli for line in push.lines}


def _doubled(push: RecordedPush, store: str) -> Case:
    return Case(
        "stock_push_doubled",
        push.external_id,
        store=store,
        trading_day=None,
        record=push.external_id,
        amount_minor=None,
        currency=None,
        evidence={
            "text": f"Sitoo shows it {push.seen} times; what is too much of it is taken back",
            "warehouse": push.warehouseid,
            "transaction": push.transaction,
            "times": push.seen,
        },
    )


def units(milli: int) -> str:
    """A quantity in thousandths as people read it: `5`, `-0.250`."""
    sign, whole = ("-" if milli < 0 else ""), abs(milli)
    return f"{sign}{whole // 1000}" if whole % 1000 == 0 else f"{sign}{whole // 1000}.{whole % 1000:03d}"


def _listed(skus: Mapping[str, int]) -> str:
    return _some([f"{units(quantity)} of {sku}" for sku, quantity in sorted(skus.items())])


def _some(goods: Sequence[str]) -> str:
    """The first ten, and how many more there are."""
    return ", ".join(goods[:10]) + (f" and {len(goods) - 10} more SKUs" if len(goods) > 10 else "")

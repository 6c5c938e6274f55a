"""What somebody does in Sitoo's Backoffice while the sandbox runs: to titles, prices and price lists.

Belongs here: when it is done, and to which fields. Does not belong here: to which product (`master_data`), what is done
to receipts and in NetSuite (`by_hand`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from sitoo_netsuite.money import to_minor, to_text
from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.faults.master_data import Aim
from sitoo_netsuite.sandbox.faults.truth import Planted, Truth
from sitoo_netsuite.sandbox.sitoo.catalogue import Catalogue
from sitoo_netsuite.sandbox.world import World

# What is changed was seen before as it ought to be: nobody could tell a change from what has always been so.
_SEEN_BEFORE = timedelta(days=1)


class Backoffice:
    """Does what is due, once. Called by one thread; the truth may be read by others.

    A price list is there from the first time anybody looks at Sitoo; products are changed a day into the trade, and no
    sooner than a day after that first time.
    """

    def __init__(self, world: World, clock: SandboxClock, truth: Truth, aims: Iterable[Aim]) -> None:
        self._currencies = {site.eshopid: site.currency for site in world.sites}
        self._clock = clock
        self._truth = truth
        self._aims = [aim for aim in aims if aim.fault.by_hand]
        self._begun = datetime.combine(world.start, time(0), tzinfo=UTC)
        self._changes_from: datetime | None = None

    def act(self, catalogue: Catalogue) -> None:
        """Does everything that has come due by the sandbox's clock."""
        now = self._clock.now()
        if self._changes_from is None:
            self._changes_from = max(now, self._begun) + _SEEN_BEFORE
        due = [aim for aim in self._aims if aim.fault.name == "lower_list" or now >= self._changes_from]
        for aim in due:
            self._do(catalogue, aim, int(now.timestamp()))
            self._aims.remove(aim)

    def _do(self, catalogue: Catalogue, aim: Aim, now: int) -> None:
        eshopid, sku, currency = aim.eshopid, aim.record, self._currencies[aim.eshopid]
        product, amount_minor = catalogue.product(eshopid, sku), None
        price_minor = to_minor(product["moneyprice"], currency)
        match aim.fault.name:
            case "product_changed":
                catalogue.change(eshopid, sku, title=f"{product['title']} (new)")
            case "price_changed":
                catalogue.change(eshopid, sku, moneyprice=to_text(price_minor + price_minor // 10 + 100, currency))
            case "lower_list":
                right = catalogue.till(eshopid, sku)
                pricelistid = catalogue.add_list(eshopid, pricelistname="Outlet")
                catalogue.set_list_price(eshopid, pricelistid, sku, to_text(price_minor * 3 // 4, currency))
                till = catalogue.till(eshopid, sku)
                assert right is not None, f"{sku} is sold before it is put on a further list"
                assert till is not None, f"{sku} is sold after it was put on a further list"
                amount_minor = right.price_minor - till.price_minor
        self._truth.add(
            Planted(aim.fault, None, None, sku, amount_minor, None if amount_minor is None else currency, now)
        )

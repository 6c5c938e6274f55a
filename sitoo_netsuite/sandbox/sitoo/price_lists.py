"""The price lists of one Sitoo site, the prices in them, and which of them a till takes.

Belongs here: lists, their items with volume prices, and the rules about list 1. Does not belong here: products, VAT,
HTTP. Prices are in minor units of the list's currency, on the basis the site stores them in.

Source: reference section 4, Price lists. Text of refusals is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sitoo_netsuite.sandbox.sitoo import bodies
from sitoo_netsuite.sandbox.sitoo.answers import SitooError, invalid_value
from sitoo_netsuite.sandbox.sitoo.facts import Record
from sitoo_netsuite.sandbox.world import DEFAULT_LIST

_MOST_LISTS = 100
LIST_SHAPE: bodies.Shape = {
    "pricelistname": bodies.text,
    "pricelistdescription": bodies.text,
    "active": bodies.flag,
    "externalid": bodies.text,
    "currencycode": bodies.text,
    "tags": bodies.texts,
}
_VOLUME_SHAPE: bodies.Shape = {"levelstart": bodies.whole, "moneyprice": bodies.price}

# From how many on, and the price of each then.
VolumePrices = tuple[tuple[int, int], ...]


@dataclass(slots=True)
class PriceList:
    """One list. `prices` and `volumes` are by productid."""

    pricelistid: int
    fields: dict[str, Any]
    prices: dict[int, int] = field(default_factory=dict)
    volumes: dict[int, VolumePrices] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        return str(self.fields["currencycode"])

    def shown(self) -> Record:
        """The list as Sitoo shows it."""
        return {"pricelistid": self.pricelistid, **self.fields}


class PriceLists:
    """The lists of a site; list 1 is always there. Not thread-safe: the catalogue holds the lock."""

    def __init__(self, currency: str, prices_with_vat: bool) -> None:
        self._currency = currency
        self._with_vat = prices_with_vat
        self._lists: dict[int, PriceList] = {}
        self._next = DEFAULT_LIST
        self.restore(DEFAULT_LIST, "Default", currency, {})

    def restore(self, pricelistid: int, name: str, currency: str, prices: dict[int, int]) -> None:
        """A list that was there before anybody watched; ids have to rise. Nothing is checked."""
        fields = self._unset() | {"pricelistname": name, "currencycode": currency}
        self._lists[pricelistid] = PriceList(pricelistid, fields, prices)
        self._next = pricelistid + 1

    def all(self) -> list[PriceList]:
        """The lists by their id."""
        return list(self._lists.values())

    def get(self, pricelistid: int) -> PriceList:
        """One list. Raises the 404."""
        found = self._lists.get(pricelistid)
        if found is None:
            raise SitooError(404)
        return found

    @property
    def default(self) -> PriceList:
        return self._lists[DEFAULT_LIST]

    def add(self, body: bodies.Body) -> int:
        """A new list: its pricelistid. Sites whose prices are stored without VAT have list 1 alone (reference 2.2)."""
        values = bodies.read(body, LIST_SHAPE, required=("pricelistname",))
        if len(self._lists) >= _MOST_LISTS:
            raise SitooError(400, f"No more than {_MOST_LISTS} price lists")
        if not self._with_vat:
            raise SitooError(400, "Several price lists need prices stored with VAT")
        pricelistid, self._next = self._next, self._next + 1
        self._lists[pricelistid] = PriceList(pricelistid, self._unset() | values)
        return pricelistid

    def change(self, pricelistid: int, body: bodies.Body) -> None:
        """Changes the fields that are named."""
        self.get(pricelistid).fields |= bodies.read(body, LIST_SHAPE)

    def remove(self, pricelistid: int) -> None:
        """Takes a list away; list 1 stays."""
        self.get(pricelistid)
        if pricelistid == DEFAULT_LIST:
            raise SitooError(400, "The default price list cannot be deleted")
        del self._lists[pricelistid]

    def set_item(self, pricelistid: int, productid: int, moneyprice: str, volume: list[dict[str, Any]] | None) -> None:
        """The price of a product in a list. volume: None leaves its volume prices as they are."""
        price_list = self.get(pricelistid)
        currency = price_list.currency
        price_minor = bodies.minor_units("moneyprice", moneyprice, currency)
        if volume is not None:
            levels = [bodies.read(level, _VOLUME_SHAPE, required=tuple(_VOLUME_SHAPE)) for level in volume]
            if any(level["levelstart"] < 1 for level in levels):
                raise invalid_value("moneypricevolume")
            price_list.volumes[productid] = tuple(
                (level["levelstart"], bodies.minor_units("moneypricevolume", level["moneyprice"], currency))
                for level in sorted(levels, key=lambda level: int(level["levelstart"]))
            )
        price_list.prices[productid] = price_minor

    def remove_item(self, pricelistid: int, productid: int) -> None:
        """A product's price leaves a list. Not list 1, where every product has its own (inferred)."""
        price_list = self.get(pricelistid)
        if pricelistid == DEFAULT_LIST:
            raise SitooError(400, "A product cannot leave the default price list")
        if price_list.prices.pop(productid, None) is None:
            raise SitooError(404)
        price_list.volumes.pop(productid, None)

    def forget(self, productid: int) -> None:
        """A product is gone, and its prices with it."""
        for price_list in self._lists.values():
            price_list.prices.pop(productid, None)
            price_list.volumes.pop(productid, None)

    def lowest(self, productid: int) -> tuple[int, int] | None:
        """The stored price of one unit that a till takes, and its pricelistid; None where no list has one.

        The lowest of the lists that apply: active ones in the site's currency. One with tags applies to some customers
        or campaigns only (inferred), so not to everybody.
        """
        offers = [
            (price_minor, price_list.pricelistid)
            for price_list in self._lists.values()
            if price_list.fields["active"] and not price_list.fields["tags"] and price_list.currency == self._currency
            for price_minor in _of_one(price_list, productid)
        ]
        return min(offers, default=None)

    def _unset(self) -> dict[str, Any]:
        return {
            "pricelistname": "",
            "pricelistdescription": "",
            "active": True,
            "externalid": "",
            "currencycode": self._currency,
            "tags": [],
        }


def _of_one(price_list: PriceList, productid: int) -> Iterator[int]:
    """The prices a list has for a single unit of a product."""
    price_minor = price_list.prices.get(productid)
    if price_minor is not None:
        yield price_minor
        yield from (level for start, level in price_list.volumes.get(productid, ()) if start <= 1)

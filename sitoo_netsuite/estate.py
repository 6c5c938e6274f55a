"""The retailer's own facts, read from `estate.yaml`: stores, books, tenders, VAT, owners, dates.

Belongs here: the file's shape, its validation, and look-ups over it. Every mistake is reported at once, each with its
path in the file and the mend. Does not belong here: anything an API is asked for, secrets, and accounting rules
(those are in `flows/journals`).

Account numbers are NetSuite's `acctnumber`; subsidiaries and locations are NetSuite internal ids, as text.
VAT rates are written in percent as text (`"25"`, `"17.5"`) and held in basis points (2500, 1750).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from sitoo_netsuite.money import MoneyError, to_minor
from sitoo_netsuite.plain_yaml import PlainYamlError, read_plain_yaml


class EstateError(Exception):
    """The estate file cannot be used. `findings` holds one line per mistake: path in the file, what, the mend."""

    def __init__(self, source: str, findings: list[str]) -> None:
        if len(findings) > _MOST_FINDINGS:
            findings = [*findings[:_MOST_FINDINGS], f"and {len(findings) - _MOST_FINDINGS} more mistakes"]
        super().__init__(f"{source} cannot be used:\n" + "\n".join(f"  - {finding}" for finding in findings))
        self.findings = findings


_RATE = re.compile(r"-?\d{1,9}(\.\d{1,9})?", re.ASCII)
_FIELD_NAME = re.compile(r"[A-Za-z]\w{0,59}", re.ASCII)
_OWN_PATH = re.compile(r"[a-z_]+[\w.\[\]]*: ", re.ASCII)
_CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
# Sitoo's default list, the price (`moneyprice`) of the product itself (reference sitoo-api, sections 3 and 4).
DEFAULT_PRICE_LIST = 1
# Nothing is reached back to before it: a first day of the year 1 has no days before it.
_FIRST_DATE, _LAST_DATE = date(2000, 1, 1), date(2099, 12, 31)
_LONGEST_NAME = 100
_MOST_FINDINGS = 40


def _rate_to_bp(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or not _RATE.fullmatch(str(value)):
        raise ValueError('write the VAT rate in percent, as in "25" or "17.5"')
    scaled = Decimal(str(value)) * 100
    if scaled != int(scaled) or not 0 <= scaled < 10_000:
        raise ValueError("a VAT rate lies between 0 and 100 percent and has at most two decimals")
    return int(scaled)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('write an IANA time zone, as in "Europe/Stockholm"') from None
    return value


def _currency(value: str) -> str:
    if len(value) != 3 or not value.isascii() or not value.isalpha() or not value.isupper():
        raise ValueError('write the ISO 4217 currency code, as in "SEK"')
    return value


def _country(value: str) -> str:
    if len(value) != 2 or not value.isascii() or not value.isalpha() or not value.isupper():
        raise ValueError('write the ISO 3166 country code, as in "SE"')
    return value


def _text(value: object) -> object:
    # YAML reads 3001 as a number; an account number or an internal id is a name.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _account(value: str) -> str:
    if not value or value == UNDECIDED:
        raise ValueError("choose the number of an account in NetSuite's chart")
    return value


def _internal_id(value: str) -> str:
    if not value.isascii() or not value.isdecimal():
        raise ValueError('choose NetSuite\'s internal id, as in "11"')
    return value


def _balance(value: object) -> object:
    # Unquoted, YAML reads -1200.10 as a binary fraction.
    if isinstance(value, float):
        raise ValueError('write the balance in quotes, as in "-1200.00"')
    return _text(value)


# What a draft writes where a person has to decide; never valid.
UNDECIDED = "?"


def _clock_time(value: object) -> object:
    # Unquoted, YAML 1.1 reads 10:30 as the number 630.
    if not isinstance(value, str) or not _CLOCK_TIME.fullmatch(value):
        raise ValueError('write the time in quotes, as in "04:00"')
    return value


def _day(value: object) -> object:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("write a date as 2026-03-02")
    if not _FIRST_DATE <= value <= _LAST_DATE:
        raise ValueError(f"{value} lies before {_FIRST_DATE} or after {_LAST_DATE}; correct the year")
    return value


def _whole(value: object) -> object:
    if isinstance(value, bool | float):
        raise ValueError("write a whole number")
    return value


def _name(value: str) -> str:
    if value == UNDECIDED:
        raise ValueError("is not decided yet; choose one")
    if value != value.strip() or not value.isprintable():
        raise ValueError("begins or ends with a space, or holds a line break or control character; remove it")
    return value


def _field_name(value: str) -> str:
    if not _FIELD_NAME.fullmatch(value):
        raise ValueError('choose the name of a field in NetSuite, as in "custitem_colour"')
    return value


RateBp = Annotated[int, BeforeValidator(_rate_to_bp)]
Zone = Annotated[str, AfterValidator(_zone)]
Currency = Annotated[str, AfterValidator(_currency)]
Country = Annotated[str, AfterValidator(_country)]
Account = Annotated[str, BeforeValidator(_text), AfterValidator(_account)]
InternalId = Annotated[str, BeforeValidator(_text), AfterValidator(_internal_id)]
ClockTime = Annotated[time, BeforeValidator(_clock_time)]
Day = Annotated[date, BeforeValidator(_day)]
WholeNumber = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=2**53)]
Name = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME), AfterValidator(_name)]
# A field of NetSuite's REST records, as in custitem_colour.
FieldName = Annotated[str, AfterValidator(_field_name)]
# Part of every external id (`JE-<store>-<yyyymmdd>-<currency>-<n>`), where `-` separates.
StoreKey = Annotated[str, BeforeValidator(_text), Field(pattern=r"^[A-Za-z0-9_]{1,20}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ItemKind(StrEnum):
    """What a SKU stands for at the till, when it is not goods or a service sold."""

    GIFT_CARD = "gift_card"
    DEPOSIT = "deposit"
    TIP = "tip"


class TenderKind(StrEnum):
    """How a payment is booked. `other` goes to its own clearing account (invoice, Swish, Klarna)."""

    CASH = "cash"
    CARD = "card"
    GIFT_CARD = "gift_card"
    CREDIT_NOTE = "credit_note"
    DEPOSIT = "deposit"
    OTHER = "other"


class SpecialItem(_Part):
    """A SKU that is not sold goods: a gift card of some type, a deposit, a tip."""

    sku: Name
    kind: ItemKind
    card: Name | None = None

    @model_validator(mode="after")
    def _card_names_its_type(self) -> SpecialItem:
        if (self.kind is ItemKind.GIFT_CARD) != (self.card is not None):
            raise ValueError("`card` names the gift-card type of a gift_card item, and of nothing else")
        return self


class VatAccounts(_Part):
    """Accounts of one VAT rate. `rate` is percent in the file, basis points here."""

    rate: RateBp
    sales: Account
    discounts: Account
    returns: Account
    vat_on_sales: Account
    vat_on_returns: Account


class CardScheme(_Part):
    """Clearing account of one acquirer and card scheme; an omitted part matches any."""

    acquirer: Name | None = None
    scheme: Name | None = None
    account: Account


class Tender(_Part):
    """A payment as the till names it (`payments[].name`). Cash goes to the store's till account."""

    name: Name
    kind: TenderKind
    account: Account | None = None
    card: Name | None = None
    schemes: tuple[CardScheme, ...] = ()

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Tender:
        if self.kind is TenderKind.OTHER and self.account is None:
            raise ValueError(f"tender {self.name!r} of kind other needs an `account`")
        if self.kind is TenderKind.CARD and self.account is None and not self.schemes:
            raise ValueError(f"card tender {self.name!r} needs an `account`, or `schemes` with accounts")
        if (self.kind is TenderKind.GIFT_CARD) != (self.card is not None):
            raise ValueError(f"tender {self.name!r}: `card` names the gift-card type of a gift_card tender only")
        if self.kind not in (TenderKind.OTHER, TenderKind.CARD) and self.account is not None:
            raise ValueError(f"tender {self.name!r}: the account of a {self.kind} tender stands under `accounts`")
        return self

    def clearing_account(self, acquirer: str | None, scheme: str | None) -> str | None:
        """Clearing account of a card payment, the closest match first; None when nothing matches (unmapped)."""
        candidates = [
            (match.acquirer is not None, match.scheme is not None, match.account)
            for match in self.schemes
            if match.acquirer in (None, acquirer) and match.scheme in (None, scheme)
        ]
        return max(candidates)[2] if candidates else self.account


class GiftCardType(_Part):
    """A gift-card type. Multi-purpose: VAT at redemption. Single-purpose: VAT at issue, none later.

    Source: EU VAT Directive articles 30a and 30b; reference field.md, section 5. `rate` is the one VAT rate of a
    single-purpose card.
    """

    card: Name
    purpose: Literal["multi", "single"]
    liability: Account
    rate: RateBp | None = None

    @model_validator(mode="after")
    def _single_purpose_has_a_rate(self) -> GiftCardType:
        if (self.purpose == "single") != (self.rate is not None):
            raise ValueError("a single-purpose card needs its VAT `rate`; a multi-purpose card has none")
        return self


class PettyCash(_Part):
    """Petty cash by reason. A reason the till's comment doesn't name goes to `default`."""

    default: Account
    reasons: dict[Name, Account] = {}


class NamedAccounts(_Part):
    """The accounts that depend on neither a VAT rate nor a tender."""

    till: Account
    safe: Account
    bank_bag: Account
    over_short: Account
    float_difference: Account
    rounding: Account
    tips: Account
    deposits: Account
    undelivered: Account
    credit_notes: Account
    exchange_clearing: Account
    petty_cash: PettyCash


class StockAccounts(_Part):
    """What an inventory adjustment posts the goods against.

    cogs: what was sold and what came back. shrinkage: what a count found more or less. adjustments: every other
    movement of the tills, unless its reason code has an account of its own under `reasons`. supplied: goods that a
    supplier delivered to a store and that are not billed yet; without it such goods are a case. in_transit: the
    NetSuite location (internal id) where goods are that one store has sent and the other has not received; without it
    the stores' transfers are cases.
    """

    cogs: Account
    shrinkage: Account
    adjustments: Account
    reasons: dict[Name, Account] = {}
    supplied: Account | None = None
    in_transit: InternalId | None = None

    def offset(self, kind: str, reason: str) -> str | None:
        """The account that a movement of this kind ('sale', 'return', 'stocktake', 'manual', 'supply') posts against;
        None where the books have none for it.
        """
        if kind in ("sale", "return"):
            return self.cogs
        if kind == "supply":
            return self.supplied
        return self.reasons.get(reason) or (self.shrinkage if kind == "stocktake" else self.adjustments)


class Books(_Part):
    """The accounts of one subsidiary, in its one currency. `stock` is needed where its stores' stock is followed."""

    subsidiary: InternalId
    currency: Currency
    # ISO 3166 alpha-2: how the telephone numbers of its customers are read. Without it only those with a `+` are.
    country: Country | None = None
    vat: tuple[VatAccounts, ...] = Field(min_length=1)
    tenders: tuple[Tender, ...] = Field(min_length=1)
    gift_cards: tuple[GiftCardType, ...] = ()
    accounts: NamedAccounts
    stock: StockAccounts | None = None

    @cached_property
    def by_rate(self) -> dict[int, VatAccounts]:
        return {entry.rate: entry for entry in self.vat}

    @cached_property
    def by_tender(self) -> dict[str, Tender]:
        return {tender.name: tender for tender in self.tenders}

    @cached_property
    def by_card(self) -> dict[str, GiftCardType]:
        return {card.card: card for card in self.gift_cards}

    def account_numbers(self) -> set[str]:
        """Every account number the books name, for checking against NetSuite's chart."""
        named = self.accounts.model_dump(exclude={"petty_cash"})
        return {
            *named.values(),
            self.accounts.petty_cash.default,
            *self.accounts.petty_cash.reasons.values(),
            *(number for entry in self.vat for number in entry.model_dump(exclude={"rate"}).values()),
            *(tender.account for tender in self.tenders if tender.account),
            *(match.account for tender in self.tenders for match in tender.schemes),
            *(card.liability for card in self.gift_cards),
        }


class _Dated(_Part):
    start: Day = Field(alias="from")


class SalesSetting(_Dated):
    """How sales are booked from a trading day on."""

    value: Literal["summary"]


class ReturnsSetting(_Dated):
    """How returns are booked from a trading day on."""

    value: Literal["journal"]


class GoLive(_Part):
    """First trading day of each flow. Nothing dated before it is ever planned, only read.

    stock unset: the store's stock is left alone.
    """

    sales: Day
    stock: Day | None = None


class OpeningBalance(_Part):
    """What NetSuite's ledger held of an account at a store's location before the store's tills went live.

    `balance` is decimal text in the store's currency, debit positive.
    """

    account: Account
    balance: Annotated[str, BeforeValidator(_balance)]


class Store(_Part):
    """One shop. `sitoo_store` is Sitoo's storeid; registers reach it through their warehouse."""

    store: StoreKey
    name: Name
    sitoo_store: WholeNumber
    subsidiary: InternalId
    location: InternalId
    currency: Currency
    time_zone: Zone
    cut_over: ClockTime
    go_live: GoLive
    sales: tuple[SalesSetting, ...] = Field(min_length=1)
    returns: tuple[ReturnsSetting, ...] = Field(min_length=1)
    opening: tuple[OpeningBalance, ...] = ()

    @cached_property
    def opening_minor(self) -> dict[str, int]:
        """Declared opening balance by account, in minor units of the store's currency."""
        return {entry.account: to_minor(entry.balance, self.currency) for entry in self.opening}

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @model_validator(mode="after")
    def _settings_cover_every_day(self) -> Store:
        settings: tuple[tuple[str, tuple[_Dated, ...]], ...] = (("sales", self.sales), ("returns", self.returns))
        for name, dated in settings:
            starts = [entry.start for entry in dated]
            if starts != sorted(set(starts)):
                raise ValueError(f"`{name}` must be listed by rising `from`, each date once")
            if starts[0] > self.go_live.sales:
                raise ValueError(f"the first entry of `{name}` must hold from go-live ({self.go_live.sales}) on")
        return self

    @model_validator(mode="after")
    def _opening_balances_can_be_read(self) -> Store:
        problems = _repeated("opening", "account", (entry.account for entry in self.opening))
        for place, entry in enumerate(self.opening):
            try:
                to_minor(entry.balance, self.currency)
            except MoneyError as error:
                problems.append(f'opening[{place}].balance: {error}; write it as in "-1200.00", debit positive')
        if problems:
            raise ValueError("\n".join(problems))
        return self


class Owners(_Part):
    """Who each kind of case lands with: a name or address a person would recognise."""

    finance: Name = "finance"
    retail_ops: Name = "retail ops"
    integration: Name = "integration"


class SitooSettings(_Part):
    """How Sitoo is followed. The entries below `inferred` are not confirmed by Sitoo's documents (reference 3, 5)."""

    overlap_orders: WholeNumber = 200
    reread_days: WholeNumber = Field(default=35, ge=1, le=366)
    # A register whose receipts have no Z-report so long after their trading day ended: somebody must look.
    z_overdue_hours: WholeNumber = Field(default=36, ge=1, le=8760)
    # The first wait before a request is tried again; it doubles from there (reference 1.8).
    retry_seconds: float = Field(default=5.0, gt=0, le=60)
    practice_key: Name = "pos-practice"
    undelivered_key: Name = "delivery-pickup-warehouseid"
    virtual_payments_in_z: bool = False


class NetSuiteSettings(_Part):
    """NetSuite's limits: requests in flight over the whole account, lines of a journal (reference 3.1, 3.4)."""

    slots: WholeNumber = Field(default=5, ge=1, le=100)
    journal_lines: WholeNumber = Field(default=200, ge=2, le=200)
    # The first wait before a request is tried again; it doubles from there, with jitter (reference 3.1).
    retry_seconds: float = Field(default=1.0, gt=0, le=60)


class TaxSchedule(_Part):
    """The Sitoo VAT group (vatid) of a NetSuite tax schedule, by Sitoo site (eshopid)."""

    tax_schedule: Name
    vat_groups: dict[WholeNumber, WholeNumber] = Field(min_length=1)


class PriceLevel(_Part):
    """A NetSuite price level. `holds_vat` unset: not known, so nothing of it is pushed."""

    price_level: Name
    holds_vat: bool | None = None


class PriceListSource(_Part):
    """The price level and currency that a Sitoo price list is filled from, for items of a subsidiary."""

    site: WholeNumber
    price_list: WholeNumber
    price_level: Name
    currency: Currency
    subsidiary: InternalId


class CatalogueSettings(_Part):
    """How NetSuite's items and prices reach Sitoo's sites. A site without a price list here is left alone.

    push: without it the two are compared and flagged, and nothing is written. drift: what happens to a mastered field
    that somebody changed in Sitoo. matrix_options: name of a variant's attribute in Sitoo to the item field in NetSuite
    that holds it. till_flag: the item field (a check box) that says an item is sold at the tills; without it every item
    of `item_types` is. batch: products per request (reference sitoo-api 1.7).
    """

    push: bool = False
    drift: Literal["put_back", "flag"] = "put_back"
    item_types: tuple[Name, ...] = ("InvtPart", "Kit", "Assembly", "NonInvtPart", "Service", "OthCharge", "GiftCert")
    till_flag: FieldName | None = None
    tax_schedules: tuple[TaxSchedule, ...] = Field(min_length=1)
    matrix_options: dict[Name, FieldName] = {}
    price_levels: tuple[PriceLevel, ...] = Field(min_length=1)
    price_lists: tuple[PriceListSource, ...] = Field(min_length=1)
    batch: WholeNumber = Field(default=200, ge=1, le=1000)

    @cached_property
    def vat_groups(self) -> dict[tuple[str, int], int]:
        """(tax schedule, eshopid) to vatid."""
        return {
            (entry.tax_schedule, site): vatid
            for entry in self.tax_schedules
            for site, vatid in entry.vat_groups.items()
        }

    @cached_property
    def holds_vat(self) -> dict[str, bool | None]:
        """Price level to whether its prices hold VAT; None: not known."""
        return {entry.price_level: entry.holds_vat for entry in self.price_levels}

    @cached_property
    def sites(self) -> frozenset[int]:
        return frozenset(entry.site for entry in self.price_lists)

    def lists_of(self, site: int) -> tuple[PriceListSource, ...]:
        """The price lists of a Sitoo site that are filled from NetSuite."""
        return tuple(entry for entry in self.price_lists if entry.site == site)

    @model_validator(mode="after")
    def _lists_have_their_level(self) -> CatalogueSettings:
        problems = [
            *_repeated("tax_schedules", "tax_schedule", (entry.tax_schedule for entry in self.tax_schedules)),
            *_repeated("price_levels", "price_level", (entry.price_level for entry in self.price_levels)),
            *_repeated("price_lists", "price_list", ((entry.site, entry.price_list) for entry in self.price_lists)),
        ]
        for place, entry in enumerate(self.price_lists):
            if entry.price_level not in self.holds_vat:
                problems.append(f"price_lists[{place}].price_level: no price level {entry.price_level!r}; add it")
            if not any(entry.site in schedule.vat_groups for schedule in self.tax_schedules):
                problems.append(f"price_lists[{place}].site: no tax schedule has a VAT group of {entry.site}; add it")
            if not any(other.price_list == DEFAULT_PRICE_LIST for other in self.lists_of(entry.site)):
                problems.append(
                    f"price_lists[{place}].site: site {entry.site} has no price list {DEFAULT_PRICE_LIST}, without "
                    "which a new product has no price; add it"
                )
        if problems:
            raise ValueError("\n".join(problems))
        return self


class StockWarehouse(_Part):
    """A Sitoo warehouse whose stock is kept in step, the store it belongs to, and the NetSuite location it is."""

    warehouse: WholeNumber
    store: StoreKey
    location: InternalId


System = Literal["sitoo", "netsuite"]


class StockOwners(_Part):
    """In which system each kind of movement is made that could be made in both. What is made in the other one waits for
    a person.

    receipts: goods from suppliers, and from warehouses that are no store's. transfers: between the stores' warehouses.
    counts: what a count found. web_orders: what is sold from a store's stock other than at its tills; with `sitoo` each
    system moves its own stock for them, and neither is told of the other's.
    """

    receipts: System = "netsuite"
    transfers: System = "sitoo"
    counts: System = "sitoo"
    web_orders: System = "netsuite"


class StockSettings(_Part):
    """How stock is kept in step.

    push: without it NetSuite's movements are landed and compared, and nothing is written to Sitoo. feed: whether the
    tills' sales reach NetSuite's stock when their store-day is released to the books, or while the day goes on, so that
    the web shop does not sell what a till sold. adjustment_lines: an adjustment that needs more is split.
    needs_approval: kinds of movement made in Sitoo that reach NetSuite only once a person has approved them.
    """

    push: bool = False
    feed: Literal["after_close", "during_day"] = "after_close"
    adjustment_lines: WholeNumber = Field(default=200, ge=1, le=1000)
    owners: StockOwners = StockOwners()
    needs_approval: frozenset[Literal["manual", "stocktake", "shipment"]] = frozenset()
    warehouses: tuple[StockWarehouse, ...] = Field(min_length=1)

    @cached_property
    def by_warehouse(self) -> dict[int, StockWarehouse]:
        return {entry.warehouse: entry for entry in self.warehouses}

    @cached_property
    def by_location(self) -> dict[str, StockWarehouse]:
        return {entry.location: entry for entry in self.warehouses}

    @model_validator(mode="after")
    def _places_are_told_apart(self) -> StockSettings:
        problems = [
            *_repeated("warehouses", "warehouse", (entry.warehouse for entry in self.warehouses)),
            *_repeated("warehouses", "location", (entry.location for entry in self.warehouses)),
        ]
        if problems:
            raise ValueError("\n".join(problems))
        return self


class CustomerSettings(_Part):
    """How Sitoo's customers reach NetSuite.

    push: without it they are matched and linked in our tables, and nothing is written. from_receipts: whether an
    e-mail address given for a receipt may make a customer, or only links to one that exists. placeholders: addresses,
    or domains written `@example.com`, that stand for nobody. shared_by: an address on that many different names is
    nobody's own. consent_key: the order's additional data that says whether the person agreed to be kept (`true`);
    where it is set, a receipt without it makes no customer (inferred: reference sitoo-api, section 4).
    """

    push: bool = False
    from_receipts: bool = True
    placeholders: tuple[Name, ...] = ()
    shared_by: WholeNumber = Field(default=3, ge=2, le=100)
    consent_key: Name | None = None


class Estate(_Part):
    """The whole file, validated."""

    retailer: Name
    # Both clients refuse every request that writes: the dry run, and the audit of somebody else's integration.
    read_only: bool = False
    owners: Owners = Owners()
    sitoo: SitooSettings = SitooSettings()
    netsuite: NetSuiteSettings = NetSuiteSettings()
    items: tuple[SpecialItem, ...] = ()
    books: tuple[Books, ...] = Field(min_length=1)
    stores: tuple[Store, ...] = Field(min_length=1)
    catalogue: CatalogueSettings | None = None
    customers: CustomerSettings | None = None
    stock: StockSettings | None = None

    @cached_property
    def by_store(self) -> dict[str, Store]:
        return {store.store: store for store in self.stores}

    @cached_property
    def by_sitoo_store(self) -> dict[int, Store]:
        return {store.sitoo_store: store for store in self.stores}

    @cached_property
    def by_subsidiary(self) -> dict[str, Books]:
        return {books.subsidiary: books for books in self.books}

    @cached_property
    def by_special_sku(self) -> dict[str, SpecialItem]:
        return {item.sku: item for item in self.items}

    @property
    def catalogue_sites(self) -> list[int]:
        """The sites that the catalogue is pushed to, in order; none without `catalogue`."""
        return sorted(self.catalogue.sites) if self.catalogue else []

    @property
    def first_day(self) -> date:
        """Earliest go-live of any store: the first daily partition."""
        return min(store.go_live.sales for store in self.stores)

    def books_of(self, store: Store) -> Books:
        return self.by_subsidiary[store.subsidiary]

    @model_validator(mode="after")
    def _parts_agree(self) -> Estate:
        problems = [
            *_repeated("stores", "store", (store.store for store in self.stores)),
            *_repeated("stores", "sitoo_store", (store.sitoo_store for store in self.stores)),
            *_repeated("stores", "location", (store.location for store in self.stores)),
            *_repeated("books", "subsidiary", (books.subsidiary for books in self.books)),
            *_repeated("items", "sku", (item.sku for item in self.items)),
        ]
        for number, books in enumerate(self.books):
            path = f"books[{number}]"
            problems += _repeated(f"{path}.vat", "rate", (entry.rate for entry in books.vat))
            problems += _repeated(f"{path}.tenders", "name", (tender.name for tender in books.tenders))
            cards = {card.card for card in books.gift_cards}
            problems += _repeated(f"{path}.gift_cards", "card", (card.card for card in books.gift_cards))
            for place, tender in enumerate(books.tenders):
                if tender.card and tender.card not in cards:
                    problems.append(f"{path}.tenders[{place}].card: no gift-card type {tender.card!r}; add it")
            for place, card in enumerate(books.gift_cards):
                if card.rate is not None and card.rate not in {entry.rate for entry in books.vat}:
                    problems.append(f"{path}.gift_cards[{place}].rate: no accounts for that rate under {path}.vat")
            for item in self.items:
                if item.card and item.card not in cards:
                    problems.append(f"{path}.gift_cards: item {item.sku!r} is a card of type {item.card!r}; add it")
        problems += self._stock_problems()
        currencies = {books.subsidiary: books.currency for books in self.books}
        for number, store in enumerate(self.stores):
            if store.subsidiary not in currencies:
                problems.append(f"stores[{number}].subsidiary: no books for {store.subsidiary}; add them under books")
            elif store.currency != currencies[store.subsidiary]:
                problems.append(
                    f"stores[{number}].currency: {store.currency}, but its books are in "
                    f"{currencies[store.subsidiary]}; a store sells in its subsidiary's currency"
                )
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _stock_problems(self) -> list[str]:
        warehouses = self.stock.warehouses if self.stock else ()
        keys = {store.store for store in self.stores}
        problems = [
            f"stock.warehouses[{place}].store: no store {entry.store!r}; add it under stores"
            for place, entry in enumerate(warehouses)
            if entry.store not in keys
        ]
        locations = {entry.location for entry in warehouses}
        problems += [
            f"books[{number}].stock.in_transit: {books.stock.in_transit} is the location of a store's warehouse; name "
            "one for goods on their way alone"
            for number, books in enumerate(self.books)
            if books.stock is not None and books.stock.in_transit in locations
        ]
        kept = {entry.store for entry in warehouses}
        with_accounts = {books.subsidiary for books in self.books if books.stock is not None}
        for number, store in enumerate(self.stores):
            if store.go_live.stock is None:
                continue
            if store.store not in kept:
                problems.append(
                    f"stores[{number}].go_live.stock: no warehouse of store {store.store!r} stands under "
                    "stock.warehouses; add it"
                )
            if store.subsidiary not in with_accounts:
                problems.append(
                    f"stores[{number}].go_live.stock: the books of {store.subsidiary} have no `stock` accounts; "
                    "add them"
                )
            if store.go_live.stock < store.go_live.sales:
                problems.append(
                    f"stores[{number}].go_live.stock: lies before go_live.sales ({store.go_live.sales}), and the day's "
                    "receipts are not followed before it; write that day or a later one"
                )
        return problems


def _repeated(path: str, field: str, values: Iterable[object]) -> list[str]:
    seen: set[object] = set()
    found = []
    for number, value in enumerate(values):
        if value in seen:
            found.append(f"{path}[{number}].{field}: {value!r} stands there twice; keep one")
        seen.add(value)
    return found


def load_estate(path: Path) -> Estate:
    """The validated estate of a file. Raises EstateError with every mistake found, each by its path."""
    try:
        if path.exists() and not path.is_file():
            raise EstateError(str(path), ["is not a file; name the file itself"])
        content = read_plain_yaml(path.read_bytes())
    except FileNotFoundError:
        raise EstateError(str(path), ["no such file; write a first one with `sitoo-netsuite estate draft`"]) from None
    except OSError as error:
        raise EstateError(str(path), [f"cannot be read: {error.strerror}"]) from None
    except PlainYamlError as error:
        raise EstateError(str(path), error.findings) from None
    if content is None:
        raise EstateError(str(path), ["is empty; write a first one with `sitoo-netsuite estate draft`"])
    return parse_estate(content, str(path))


def parse_estate(content: Any, source: str) -> Estate:
    """The validated estate of already parsed YAML. Raises EstateError as `load_estate` does."""
    if not isinstance(content, dict):
        raise EstateError(source, ["the file must hold a mapping with `retailer`, `books` and `stores`"])
    try:
        return Estate.model_validate(content)
    except ValidationError as error:
        raise EstateError(source, [line for detail in _own_mistakes(error) for line in _finding(detail)]) from None


def _own_mistakes(error: ValidationError) -> list[dict[str, Any]]:
    """Without the lists that only count as too short because what stands in them is wrong."""
    details = error.errors()
    paths = [detail["loc"] for detail in details]

    def has_wrong_entries(path: tuple[int | str, ...]) -> bool:
        return any(other[: len(path)] == path != other for other in paths)

    return [dict(entry) for entry in details if entry["type"] != "too_short" or not has_wrong_entries(entry["loc"])]


def _finding(detail: dict[str, Any]) -> list[str]:
    # pydantic adds "[key]" where the name itself is wrong.
    parts = [part for part in detail["loc"] if part != "[key]"]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")
    # A part that looks at several of its settings names each itself, from its own place on.
    return [
        f"{path}{'.' if _OWN_PATH.match(line) else ': '}{line}" if path else line for line in _mend(detail).splitlines()
    ]


# What to do, by the kind of mistake as pydantic names it.
_MENDS = {
    "missing": "is missing; add it",
    "extra_forbidden": "is not a setting; check its spelling or remove it",
    "string_type": "must be text; write it in quotes",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "float_type": "write a number",
    "float_parsing": "write a number",
    "finite_number": "write a number",
    "tuple_type": "must be a list; begin each entry with `- `",
    "frozen_set_type": "must be a list; begin each entry with `- `",
    "model_type": "must hold settings, each as `name: value`",
    "dict_type": "must hold entries, each as `name: value`",
    "too_short": "must have at least one entry; add it",
    "string_too_short": "is empty; write something",
    "string_too_long": f"is longer than {_LONGEST_NAME} characters; shorten it",
    "string_pattern_mismatch": "write 1 to 20 letters, digits or _",
    "invalid_key": "must be text; write it in quotes",
}


def _mend(detail: dict[str, Any]) -> str:
    kind = detail["type"]
    if detail["input"] is None and kind != "missing":
        return "has no value; write one"
    if detail["input"] == UNDECIDED and kind != "value_error":
        return "is not decided yet; choose one"
    if kind in ("enum", "literal_error"):
        return f"write {detail['ctx']['expected']}".replace("'", "")
    message = str(detail["msg"]).removeprefix("Value error, ")
    return _MENDS.get(kind, message.replace("Input should be", "must be"))

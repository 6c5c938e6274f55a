"""One small retailer the pure tests share: a shop in Sweden with every kind of tender and card."""

from __future__ import annotations

import copy
from typing import Any

from sitoo_netsuite.estate import Books, Estate, Store, parse_estate

_ESTATE: dict[str, Any] = {
    "retailer": "Example",
    "items": [
        {"sku": "GIFTCARD", "kind": "gift_card", "card": "multi"},
        {"sku": "EXPERIENCE", "kind": "gift_card", "card": "experience"},
        {"sku": "DEPOSIT", "kind": "deposit"},
        {"sku": "TIP", "kind": "tip"},
    ],
    "books": [
        {
            "subsidiary": "2",
            "currency": "SEK",
            "vat": [
                {
                    "rate": rate,
                    "sales": f"30{rate}",
                    "discounts": f"31{rate}",
                    "returns": f"32{rate}",
                    "vat_on_sales": f"26{rate}",
                    "vat_on_returns": f"27{rate}",
                }
                for rate in ("25", "12", "0")
            ],
            "tenders": [
                {"name": "Cash", "kind": "cash"},
                {
                    "name": "Card",
                    "kind": "card",
                    "account": "1580",
                    "schemes": [
                        {"acquirer": "adyen", "scheme": "Visa", "account": "1581"},
                        {"acquirer": "nets", "account": "1582"},
                    ],
                },
                {"name": "Swish", "kind": "other", "account": "1590"},
                {"name": "Gift card", "kind": "gift_card", "card": "multi"},
                {"name": "Experience card", "kind": "gift_card", "card": "experience"},
                {"name": "Credit note", "kind": "credit_note"},
                {"name": "Deposit", "kind": "deposit"},
            ],
            "gift_cards": [
                {"card": "multi", "purpose": "multi", "liability": "2421"},
                {"card": "experience", "purpose": "single", "liability": "2422", "rate": "25"},
            ],
            "accounts": {
                "till": "1910",
                "safe": "1911",
                "bank_bag": "1912",
                "over_short": "6990",
                "float_difference": "6991",
                "rounding": "3740",
                "tips": "2890",
                "deposits": "2430",
                "undelivered": "2431",
                "credit_notes": "2423",
                "exchange_clearing": "1599",
                "petty_cash": {"default": "6900", "reasons": {"cleaning": "6550"}},
            },
        }
    ],
    "stores": [
        {
            "store": "S01",
            "name": "City",
            "sitoo_store": 1,
            "subsidiary": "2",
            "location": "11",
            "currency": "SEK",
            "time_zone": "Europe/Stockholm",
            "cut_over": "04:00",
            "go_live": {"sales": "2026-03-02"},
            "sales": [{"from": "2026-03-02", "value": "summary"}],
            "returns": [{"from": "2026-03-02", "value": "journal"}],
        }
    ],
}


def estate_content() -> dict[str, Any]:
    """The example estate as parsed YAML, free to be changed."""
    return copy.deepcopy(_ESTATE)


def example_estate() -> Estate:
    return parse_estate(estate_content(), "the example")


def example_books() -> Books:
    return example_estate().books[0]


def example_store() -> Store:
    return example_estate().stores[0]

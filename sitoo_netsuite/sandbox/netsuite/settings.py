"""What a sandbox account is told at start: who may log in, and how to behave where NetSuite's own behaviour is UNKNOWN.

Belongs here: the credentials it accepts and one switch per unknown of the reference. Does not belong here: facts of the
made-up retailer (`sandbox/world.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class TokenBasedCredentials:
    """One integration and one access token of token-based authentication, with the secrets both sides share."""

    consumer_key: str
    consumer_secret: str = field(repr=False)
    token_id: str
    token_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who may log in to the account: its OAuth 2.0 client-credentials mapping (reference 2.2), and a token (2.3).

    account: NetSuite's account id, raw form (`123456_SB1`). client_id: the integration's. certificates: certificate id
    (the JWT's `kid`) to the certificate's public key as PEM text. token_based: None where that feature is off.
    """

    account: str
    client_id: str
    certificates: Mapping[str, str]
    token_based: TokenBasedCredentials | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Answers to what the reference marks UNKNOWN or contradictory, each with the default the sandbox takes."""

    # Section 3.1: no Retry-After has been seen; seconds to announce on a 429, None for no header.
    retry_after_seconds: int | None = None
    # Section 3.1 counts SOAP, REST and RESTlets together and is silent on the token endpoint.
    token_requests_count: bool = False
    # Section 2.2: whether token errors carry error_description.
    token_error_description: bool = False
    # Section 4.2: a transaction id of no transaction was seen as 400 "type specified is incorrect"; documented is 404.
    missing_transaction_is_400: bool = False
    # Sections 4.1, 4.2, 9: texts that nobody has published.
    duplicate_transaction: str = "This record already exists."
    duplicate_entity: str = "This entity already exists."
    duplicate_other: str = "This record already exists."
    closed_period: str = "The transaction date you specified is not within the date range of your accounting period."
    unbalanced_journal: str = "The debits and credits of this journal entry do not balance."
    unknown_property: str = "Unknown reference or field name '{name}'."
    # Section 3.2: the names of the warning headers are unknown.
    property_warning_header: str = "X-NetSuite-PropertyNameValidation-Warnings"
    # Section 4.1: PUT .../eid:A with {"externalId": "B"}.
    put_external_id_mismatch: Literal["refuse", "url_wins"] = "refuse"
    # Section 5.1, "Allow Transaction Date Outside of Posting Period": disallow answers 400 for a date in a closed
    # period; allow books it in the first open one.
    date_outside_period: Literal["disallow", "allow"] = "disallow"
    # Section 5.1: which documents an A/R lock and an inventory lock stop (INFERRED from the field names).
    stopped_by_ar_lock: frozenset[str] = frozenset(
        {"invoice", "creditMemo", "customerPayment", "customerDeposit", "customerRefund", "cashSale", "cashRefund"}
    )
    stopped_by_inventory_lock: frozenset[str] = frozenset(
        {"inventoryAdjustment", "inventoryTransfer", "itemReceipt", "itemFulfillment"}
    )
    # Section 3.4: Oracle's text says 200 lines a journal; the number for REST is unknown. None switches it off.
    journal_line_limit: int | None = 200
    # Section 3.6: how long a job takes is unknown, and so is what a task that was refused shows as its progress. One
    # page prints the job's address absolute, another relative.
    job_seconds: float = 0.5
    progress_of_failed: str = "failed"
    job_location: Literal["relative", "absolute"] = "relative"
    # docs/faults.md, commit_after_look_up: after how many seconds a late write is carried out if nobody looks for it.
    late_write_seconds: float = 5.0
    # docs/faults.md, expired_token: tokens younger than this do not expire, so that a client that logged in again gets
    # its answer.
    token_lasts_seconds: float = 1.0
    # Section 6: "each transaction has one main line"; whether a journal's first line is it has not been seen.
    journal_first_line_is_main: bool = True

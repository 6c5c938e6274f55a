"""What NetSuite's ledger holds, read by SuiteQL for the oracle.

Belongs here: logging in (OAuth 2.0 client credentials, reference netsuite-api.md section 2.2), the one query, paging.
Does not belong here: what ought to be there.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import InvalidKeyTypeError
from joserfc.jwk import ECKey, RSAKey

from sitoo_netsuite.oracle.asking import ask
from sitoo_netsuite.oracle.figures import minor

_PAGE = 1000
_TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"
_SUITEQL_PATH = "/services/rest/query/v1/suiteql"
_RENEW_AFTER_SECONDS = 40 * 60
_ALGORITHM_OF_CURVE = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}

# A document may be dated later than its trading day (closed period), so it is found by either of the two.
_LINES = """
SELECT tal.transaction AS transaction, tal.transactionline AS line, t.externalid AS externalid,
       TO_CHAR(t.trandate, 'YYYY-MM-DD') AS trandate, a.acctnumber AS acctnumber,
       NVL(tal.debit, 0) AS debit, NVL(tal.credit, 0) AS credit
FROM transactionaccountingline tal
JOIN transaction t ON t.id = tal.transaction
JOIN transactionline tl ON tl.transaction = tal.transaction AND tl.id = tal.transactionline
JOIN account a ON a.id = tal.account
WHERE tal.posting = 'T' AND tl.location = ?
  AND (TO_CHAR(t.trandate, 'YYYYMMDD') BETWEEN ? AND ?
       OR (SUBSTR(t.externalid, 1, ?) = ? AND SUBSTR(t.externalid, ?, 8) BETWEEN ? AND ?))
  AND (tal.transaction > ? OR (tal.transaction = ? AND tal.transactionline > ?))
ORDER BY tal.transaction, tal.transactionline
"""


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One posting in NetSuite: debit positive, minor units of the store's currency."""

    external_id: str | None
    tran_date: date
    account: str
    amount: int


class LedgerSide:
    """Read-only, one request at a time. `environment` as run_oracle takes it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._base = environment["NETSUITE_URL"].rstrip("/")
        self._client = httpx.Client(timeout=120.0)
        self._token = ""
        self._renew_at = 0.0

    def __enter__(self) -> LedgerSide:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._client.close()

    def lines(self, location: str, store: str, currency: str, first: date, last: date) -> Iterator[LedgerLine]:
        """Every posting at a location that is dated, or belongs by its external id, within the trading days."""
        prefix = f"JE-{store}-"
        days = (f"{first:%Y%m%d}", f"{last:%Y%m%d}")
        transaction, line = 0, 0
        while True:
            answer = self._ask(
                _LINES,
                [location, *days, len(prefix), prefix, len(prefix) + 1, *days, transaction, transaction, line],
            )
            page = answer["items"]
            for row in page:
                yield LedgerLine(
                    external_id=row.get("externalid"),
                    tran_date=date.fromisoformat(row["trandate"]),
                    account=row["acctnumber"],
                    amount=minor(str(row["debit"]), currency) - minor(str(row["credit"]), currency),
                )
            if not answer["hasMore"]:
                return
            transaction, line = int(page[-1]["transaction"]), int(page[-1]["line"])

    def _ask(self, query: str, values: list[str | int]) -> dict[str, Any]:
        answer: dict[str, Any] = ask(
            self._client,
            "POST",
            f"{self._base}{_SUITEQL_PATH}",
            params={"limit": str(_PAGE), "offset": "0"},
            headers={"Authorization": f"Bearer {self._bearer()}", "Prefer": "transient"},
            json={"q": query, "params": values},
        )
        return answer

    def _bearer(self) -> str:
        if time.monotonic() >= self._renew_at:
            answer = ask(
                self._client,
                "POST",
                f"{self._base}{_TOKEN_PATH}",
                data={
                    "grant_type": "client_credentials",
                    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    "client_assertion": self._assertion(),
                },
            )
            self._token = answer["access_token"]
            self._renew_at = time.monotonic() + min(_RENEW_AFTER_SECONDS, int(answer["expires_in"]) / 2)
        return self._token

    def _assertion(self) -> str:
        pem = Path(self._environment["NETSUITE_PRIVATE_KEY_FILE"]).read_bytes()
        key: RSAKey | ECKey
        try:
            key, algorithm = RSAKey.import_key(pem), "PS256"
        except InvalidKeyTypeError:
            key = ECKey.import_key(pem)
            algorithm = _ALGORITHM_OF_CURVE[key.curve_name]
        issued = int(time.time())
        return jwt.encode(
            {"typ": "JWT", "alg": algorithm, "kid": self._environment["NETSUITE_CERTIFICATE_ID"]},
            {
                "iss": self._environment["NETSUITE_CLIENT_ID"],
                "scope": ["rest_webservices"],
                "aud": f"{self._base}{_TOKEN_PATH}",
                "iat": issued,
                "exp": issued + 300,
                "jti": str(uuid.uuid4()),
            },
            key,
            algorithms=[algorithm],
        )

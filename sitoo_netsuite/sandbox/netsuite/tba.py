"""Token-based authentication as NetSuite checks it: an OAuth 1.0a signature on every request (reference 2.3).

Belongs here: reading the header, the signature, what may be used once, the lock, and the Login Audit Trail. Does not
belong here: bearer tokens (`auth.py`), HTTP routing.

The signature is worked out here by RFC 5849 and shares nothing with the client of this repository, nor with the library
that one signs with. A request is signed at a time within five minutes of the real now *or* of the sandbox's now, as
with JWTs (`auth.py`); the lock counts elapsed time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.netsuite.errors import ApiError, invalid_login, malformed_login
from sitoo_netsuite.sandbox.netsuite.settings import TokenBasedCredentials

SIGNATURE_METHOD = "HMAC-SHA256"
_CLOCK_SECONDS = 300
_SHORTEST_NONCE = 6
_FAILURES_TO_LOCK = 5
_LOCK_SECONDS = 1800
_TRAIL_LENGTH = 1000

_SECONDS = re.compile(r"[0-9]{1,12}")
_PARAMETER = re.compile(r'\s*(\w+)="([^"]*)"\s*')
_NEEDED = frozenset(
    {
        "realm",
        "oauth_consumer_key",
        "oauth_token",
        "oauth_signature_method",
        "oauth_timestamp",
        "oauth_nonce",
        "oauth_signature",
    }
)


@dataclass(frozen=True, slots=True)
class FailedLogin:
    """A row of the Login Audit Trail: the only place that says why. `at` is on the sandbox's clock."""

    at: datetime
    token_id: str
    reason: str


class _Refused(Exception):
    """A login that fails, with the reason the Login Audit Trail shows."""


class TokenBasedLogins:
    """Checks the signed requests of one account. `elapsed` counts seconds and is only replaced by tests."""

    def __init__(
        self,
        account: str,
        credentials: TokenBasedCredentials | None,
        clock: SandboxClock,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account = account
        self._credentials = credentials
        self._clock = clock
        self._elapsed = elapsed
        self._used: set[tuple[str, str]] = set()
        self._failures = 0
        self._locked_until = 0.0
        self._trail: deque[FailedLogin] = deque(maxlen=_TRAIL_LENGTH)

    def audit_trail(self) -> list[FailedLogin]:
        """The latest logins that failed, oldest first."""
        return list(self._trail)

    def check(self, parameters: str, method: str, url: str) -> None:
        """Raises the 401 or 400 of a request whose `Authorization: OAuth <parameters>` does not let it in.

        `url` is the address as the client wrote it, with its query and its percent signs.
        """
        found = _read(parameters)
        if found is None:
            raise malformed_login(self._account)
        try:
            self._verify(found, method, url)
        except _Refused as refusal:
            self._trail.append(FailedLogin(self._clock.now(), found.get("oauth_token", ""), str(refusal)))
            raise self._challenge() from None
        self._failures = 0

    def _verify(self, found: Mapping[str, str], method: str, url: str) -> None:
        """The reasons are those of Oracle's table of them, where it has one."""
        credentials = self._credentials
        if credentials is None:
            raise _Refused("FeatureDisabled")
        if not found.keys() >= _NEEDED or found.get("oauth_version", "1.0") != "1.0":
            raise _Refused("MissingTokenPassportRequiredFields")
        if found["oauth_consumer_key"] != credentials.consumer_key:
            raise _Refused("consumer_key_unknown")
        if found["realm"] != self._account or found["oauth_token"] != credentials.token_id:
            raise _Refused("token_rejected")
        # From here on it is known whose token it is, so there is a user to lock.
        if self._elapsed() < self._locked_until:
            raise _Refused("temporary_locked")
        try:
            self._verify_signed(found, method, url, credentials)
        except _Refused:
            self._failures += 1
            if self._failures >= _FAILURES_TO_LOCK:
                self._failures = 0
                self._locked_until = self._elapsed() + _LOCK_SECONDS
            raise

    def _verify_signed(
        self, found: Mapping[str, str], method: str, url: str, credentials: TokenBasedCredentials
    ) -> None:
        if found["oauth_signature_method"] != SIGNATURE_METHOD:
            raise _Refused("InvalidSignatureMethod")
        if not self._in_time(found["oauth_timestamp"]):
            raise _Refused("InvalidTimestamp")
        if len(found["oauth_nonce"]) < _SHORTEST_NONCE:
            raise _Refused("InvalidNonce")
        expected = signature(credentials, method, url, found)
        if not hmac.compare_digest(expected.encode(), found["oauth_signature"].encode()):
            raise _Refused("InvalidSignature")
        # Used up by a good signature only: else anybody could use up another's.
        once = (found["oauth_timestamp"], found["oauth_nonce"])
        if once in self._used:
            raise _Refused("NonceUsed")
        self._used.add(once)

    def _in_time(self, timestamp: str) -> bool:
        if _SECONDS.fullmatch(timestamp) is None:
            return False
        return any(abs(int(timestamp) - now) <= _CLOCK_SECONDS for now in (time.time(), self._clock.epoch()))

    def _challenge(self) -> ApiError:
        # The challenge of a refused signature is UNKNOWN for REST web services; that it holds no reason is known.
        error = invalid_login(self._account)
        challenge = f'OAuth realm="{self._account}", error="token_rejected", error_description="Invalid login attempt."'
        error.response_headers = {"WWW-Authenticate": challenge}
        return error


def signature(credentials: TokenBasedCredentials, method: str, url: str, parameters: Mapping[str, str]) -> str:
    """The signature these header parameters should carry, by RFC 5849 section 3.4, with HMAC-SHA256, in base64."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    authority = parts.netloc.lower().removesuffix({"http": ":80", "https": ":443"}[scheme])
    signed = [(name, value) for name, value in parameters.items() if name not in ("realm", "oauth_signature")]
    text = "&".join(
        _encoded(part)
        for part in (
            method.upper(),
            f"{scheme}://{authority}{parts.path}",
            _normalised([*parse_qsl(parts.query, keep_blank_values=True), *signed]),
        )
    )
    key = f"{_encoded(credentials.consumer_secret)}&{_encoded(credentials.token_secret)}"
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


def _normalised(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted((_encoded(a), _encoded(b)) for a, b in pairs))


def _encoded(text: str) -> str:
    # RFC 5849 section 3.6: all but letters, digits and -._~
    return quote(text, safe="")


def _read(parameters: str) -> dict[str, str] | None:
    """The decoded parameters of the header; None when it is not a list of name="value", each name once."""
    matches = [_PARAMETER.fullmatch(part) for part in parameters.split(",")]
    found = {match[1]: unquote(match[2]) for match in matches if match is not None}
    return found if len(found) == len(matches) else None

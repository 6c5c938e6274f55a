"""Logging in with OAuth 2.0 client credentials: a signed JWT buys an access token (reference 2.2).

Belongs here: the private key, the assertion, the token and how long it is good. Does not belong here: the other login
(`tba`), and sending (`client`).
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import httpx
import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from sitoo_netsuite.netsuite.errors import CredentialsRefused, Unreadable, error_of, request_name

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"
_TOKEN_REQUEST = f"POST {TOKEN_PATH}"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 300
# A token is renewed this long before it ends, so that it outlives the request it is sent with being queued.
_RENEW_SECONDS_BEFORE = 120
_SMALLEST_RSA_BITS = 3072
_EC_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


@dataclass(frozen=True)
class ClientCredentials:
    """What NetSuite's page "OAuth 2.0 Client Credentials (M2M) Setup" maps to a role.

    `certificate_id` is that page's Certificate ID; `private_key_path` the PEM file with the certificate's key, RSA of
    3072 bits or more, or EC P-256, P-384, P-521. The file is read when a token is asked for, and not kept.
    """

    client_id: str = field(repr=False)
    certificate_id: str = field(repr=False)
    private_key_path: Path


@dataclass(frozen=True)
class Token:
    """An access token; it stays out of the repr. `good_until` is on the clock that `is_good` is asked with."""

    value: str = field(repr=False)
    good_until: float

    def is_good(self, now: float) -> bool:
        """Whether the token will still be good when a request that is made now arrives."""
        return now < self.good_until


class OAuth2Login(httpx.Auth):
    """Asks for an access token when there is none that will last, and shares it among the requests of one event loop.

    `url` is the account's SuiteTalk address; the token request goes there, in the slot of the request that needs it.
    Raises CredentialsRefused when the account gives no token or does not take the one it just gave, and what the token
    service's other troubles are (`errors`).
    """

    def __init__(self, url: str, account: str, credentials: ClientCredentials) -> None:
        self._token_url = f"{url.rstrip('/')}{TOKEN_PATH}"
        self._account = account
        self._credentials = credentials
        self._token: Token | None = None
        self._renewing = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """The request with a token; a second time with a new one when the first was not good any more."""
        turned_away: Token | None = None
        for _ in range(2):
            async with self._renewing:
                if self._token is None or self._token is turned_away or not self._token.is_good(time.monotonic()):
                    asked = time.monotonic()
                    form = token_form(self._credentials, self._token_url)
                    # The extensions carry the client's time-out.
                    answer = yield httpx.Request("POST", self._token_url, data=form, extensions=request.extensions)
                    await answer.aread()
                    self._token = self._token_of(answer, asked)
                token = self._token
            request.headers["Authorization"] = f"Bearer {token.value}"
            response = yield request
            if response.status_code != HTTPStatus.UNAUTHORIZED:
                return
            turned_away = token
        raise CredentialsRefused(
            request_name(request), "login refused with a new token; see NetSuite's Login Audit Trail"
        )

    def _token_of(self, answer: httpx.Response, asked: float) -> Token:
        if answer.is_success:
            return token_of(answer.content, asked)
        if answer.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise refusal_of(self._account, answer.status_code, answer.content)
        raise error_of(_TOKEN_REQUEST, answer.status_code, answer.headers, answer.content, writes=False)


class _TokenAnswer(msgspec.Struct):
    access_token: str
    expires_in: float
    token_type: str


class _TokenRefusal(msgspec.Struct):
    error: str = ""
    error_description: str = ""


def token_form(credentials: ClientCredentials, token_url: str, now: Callable[[], float] = time.time) -> dict[str, str]:
    """The form fields of a token request: a JWT for `token_url`, signed with PS256 or the curve's ES algorithm.

    Raises CredentialsRefused when the key file cannot be used.
    """
    key, algorithm = _private_key(credentials.private_key_path)
    issued = int(now())
    claims = {
        "iss": credentials.client_id,
        "scope": ["rest_webservices"],
        "aud": token_url,
        "iat": issued,
        "exp": issued + _ASSERTION_SECONDS,
        "jti": secrets.token_urlsafe(16),
    }
    header = {"typ": "JWT", "alg": algorithm, "kid": credentials.certificate_id}
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": _ASSERTION_TYPE,
        "client_assertion": jwt.encode(header, claims, key, algorithms=[algorithm]),
    }


def token_of(content: bytes, now: float) -> Token:
    """The token of a successful answer. Raises Unreadable."""
    try:
        # Not strict: NetSuite's sample has `expires_in` as a number, but everything else it sends numbers as text.
        answer = msgspec.json.decode(content, type=_TokenAnswer, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        # The decoder's text names fields and types, never values.
        raise Unreadable(_TOKEN_REQUEST, f"the answer holds no token: {error}. Check NETSUITE_URL") from None
    if answer.token_type.lower() != "bearer":
        raise Unreadable(_TOKEN_REQUEST, f"the token is of type {answer.token_type!r}, not Bearer")
    return Token(answer.access_token, now + answer.expires_in - _RENEW_SECONDS_BEFORE)


def refusal_of(account: str, status: int, content: bytes) -> CredentialsRefused:
    """The error of a refused token request, with what to look at."""
    try:
        refusal = msgspec.json.decode(content, type=_TokenRefusal)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        refusal = _TokenRefusal()
    said = ", ".join(part for part in (refusal.error, refusal.error_description) if part) or "no reason given"
    look_at = {
        "invalid_client": "check the client id, the Certificate ID, and that the private key is the certificate's",
        "invalid_grant": "check that this machine's clock is right, that the certificate has not expired, and the URL",
        "invalid_scope": "check that the integration record has REST Web Services enabled",
    }.get(refusal.error, "check the integration record and its OAuth 2.0 client-credentials mapping")
    return CredentialsRefused(
        _TOKEN_REQUEST, f"account {account} refused the login with status {status} ({said}); {look_at}"
    )


def _private_key(path: Path) -> tuple[RSAKey | ECKey, str]:
    """The key and the algorithm it signs with."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise CredentialsRefused(_TOKEN_REQUEST, f"the private key file {path}: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The reason may quote the file.
        raise CredentialsRefused(
            _TOKEN_REQUEST, f"the private key file {path} is not a private key in PEM without a password"
        ) from None
    if isinstance(key, RSAPrivateKey) and key.key_size >= _SMALLEST_RSA_BITS:
        return RSAKey.import_key(key), "PS256"
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.name in _EC_ALGORITHMS:
        return ECKey.import_key(key), _EC_ALGORITHMS[key.curve.name]
    raise CredentialsRefused(
        _TOKEN_REQUEST,
        f"NetSuite takes RSA keys of {_SMALLEST_RSA_BITS} bits or more, or EC P-256, P-384, P-521; the private key "
        f"file {path} holds another",
    )

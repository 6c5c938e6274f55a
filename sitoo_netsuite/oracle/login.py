"""Logging in to NetSuite, by either of its two ways (reference netsuite-api.md, sections 2.2 and 2.3).

Belongs here: what makes a request carry a valid login. Does not belong here: what is asked for.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
import uuid
from base64 import b64encode
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from urllib.parse import quote

import httpx
from joserfc import jwt
from joserfc.errors import InvalidKeyTypeError
from joserfc.jwk import ECKey, RSAKey

from sitoo_netsuite.oracle.asking import ask

_TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"
_RENEW_AFTER_SECONDS = 40 * 60
_ALGORITHM_OF_CURVE = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_UNAUTHORISED = 401
# A token may be refused before its time; a login that is wrong must not be tried so often that NetSuite locks the user.
_LOGINS_PER_REQUEST = 4


def netsuite_login(environment: Mapping[str, str]) -> httpx.Auth:
    """Token-based authentication where NETSUITE_TOKEN_ID is set, else OAuth 2.0 client credentials."""
    if environment.get("NETSUITE_TOKEN_ID"):
        return TokenBased(
            realm=environment["NETSUITE_ACCOUNT"],
            consumer=(environment["NETSUITE_CONSUMER_KEY"], environment["NETSUITE_CONSUMER_SECRET"]),
            token=(environment["NETSUITE_TOKEN_ID"], environment["NETSUITE_TOKEN_SECRET"]),
        )
    return ClientCredentials(environment)


class _Login(httpx.Auth):
    """A request that is refused for its login goes out again with a new one, so many times."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        for _ in range(_LOGINS_PER_REQUEST):
            request.headers["Authorization"] = self._authorization(request)
            response = yield request
            if response.status_code != _UNAUTHORISED:
                return
            self._forget()

    def _authorization(self, request: httpx.Request) -> str:
        raise NotImplementedError

    def _forget(self) -> None:
        """The login that was just used is not good any more."""


class TokenBased(_Login):
    """Signs every request anew (OAuth 1.0a, HMAC-SHA256). `consumer` and `token` are (key, secret)."""

    def __init__(
        self,
        realm: str,
        consumer: tuple[str, str],
        token: tuple[str, str],
        now: Callable[[], float] = time.time,
        nonce: Callable[[], str] = lambda: secrets.token_hex(10),
    ) -> None:
        self._realm, self._consumer, self._token, self._now, self._nonce = realm, consumer, token, now, nonce

    def _authorization(self, request: httpx.Request) -> str:
        signed = {
            "oauth_consumer_key": self._consumer[0],
            "oauth_nonce": self._nonce(),
            "oauth_signature_method": "HMAC-SHA256",
            "oauth_timestamp": str(int(self._now())),
            "oauth_token": self._token[0],
            "oauth_version": "1.0",
        }
        pairs = sorted(
            (_enc(name), _enc(value)) for name, value in [*signed.items(), *request.url.params.multi_items()]
        )
        address = str(request.url.copy_with(query=None, fragment=None))
        base = "&".join([request.method, _enc(address), _enc("&".join(f"{name}={value}" for name, value in pairs))])
        key = f"{_enc(self._consumer[1])}&{_enc(self._token[1])}"
        signature = b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()
        fields = {"realm": self._realm, **signed, "oauth_signature": signature}
        return "OAuth " + ", ".join(f'{name}="{_enc(value)}"' for name, value in fields.items())


def _enc(text: str) -> str:
    return quote(text, safe="~")


class ClientCredentials(_Login):
    """Fetches an access token with a signed assertion, and another one when it is old or refused."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._token_url = environment["NETSUITE_URL"].rstrip("/") + _TOKEN_PATH
        self._token = ""
        self._renew_at = 0.0

    def _authorization(self, request: httpx.Request) -> str:
        if time.monotonic() >= self._renew_at:
            self._log_in()
        return f"Bearer {self._token}"

    def _forget(self) -> None:
        self._renew_at = 0.0

    def _log_in(self) -> None:
        with httpx.Client(timeout=60.0) as client:
            answer = ask(
                client,
                "POST",
                self._token_url,
                data={
                    "grant_type": "client_credentials",
                    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    "client_assertion": self._assertion(),
                },
            )
        self._token = answer["access_token"]
        self._renew_at = time.monotonic() + min(_RENEW_AFTER_SECONDS, int(answer["expires_in"]) / 2)

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
                "aud": self._token_url,
                "iat": issued,
                "exp": issued + 300,
                "jti": str(uuid.uuid4()),
            },
            key,
            algorithms=[algorithm],
        )

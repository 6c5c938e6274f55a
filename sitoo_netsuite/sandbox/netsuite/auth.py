"""Who is let in: OAuth 2.0 client credentials, a signed JWT in and a bearer token out (reference 2.2), or a signature.

Belongs here: verifying the assertion, issuing and checking access tokens. Does not belong here: signed requests
(`tba.py`), HTTP routing.

Two clocks. A client signs with the real time, while the sandbox may stand at any date; so an assertion is in time when
its own `iat` and `exp` are consistent and the interval holds the real now *or* the sandbox's now: neither kind of test
depends on the date on the wall. Access tokens live 60 minutes of *elapsed* time (a monotonic clock), because that is
what a client's cache counts; moving the sandbox's clock over a month does not log anybody out.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, RSAKey

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.netsuite.errors import invalid_login, malformed_login
from sitoo_netsuite.sandbox.netsuite.settings import Credentials
from sitoo_netsuite.sandbox.netsuite.tba import FailedLogin, TokenBasedLogins

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"
ALGORITHMS = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
SCOPES = frozenset({"restlets", "rest_webservices", "suite_analytics"})
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_SECONDS = 3600
_LONGEST_ASSERTION_SECONDS = 3600
# A client's clock may run a little ahead of ours.
_LEEWAY_SECONDS = 300
_RSA_BITS = (3072, 4096)


class TokenError(Exception):
    """A refused token request: OAuth's error code, why, and the status it is answered with."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.status = 401 if code == "invalid_client" else 400


class Authenticator:
    """Issues and checks the account's tokens. `elapsed` counts seconds and is only replaced by tests."""

    def __init__(
        self, credentials: Credentials, clock: SandboxClock, elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._elapsed = elapsed
        self._keys = {kid: _public_key(kid, pem) for kid, pem in credentials.certificates.items()}
        self._tokens: dict[str, float] = {}
        self._token_based = TokenBasedLogins(credentials.account, credentials.token_based, clock, elapsed)

    @property
    def account(self) -> str:
        return self._credentials.account

    def issue(self, form: Mapping[str, str], token_url: str) -> dict[str, Any]:
        """The token endpoint's answer to a form. Raises TokenError.

        token_url: the endpoint as the client addressed it; the JWT's `aud` must be this, or the account's own host.
        """
        if form.get("grant_type") is None:
            raise TokenError("invalid_request", "grant_type is missing")
        if form["grant_type"] != "client_credentials":
            raise TokenError("unsupported_grant_type", "only client_credentials is spoken here")
        if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
            raise TokenError("invalid_request", "client_assertion or its type is missing")
        self._verify(form["client_assertion"], token_url)
        now = self._elapsed()
        self._tokens = {token: expiry for token, expiry in self._tokens.items() if expiry > now}
        token = secrets.token_urlsafe(32)
        self._tokens[token] = now + TOKEN_SECONDS
        return {"access_token": token, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"}

    def check(self, authorization: str | None, method: str, url: str) -> None:
        """Raises the 401 or 400 of a resource call whose Authorization header does not let it in.

        A bearer token must be alive; a signature must be that of this method and this `url`, which is the address as
        the client wrote it, with its query and its percent signs.
        """
        account = self.account
        if authorization is None:
            raise invalid_login(account)
        scheme, _, content = authorization.partition(" ")
        if scheme.lower() == "oauth":
            self._token_based.check(content, method, url)
            return
        if scheme.lower() != "bearer" or not content or " " in content:
            raise malformed_login(account)
        if self._tokens.get(content, 0.0) <= self._elapsed():
            raise invalid_login(account)

    def audit_trail(self) -> list[FailedLogin]:
        """The latest token-based logins that failed, oldest first, with the reasons that no answer gives."""
        return self._token_based.audit_trail()

    def expire(self, authorization: str, older_than_seconds: float) -> bool:
        """End a bearer token before its time, if it was issued so long ago; tells whether it was."""
        token = authorization.partition(" ")[2]
        issued = self._tokens.get(token, 0.0) - TOKEN_SECONDS
        if token not in self._tokens or self._elapsed() - issued < older_than_seconds:
            return False
        del self._tokens[token]
        return True

    def _verify(self, assertion: str, token_url: str) -> None:
        try:
            token = jwt.decode(assertion, self._find_key, algorithms=ALGORITHMS)
        except (JoseError, ValueError) as error:
            raise TokenError("invalid_client", f"the assertion cannot be verified: {type(error).__name__}") from None
        claims = token.claims
        if claims.get("iss") != self._credentials.client_id:
            raise TokenError("invalid_client", "iss is not a known client id")
        slug = self._credentials.account.lower().replace("_", "-")
        audiences = {token_url, f"https://{slug}.suitetalk.api.netsuite.com{TOKEN_PATH}"}
        claimed = claims.get("aud")
        if not audiences.intersection(claimed if isinstance(claimed, list) else [claimed]):
            raise TokenError("invalid_grant", "aud is not this token endpoint")
        self._check_times(claims.get("iat"), claims.get("exp"))
        _check_scope(claims.get("scope"))

    def _find_key(self, guest: Any) -> Key:
        key = self._keys.get(guest.headers().get("kid", ""))
        if key is None:
            raise ValueError("unknown kid")
        return key

    def _check_times(self, issued: object, expires: object) -> None:
        if not isinstance(issued, int | float) or not isinstance(expires, int | float):
            raise TokenError("invalid_grant", "iat and exp must be numbers")
        if not 0 < expires - issued <= _LONGEST_ASSERTION_SECONDS:
            raise TokenError("invalid_grant", "exp must lie within 60 minutes after iat")
        if not any(issued - _LEEWAY_SECONDS <= now < expires for now in (time.time(), self._clock.epoch())):
            raise TokenError("invalid_grant", "the assertion has expired or is not valid yet")


def _check_scope(scope: object) -> None:
    # Oracle's page says comma separated, its own sample holds an array: both are taken.
    scopes = {part.strip() for part in scope.split(",")} if isinstance(scope, str) else scope
    if not isinstance(scopes, set | list) or not scopes or not all(part in SCOPES for part in scopes):
        raise TokenError("invalid_scope", f"scope must name some of {', '.join(sorted(SCOPES))}")
    if "rest_webservices" not in scopes:
        raise TokenError("invalid_scope", "scope must include rest_webservices")


def _public_key(kid: str, pem: str) -> Key:
    # Each kind refuses the other's PEM; a key NetSuite would not take is a mistake in the caller's set-up.
    try:
        key = RSAKey.import_key(pem)
    except (JoseError, ValueError, TypeError):
        return ECKey.import_key(pem)
    number = key.public_key
    size = number.key_size if isinstance(number, RSAPublicKey) else 0
    if size not in _RSA_BITS:
        raise ValueError(f"certificate {kid!r}: NetSuite takes RSA keys of 3072 or 4096 bits, not {size}")
    return key

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.netsuite.auth import TOKEN_PATH, Authenticator, TokenError
from sitoo_netsuite.sandbox.netsuite.errors import ApiError
from sitoo_netsuite.sandbox.netsuite.settings import Credentials, Settings
from sitoo_netsuite_tests.sandbox.netsuite.conftest import (
    CERTIFICATE_ID,
    CREDENTIALS,
    KEY,
    RECORDS,
    NetSuite,
    assertion_form,
    token_form,
)

AUDIENCE = "http://127.0.0.1:1" + TOKEN_PATH
RSA = RSAKey.generate_key(3072)


def authenticator(
    credentials: Credentials = CREDENTIALS, *, elapsed: Callable[[], float] = time.monotonic
) -> Authenticator:
    return Authenticator(credentials, SandboxClock(datetime(2026, 3, 4, tzinfo=UTC)), elapsed)


def claims() -> dict[str, object]:
    now = int(time.time())
    return {"iss": "client", "scope": "rest_webservices, restlets", "aud": AUDIENCE, "iat": now, "exp": now + 3600}


@pytest.mark.parametrize("algorithm", ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"])
def test_every_algorithm_of_the_reference_is_accepted(algorithm: str) -> None:
    curve = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}.get(algorithm)
    key = ECKey.generate_key(curve) if curve else RSA
    credentials = Credentials("ACCT", "client", {"k": key.as_pem(private=False).decode()})
    assertion = jwt.encode({"alg": algorithm, "kid": "k"}, claims(), key, algorithms=[algorithm])
    answer = authenticator(credentials).issue(assertion_form(assertion), AUDIENCE)
    assert (answer["expires_in"], answer["token_type"]) == (3600, "Bearer")


def test_rs256_is_refused() -> None:
    credentials = Credentials("ACCT", "client", {"k": RSA.as_pem(private=False).decode()})
    assertion = jwt.encode({"alg": "RS256", "kid": "k"}, claims(), RSA)
    with pytest.raises(TokenError) as refused:
        authenticator(credentials).issue(assertion_form(assertion), AUDIENCE)
    assert (refused.value.code, refused.value.status) == ("invalid_client", 401)


def test_a_signature_of_another_key_is_refused() -> None:
    assertion = jwt.encode({"alg": "ES256", "kid": CERTIFICATE_ID}, claims(), ECKey.generate_key("P-256"))
    with pytest.raises(TokenError, match="cannot be verified"):
        authenticator().issue(assertion_form(assertion), AUDIENCE)


def test_an_unknown_certificate_id_is_refused() -> None:
    assertion = jwt.encode({"alg": "ES256", "kid": "other"}, claims(), KEY)
    with pytest.raises(TokenError) as refused:
        authenticator().issue(assertion_form(assertion), AUDIENCE)
    assert refused.value.code == "invalid_client"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"iss": "somebody"}, "invalid_client"),
        ({"aud": "https://elsewhere.example.com/token"}, "invalid_grant"),
        ({"exp": int(time.time()) + 4000}, "invalid_grant"),
        ({"iat": int(time.time()) - 700, "exp": int(time.time()) - 600}, "invalid_grant"),
        ({"exp": None}, "invalid_grant"),
        ({"scope": ["mail"]}, "invalid_scope"),
        ({"scope": "restlets"}, "invalid_scope"),
    ],
)
def test_wrong_claims_are_refused_with_their_code(changed: dict[str, object], code: str) -> None:
    with pytest.raises(TokenError) as refused:
        authenticator().issue(token_form(AUDIENCE, **changed), AUDIENCE)
    assert refused.value.code == code


def test_the_accounts_own_host_is_an_audience_too() -> None:
    audience = "https://tstdrv1500.suitetalk.api.netsuite.com" + TOKEN_PATH
    assert authenticator().issue(token_form(audience), AUDIENCE)["access_token"]


def test_an_assertion_may_be_signed_by_the_sandboxs_clock() -> None:
    then = int(datetime(2026, 3, 4, tzinfo=UTC).timestamp())
    assert authenticator().issue(token_form(AUDIENCE, iat=then, exp=then + 60), AUDIENCE)["access_token"]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "invalid_request"),
        (assertion_form("not.a.token"), "invalid_client"),
    ],
)
def test_a_wrong_form_is_refused_with_its_code(form: dict[str, str], code: str) -> None:
    with pytest.raises(TokenError) as refused:
        authenticator().issue(form, AUDIENCE)
    assert refused.value.code == code


def test_a_token_lives_sixty_minutes_of_elapsed_time() -> None:
    seconds = 0.0
    sandbox = authenticator(elapsed=lambda: seconds)
    token = sandbox.issue(token_form(AUDIENCE), AUDIENCE)["access_token"]
    seconds = 3599.0
    sandbox.check(f"Bearer {token}", "GET", "http://127.0.0.1:1/")
    seconds = 3600.0
    with pytest.raises(ApiError) as refused:
        sandbox.check(f"Bearer {token}", "GET", "http://127.0.0.1:1/")
    assert refused.value.status == 401


def test_a_short_rsa_key_is_no_certificate() -> None:
    pem = RSAKey.generate_key(2048).as_pem(private=False).decode()
    with pytest.raises(ValueError, match="3072 or 4096"):
        authenticator(Credentials("ACCT", "client", {"k": pem}))


def test_a_refused_token_request_says_its_code_and_challenges(netsuite: NetSuite) -> None:
    answer = netsuite.http.post(TOKEN_PATH, data=token_form("x", iss="somebody"))
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    assert answer.headers["www-authenticate"] == 'Basic realm="TSTDRV1500"'


def test_a_description_is_added_where_the_settings_say_so(start: Callable[..., NetSuite]) -> None:
    netsuite = start(Settings(token_error_description=True))
    answer = netsuite.http.post(TOKEN_PATH, data={"grant_type": "password"})
    assert answer.status_code == 400
    assert answer.json().keys() == {"error", "error_description"}


@pytest.mark.parametrize(
    ("authorization", "status", "code", "challenge"),
    [
        (None, 401, "INVALID_LOGIN", 'error="invalid_token"'),
        ("Bearer nonsense", 401, "INVALID_LOGIN", 'error="invalid_token"'),
        ("Basic abc", 400, "INVALID_REQUEST", 'error="invalid_request"'),
        ("Bearer a b", 400, "INVALID_REQUEST", 'error="invalid_request"'),
    ],
)
def test_a_request_without_a_living_token_is_challenged(
    netsuite: NetSuite, authorization: str | None, status: int, code: str, challenge: str
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = httpx.get(f"{netsuite.http.base_url}{RECORDS}/customer/1", headers=headers)
    assert answer.status_code == status
    assert answer.json()["o:errorDetails"][0]["o:errorCode"] == code
    assert challenge in answer.headers["www-authenticate"]


def test_moving_the_sandboxs_clock_logs_nobody_out(netsuite: NetSuite) -> None:
    netsuite.clock.set(netsuite.clock.now() + timedelta(days=30))
    assert netsuite.get("customer/1").status_code == 200

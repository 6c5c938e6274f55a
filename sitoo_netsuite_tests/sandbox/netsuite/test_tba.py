"""Token-based authentication as the sandbox checks it: what it takes, what it refuses, and where it says why."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.netsuite.errors import ApiError
from sitoo_netsuite.sandbox.netsuite.settings import TokenBasedCredentials
from sitoo_netsuite.sandbox.netsuite.tba import TokenBasedLogins, signature
from sitoo_netsuite_tests.sandbox.netsuite.conftest import RECORDS, NetSuite

ACCOUNT = "TSTDRV1500"
CREDENTIALS = TokenBasedCredentials("consumer key", "consumer&secret", "token id", "token secret é")
URL = "http://127.0.0.1:8080/services/rest/record/v1/customer/eid:C-1?expandSubResources=true&fields=a%2Cb"
SANDBOX_NOW = datetime(2026, 3, 4, tzinfo=UTC)


def logins(
    credentials: TokenBasedCredentials | None = CREDENTIALS, elapsed: Callable[[], float] = time.monotonic
) -> TokenBasedLogins:
    return TokenBasedLogins(ACCOUNT, credentials, SandboxClock(SANDBOX_NOW), elapsed)


def header(
    *, method: str = "GET", url: str = URL, signed_with: TokenBasedCredentials = CREDENTIALS, **changes: str
) -> str:
    """The parameters of a header that is let in, unless changed before they are signed; an empty one is left out."""
    parameters = {
        "realm": ACCOUNT,
        "oauth_consumer_key": CREDENTIALS.consumer_key,
        "oauth_token": CREDENTIALS.token_id,
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(int(time.time())),
        "oauth_nonce": f"nonce-{time.monotonic_ns()}",
        "oauth_version": "1.0",
    } | changes
    parameters = {name: value for name, value in parameters.items() if value}
    if "oauth_signature" not in changes:
        parameters["oauth_signature"] = signature(signed_with, method, url, parameters)
    return ", ".join(f'{name}="{quote(value, safe="")}"' for name, value in parameters.items())


def reason_for(login: TokenBasedLogins, parameters: str, *, method: str = "GET", url: str = URL) -> str:
    """Why a login fails, by the audit trail; checks that the answer does not say it."""
    with pytest.raises(ApiError) as refused:
        login.check(parameters, method, url)
    assert (refused.value.status, refused.value.code) == (401, "INVALID_LOGIN")
    reason = login.audit_trail()[-1].reason
    assert reason not in refused.value.detail
    assert reason == "token_rejected" or reason not in str(refused.value.response_headers)
    return reason


def test_oracles_published_example_has_the_published_signature() -> None:
    credentials = TokenBasedCredentials(
        consumer_key="ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4",
        consumer_secret="d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5",
        token_id="2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc",
        token_secret="c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295",
    )
    parameters = {
        "realm": "123456",
        "oauth_consumer_key": credentials.consumer_key,
        "oauth_token": credentials.token_id,
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": "1508242306",
        "oauth_nonce": "fjaLirsIcCGVZWzBX0pg",
        "oauth_version": "1.0",
    }
    url = "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40"
    assert signature(credentials, "GET", url, parameters) == "B5OIWznZ2YP0OB7VrJrGkYsTh+8H+5T9Hag+o92q0zY="


def test_a_good_signature_is_let_in() -> None:
    login = logins()
    login.check(header(), "GET", URL)
    login.check(header(method="POST"), "POST", URL)
    login.check(header(oauth_version=""), "GET", URL)
    assert login.audit_trail() == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"realm": "tstdrv1500"}, "token_rejected"),
        ({"realm": ""}, "MissingTokenPassportRequiredFields"),
        ({"oauth_version": "2.0"}, "MissingTokenPassportRequiredFields"),
        ({"oauth_consumer_key": "another"}, "consumer_key_unknown"),
        ({"oauth_token": "another"}, "token_rejected"),
        ({"oauth_signature_method": "HMAC-SHA1"}, "InvalidSignatureMethod"),
        ({"oauth_signature_method": "PLAINTEXT"}, "InvalidSignatureMethod"),
        ({"oauth_nonce": "12345"}, "InvalidNonce"),
        ({"oauth_timestamp": "soon"}, "InvalidTimestamp"),
        ({"oauth_timestamp": "-5"}, "InvalidTimestamp"),
        ({"oauth_timestamp": "9" * 5000}, "InvalidTimestamp"),
        ({"oauth_signature": "bm90IGl0"}, "InvalidSignature"),
        ({"oauth_signature": "nicht gültig"}, "InvalidSignature"),
    ],
)
def test_a_login_that_is_not_in_order_fails_for_a_reason_only_the_audit_trail_knows(
    changes: dict[str, str], reason: str
) -> None:
    assert reason_for(logins(), header(**changes)) == reason


@pytest.mark.parametrize("secret", ["consumer_secret", "token_secret"])
def test_each_secret_counts(secret: str) -> None:
    signed = header(signed_with=replace(CREDENTIALS, **{secret: "another"}))
    assert reason_for(logins(), signed) == "InvalidSignature"


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", URL),
        ("GET", URL.replace("http:", "https:")),
        ("GET", URL.replace(":8080", "")),
        ("GET", URL.replace("C-1", "C-2")),
        ("GET", URL.replace("%2C", "%2D")),
        ("GET", f"{URL}&limit=1"),
        ("GET", URL.partition("?")[0]),
    ],
)
def test_a_signature_is_good_for_its_method_and_address_alone(method: str, url: str) -> None:
    assert reason_for(logins(), header(), method=method, url=url) == "InvalidSignature"


def test_how_a_query_is_written_does_not_matter() -> None:
    plain = "http://127.0.0.1/x?q=a%20b&q=%C3%A9&empty=&a=1"
    other = "HTTP://127.0.0.1:80/x?a=1&empty=&q=%c3%a9&q=a+b"
    login = logins()
    login.check(header(url=plain), "GET", other)
    assert login.audit_trail() == []
    assert reason_for(login, header(url=plain), url=other.replace("a+b", "a%2Bb")) == "InvalidSignature"


def test_a_nonce_is_taken_once_with_its_time() -> None:
    login = logins()
    signed = header(oauth_nonce="only-once")
    login.check(signed, "GET", URL)
    assert reason_for(login, signed) == "NonceUsed"
    login.check(header(oauth_nonce="only-once", oauth_timestamp=str(int(time.time()) - 60)), "GET", URL)


def test_a_nonce_under_a_bad_signature_is_not_used_up() -> None:
    login = logins()
    assert reason_for(login, header(oauth_nonce="only-once", oauth_signature="bm90IGl0")) == "InvalidSignature"
    signed = header(oauth_nonce="only-once")
    login.check(signed, "GET", URL)
    assert reason_for(login, signed) == "NonceUsed"


@pytest.mark.parametrize("now", [time.time, SANDBOX_NOW.timestamp], ids=["the real time", "the sandbox's time"])
@pytest.mark.parametrize(("seconds", "fails"), [(-310, True), (-290, False), (290, False), (310, True)])
def test_a_clock_may_be_five_minutes_off(now: Callable[[], float], seconds: int, fails: bool) -> None:
    login = logins()
    signed = header(oauth_timestamp=str(int(now()) + seconds))
    if fails:
        assert reason_for(login, signed) == "InvalidTimestamp"
    else:
        login.check(signed, "GET", URL)
        assert login.audit_trail() == []


def test_five_failed_logins_lock_the_user_for_thirty_minutes() -> None:
    seconds = 0.0
    login = logins(elapsed=lambda: seconds)
    for _ in range(5):
        assert reason_for(login, header(oauth_signature="bm90IGl0")) == "InvalidSignature"
    assert reason_for(login, header()) == "temporary_locked"
    seconds = 1799.0
    assert reason_for(login, header()) == "temporary_locked"
    seconds = 1800.0
    login.check(header(), "GET", URL)
    assert [failed.reason for failed in login.audit_trail()] == ["InvalidSignature"] * 5 + ["temporary_locked"] * 2


def test_a_good_login_makes_up_for_failed_ones_and_a_strangers_token_locks_nobody() -> None:
    login = logins()
    for _ in range(4):
        reason_for(login, header(oauth_signature="bm90IGl0"))
    login.check(header(), "GET", URL)
    for _ in range(4):
        reason_for(login, header(oauth_signature="bm90IGl0"))
    for _ in range(9):
        reason_for(login, header(oauth_token="another"))
    login.check(header(), "GET", URL)
    assert Counter(failed.reason for failed in login.audit_trail()) == {"InvalidSignature": 8, "token_rejected": 9}


def test_an_account_without_the_feature_takes_no_signature() -> None:
    assert reason_for(logins(None), header()) == "FeatureDisabled"


@given(st.text(max_size=60))
def test_any_other_header_is_malformed_or_refused(parameters: str) -> None:
    with pytest.raises(ApiError) as refused:
        logins().check(parameters, "GET", URL)
    assert refused.value.status in (400, 401)


def test_a_parameter_that_comes_twice_is_malformed() -> None:
    with pytest.raises(ApiError) as refused:
        logins().check(header() + ', oauth_nonce="another"', "GET", URL)
    assert (refused.value.status, refused.value.code) == (400, "INVALID_REQUEST")


def test_a_refused_signature_is_answered_as_netsuite_does(netsuite: NetSuite) -> None:
    answer = httpx.get(f"{netsuite.http.base_url}{RECORDS}/customer/1", headers={"Authorization": f"OAuth {header()}"})
    assert answer.status_code == 401
    assert answer.json()["o:errorDetails"][0]["o:errorCode"] == "INVALID_LOGIN"
    assert answer.headers["www-authenticate"].startswith(f'OAuth realm="{ACCOUNT}"')
    (failed,) = httpx.get(f"{netsuite.http.base_url}/sandbox/logins").json()
    assert (failed["token"], failed["reason"]) == ("token id", "FeatureDisabled")

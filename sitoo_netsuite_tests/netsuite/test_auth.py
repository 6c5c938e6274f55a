"""The login: what is signed, with what, and what the key file may be."""

from __future__ import annotations

from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from sitoo_netsuite.netsuite.auth import ClientCredentials, Token, refusal_of, token_form, token_of
from sitoo_netsuite.netsuite.errors import CredentialsRefused, Unreadable
from sitoo_netsuite_tests.netsuite.conftest import KeyFiles

_TOKEN_URL = "https://1500.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"


@pytest.mark.parametrize(("name", "algorithm"), [("rsa", "PS256"), ("ec", "ES256")])
def test_the_assertion_is_signed_with_the_algorithm_of_the_key(keys: KeyFiles, name: str, algorithm: str) -> None:
    form = token_form(ClientCredentials("client", name, getattr(keys, name)), _TOKEN_URL, now=lambda: 1_800_000_000.7)
    public = (RSAKey if name == "rsa" else ECKey).import_key(keys.certificates[name])
    token = jwt.decode(form["client_assertion"], public, algorithms=[algorithm])
    assert token.header == {"typ": "JWT", "alg": algorithm, "kid": name}
    claims = dict(token.claims)
    assert len(str(claims.pop("jti"))) >= 16
    assert claims == {
        "iss": "client",
        "scope": ["rest_webservices"],
        "aud": _TOKEN_URL,
        "iat": 1_800_000_000,
        "exp": 1_800_000_300,
    }
    assert form["grant_type"] == "client_credentials"
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def test_two_assertions_differ(keys: KeyFiles) -> None:
    credentials = ClientCredentials("client", "ec", keys.ec)
    forms = [token_form(credentials, _TOKEN_URL, now=lambda: 1_800_000_000.0) for _ in range(2)]
    assert forms[0]["client_assertion"] != forms[1]["client_assertion"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"hunter2 is not a key", "not a private key in PEM"),
        (RSAKey.generate_key(2048).as_pem(private=True), "3072 bits or more"),
        (ECKey.generate_key("P-256").as_pem(private=False), "not a private key in PEM"),
    ],
    ids=["missing", "not a key", "too short", "public"],
)
def test_a_key_file_of_no_use_is_named_but_not_quoted(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "netsuite.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CredentialsRefused, match=reason) as refusal:
        token_form(ClientCredentials("client", "certificate", path), _TOKEN_URL)
    assert str(path) in str(refusal.value)
    assert "hunter2" not in str(refusal.value) and refusal.value.__cause__ is None


def test_a_token_is_renewed_before_it_ends_and_is_never_shown() -> None:
    token = token_of(b'{"access_token": "s3cret", "expires_in": 3600, "token_type": "Bearer"}', now=1000.0)
    assert token == Token("s3cret", 4480.0)
    assert token.is_good(4479.0) and not token.is_good(4480.0)
    assert "s3cret" not in repr(token)
    assert (
        token_of(b'{"access_token": "x", "expires_in": "3600", "token_type": "bearer"}', now=0.0).good_until == 3480.0
    )


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b'{"access_token": 5, "expires_in": 1, "token_type": "Bearer"}']
)
def test_an_answer_without_a_token_is_unreadable(content: bytes) -> None:
    with pytest.raises(Unreadable):
        token_of(content, now=0.0)


def test_a_refused_login_says_what_to_look_at() -> None:
    refusal = refusal_of("1500", 400, b'{"error": "invalid_grant"}')
    assert "account 1500" in str(refusal) and "clock" in str(refusal)
    assert "no reason given" in str(refusal_of("1500", 401, b"<html>"))

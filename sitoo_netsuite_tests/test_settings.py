"""What the environment is asked for, by the login that is used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sitoo_netsuite.netsuite.auth import ClientCredentials
from sitoo_netsuite.netsuite.tba import TokenCredentials
from sitoo_netsuite.settings import SettingsError, netsuite_access, sitoo_access

_ADDRESS = {"NETSUITE_URL": "https://1500.suitetalk.api.netsuite.com", "NETSUITE_ACCOUNT": "1500"}
_TOKEN = {
    "NETSUITE_CONSUMER_KEY": "consumer-key",
    "NETSUITE_CONSUMER_SECRET": "s3cret-1",
    "NETSUITE_TOKEN_ID": "token-id",
    "NETSUITE_TOKEN_SECRET": "s3cret-2",
}


@pytest.fixture
def client_credentials(tmp_path: Path) -> dict[str, str]:
    key = tmp_path / "key.pem"
    key.touch()
    return {
        "NETSUITE_CLIENT_ID": "client",
        "NETSUITE_CERTIFICATE_ID": "certificate",
        "NETSUITE_PRIVATE_KEY_FILE": str(key),
    }


def test_without_a_token_id_the_login_is_oauth_2(client_credentials: dict[str, str]) -> None:
    access = netsuite_access({**_ADDRESS, **client_credentials, "NETSUITE_TOKEN_ID": " "})
    key = Path(client_credentials["NETSUITE_PRIVATE_KEY_FILE"])
    assert access.credentials == ClientCredentials("client", "certificate", key)


def test_with_a_token_id_nothing_of_oauth_2_is_needed_or_looked_at(client_credentials: dict[str, str]) -> None:
    expected = TokenCredentials("consumer-key", "s3cret-1", "token-id", "s3cret-2")
    assert netsuite_access({**_ADDRESS, **_TOKEN}).credentials == expected
    assert netsuite_access({**_ADDRESS, **_TOKEN, **client_credentials}).credentials == expected


def test_everything_that_is_missing_for_the_login_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as missing:
        netsuite_access({"NETSUITE_TOKEN_ID": "token-id"})
    assert [line.split()[0] for line in str(missing.value).splitlines()] == [
        "NETSUITE_URL", "NETSUITE_ACCOUNT", "NETSUITE_CONSUMER_KEY", "NETSUITE_CONSUMER_SECRET",
        "NETSUITE_TOKEN_SECRET",
    ]  # fmt: skip
    with pytest.raises(SettingsError) as missing:
        netsuite_access(_ADDRESS)
    assert [line.split()[0] for line in str(missing.value).splitlines()] == [
        "NETSUITE_CLIENT_ID", "NETSUITE_CERTIFICATE_ID", "NETSUITE_PRIVATE_KEY_FILE",
    ]  # fmt: skip


def test_no_credential_is_shown() -> None:
    shown = repr(netsuite_access({**_ADDRESS, **_TOKEN}))
    assert not any(value in shown for value in _TOKEN.values())


def test_an_address_is_not_shown_and_none_may_hold_a_password() -> None:
    keys = {"SITOO_API_ID": "10020-140", "SITOO_API_PASSWORD": "s3cret-3"}
    accesses: list[Callable[[str], object]] = [
        lambda address: netsuite_access({**_ADDRESS, **_TOKEN, "NETSUITE_URL": address}),
        lambda address: sitoo_access({**keys, "SITOO_URL": address}),
    ]
    for name, access in zip(("NETSUITE_URL", "SITOO_URL"), accesses, strict=True):
        assert "tarnholm" not in repr(access("https://tarnholm.example/v2/accounts/1"))
        with pytest.raises(SettingsError, match=f"{name} holds a user or a password before its @") as refused:
            access("https://kim:s3cret-4@tarnholm.example/v2/accounts/1")
        assert "s3cret" not in str(refused.value)

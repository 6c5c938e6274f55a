"""What this machine is told through environment variables: where the systems are, the secrets, the time.

Belongs here: the names of the variables and reading them when they are needed. Nothing is read at import, and nothing
here is ever shown: a secret's repr is hidden. What the retailer decides is in `estate.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from sitoo_netsuite.netsuite.auth import ClientCredentials, OAuth2Login
from sitoo_netsuite.netsuite.tba import TokenBasedLogin, TokenCredentials

HOME = "SITOO_NETSUITE_HOME"
ESTATE = "SITOO_NETSUITE_ESTATE"
NOW = "SITOO_NETSUITE_NOW"


class SettingsError(Exception):
    """Environment variables are missing or cannot be used; each line of the text names one and what belongs there."""


@dataclass(frozen=True, slots=True)
class SitooAccess:
    """Sitoo's address with the account path, and one or several API keys (id -> password)."""

    url: str = field(repr=False)
    keys: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NetSuiteAccess:
    """NetSuite's address, the account id, and the credentials of one of its two logins."""

    url: str = field(repr=False)
    account: str
    credentials: ClientCredentials | TokenCredentials

    def login(self) -> httpx.Auth:
        """A new login for one client, with the credentials at hand."""
        if isinstance(self.credentials, TokenCredentials):
            return TokenBasedLogin(self.account, self.credentials)
        return OAuth2Login(self.url, self.account, self.credentials)


def sitoo_access(env: Mapping[str, str]) -> SitooAccess:
    """From SITOO_URL and either SITOO_API_KEYS (`id:password,id:password`) or SITOO_API_ID and SITOO_API_PASSWORD."""
    url_means = {"SITOO_URL": "the base URL shown in Sitoo Backoffice, with /v2/accounts/<account>"}
    if env.get("SITOO_API_KEYS"):
        url = _address("SITOO_URL", _needed(env, url_means)["SITOO_URL"])
        keys = {}
        for entry in env["SITOO_API_KEYS"].split(","):
            identity, separator, password = entry.strip().partition(":")
            if not separator:
                raise SettingsError("SITOO_API_KEYS must read id:password,id:password")
            keys[identity] = password
        return SitooAccess(url, keys)
    found = _needed(
        env,
        url_means
        | {
            "SITOO_API_ID": "the API ID made in Sitoo Backoffice, as in 10020-140",
            "SITOO_API_PASSWORD": "the password shown with the API ID",
        },
    )
    return SitooAccess(_address("SITOO_URL", found["SITOO_URL"]), {found["SITOO_API_ID"]: found["SITOO_API_PASSWORD"]})


def netsuite_access(env: Mapping[str, str]) -> NetSuiteAccess:
    """From NETSUITE_URL, NETSUITE_ACCOUNT and the credentials of a login.

    OAuth 2.0: NETSUITE_CLIENT_ID, NETSUITE_CERTIFICATE_ID, NETSUITE_PRIVATE_KEY_FILE. Where NETSUITE_TOKEN_ID is set,
    token-based authentication: NETSUITE_CONSUMER_KEY, NETSUITE_CONSUMER_SECRET, NETSUITE_TOKEN_ID,
    NETSUITE_TOKEN_SECRET; the others are not looked at then.
    """
    address = {
        "NETSUITE_URL": "https://<account>.suitetalk.api.netsuite.com",
        "NETSUITE_ACCOUNT": "the account id, as in 123456_SB1",
    }
    if env.get("NETSUITE_TOKEN_ID", "").strip():
        found = _needed(
            env,
            address
            | {
                "NETSUITE_CONSUMER_KEY": "the consumer key of the integration record",
                "NETSUITE_CONSUMER_SECRET": "the consumer secret shown with the consumer key",
                "NETSUITE_TOKEN_ID": "the token id of the access token",
                "NETSUITE_TOKEN_SECRET": "the token secret shown with the token id",
            },
        )
        return NetSuiteAccess(
            _address("NETSUITE_URL", found["NETSUITE_URL"]),
            found["NETSUITE_ACCOUNT"],
            TokenCredentials(
                consumer_key=found["NETSUITE_CONSUMER_KEY"],
                consumer_secret=found["NETSUITE_CONSUMER_SECRET"],
                token_id=found["NETSUITE_TOKEN_ID"],
                token_secret=found["NETSUITE_TOKEN_SECRET"],
            ),
        )
    found = _needed(
        env,
        address
        | {
            "NETSUITE_CLIENT_ID": "the client id of the integration record",
            "NETSUITE_CERTIFICATE_ID": "the certificate id of the M2M mapping",
            "NETSUITE_PRIVATE_KEY_FILE": "the path of the private key of the mapped certificate",
        },
    )
    path = Path(found["NETSUITE_PRIVATE_KEY_FILE"])
    if not path.is_file():
        raise SettingsError(f"NETSUITE_PRIVATE_KEY_FILE names {path}, which is not a file")
    return NetSuiteAccess(
        _address("NETSUITE_URL", found["NETSUITE_URL"]),
        found["NETSUITE_ACCOUNT"],
        ClientCredentials(found["NETSUITE_CLIENT_ID"], found["NETSUITE_CERTIFICATE_ID"], path),
    )


@dataclass(frozen=True, slots=True)
class EventsCredential:
    """What Sitoo sends with its events: a name and password of the receiver's own, never those of the API."""

    user: str
    password: str = field(repr=False)


def events_credential(env: Mapping[str, str]) -> EventsCredential:
    """From SITOO_EVENTS_USER and SITOO_EVENTS_PASSWORD."""
    found = _needed(
        env,
        {
            "SITOO_EVENTS_USER": "a name you choose and tell Sitoo with the address of the events",
            "SITOO_EVENTS_PASSWORD": "a long random password you choose and tell Sitoo with the name",
        },
    )
    return EventsCredential(found["SITOO_EVENTS_USER"], found["SITOO_EVENTS_PASSWORD"])


def estate_path(env: Mapping[str, str]) -> Path:
    """SITOO_NETSUITE_ESTATE, or `estate.yaml` in the working directory."""
    return Path(env.get(ESTATE, "estate.yaml"))


def home(env: Mapping[str, str]) -> Path:
    """SITOO_NETSUITE_HOME, or `var` in the working directory: the embedded database and Dagster's files."""
    return Path(env.get(HOME, "var")).absolute()


def database_folder(env: Mapping[str, str]) -> Path:
    """Where the embedded PostgreSQL keeps its data: a folder of its own below home."""
    return home(env) / "postgres"


def now(env: Mapping[str, str]) -> datetime:
    """SITOO_NETSUITE_NOW, so that a run against a sandbox can be told the time, else the real time. In UTC."""
    told = env.get(NOW)
    if not told:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        raise SettingsError(f"{NOW} must be an ISO time with a zone, not {told!r}") from None
    if moment.tzinfo is None:
        raise SettingsError(f"{NOW} must carry a zone, as in 2026-03-02T20:00:00Z, not {told!r}")
    return moment.astimezone(UTC)


def _needed(env: Mapping[str, str], meanings: Mapping[str, str]) -> dict[str, str]:
    """The values of these variables. Raises SettingsError naming every one that is missing, with its meaning."""
    values = {name: env.get(name, "").strip() for name in meanings}
    missing = [f"{name} is not set: {meanings[name]}" for name, value in values.items() if not value]
    if missing:
        raise SettingsError("\n".join(missing))
    return values


def _address(name: str, text: str) -> str:
    """The address as it stands. Raises SettingsError where nothing could be asked there; it may hold credentials, so it
    is not shown.
    """
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingsError(f"{name} is not an http address: set it to the address, with https://")
    if url.userinfo:
        raise SettingsError(f"{name} holds a user or a password before its @: take them out, they are set on their own")
    return text

"""`doctor`: whether everything outside the code is as it must be, in plain words, each with what to do.

Belongs here: settings, credentials, permissions, clock and database, and the order of the checks. Nothing stops at the
first problem: what does not depend on it is still looked at. Does not belong here: the estate against what the systems
say (`mappings`, `master_mappings`), and mending anything: both clients are read-only here, whatever the estate says.
"""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import psycopg

from sitoo_netsuite import settings
from sitoo_netsuite.estate import CatalogueSettings, Estate, EstateError, load_estate
from sitoo_netsuite.netsuite import client as netsuite
from sitoo_netsuite.netsuite.auth import TOKEN_PATH, ClientCredentials, token_form
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.errors import CredentialsRefused, NetSuiteError, Waiting
from sitoo_netsuite.netsuite.records import find_by_external_id, server_time
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.netsuite.tba import TokenCredentials
from sitoo_netsuite.operate.facts import (
    LatestOrders,
    SiteFacts,
    Subsidiary,
    read_accounts,
    read_customer_count,
    read_holds_stock,
    read_latest_orders,
    read_level_prices,
    read_list_prices,
    read_locations,
    read_no_user,
    read_option_count,
    read_periods,
    read_schedule_items,
    read_schedule_names,
    read_site,
    read_subsidiaries,
    read_ticked_count,
)
from sitoo_netsuite.operate.mappings import (
    Finding,
    account_findings,
    location_findings,
    ok,
    period_findings,
    posting_days,
    problem,
    sitoo_findings,
    subsidiary_findings,
    vat_report_finding,
    warning,
)
from sitoo_netsuite.operate.master_mappings import (
    customer_findings,
    level_findings,
    list_subsidiary_findings,
    lists_left_alone,
    option_finding,
    push_findings,
    schedule_findings,
    sitoo_catalogue_findings,
    till_flag_finding,
)
from sitoo_netsuite.operate.stock_mappings import (
    followed_stores,
    left_alone_finding,
    stock_finding,
    stock_location_findings,
    warehouse_findings,
    warehouses_left_alone,
)
from sitoo_netsuite.settings import NetSuiteAccess, SettingsError, SitooAccess
from sitoo_netsuite.sitoo import client as sitoo
from sitoo_netsuite.sitoo.client import ApiKey, SitooClient
from sitoo_netsuite.sitoo.errors import SitooCredentialsRefused, SitooError
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.migrate import is_current

__all__ = ["Finding", "examine"]

# A person waits for the answer: one more try, soon.
_SITOO_RETRIES = sitoo.Retries(attempts=2, first_wait=1.0, longest_wait=5.0)
_NETSUITE_RETRIES = netsuite.Retries(attempts=2, first_wait=0.5, longest_wait=5.0)

_CLOCK_TOLERANCE_SECONDS = 60
_READ_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH
# No document has it: their external ids begin with their kind and a store.
_NO_DOCUMENT = "SITOO-NETSUITE-DOCTOR"

Answer = TypeVar("Answer")


def examine(env: Mapping[str, str], connection_url: str | None) -> list[Finding]:
    """Everything found, also what is as it should be; it is well when no finding is a `problem`.

    `connection_url` is the database's (None: it is not looked at). Nothing is written anywhere. No text holds a secret.
    """
    findings: list[Finding] = []
    now = _now(env, findings)
    estate = _estate(env, findings)
    _examine_sitoo(env, estate, findings)
    asyncio.run(_examine_netsuite(env, estate, now, findings))
    if connection_url is not None:
        findings.append(_database(connection_url))
    return findings


def _now(env: Mapping[str, str], findings: list[Finding]) -> datetime:
    try:
        return settings.now(env)
    except SettingsError as error:
        findings.append(problem("settings", str(error), f"Correct {settings.NOW}, or unset it."))
        return datetime.now(UTC)


def _estate(env: Mapping[str, str], findings: list[Finding]) -> Estate | None:
    path = settings.estate_path(env)
    try:
        estate = load_estate(path)
    except EstateError as error:
        findings += [problem("estate", finding, f"Correct it in {path}.") for finding in error.findings]
        return None
    findings.append(ok("estate", f"{path} is valid: {len(estate.stores)} stores, {len(estate.books)} books"))
    if estate.read_only:
        text = "`read_only: true`: nothing is ever written to either system"
    else:
        text = "`read_only` is not set: runs write to NetSuite"
    findings.append(ok("read-only", text))
    findings.append(vat_report_finding(estate))
    findings += push_findings(estate)
    findings.append(stock_finding(estate, events_credential=_has_events_credential(env)))
    return estate


def _has_events_credential(env: Mapping[str, str]) -> bool:
    try:
        settings.events_credential(env)
    except SettingsError:
        return False
    return True


# -------------------------------------------------------------------------------------------------------- Sitoo


def _examine_sitoo(env: Mapping[str, str], estate: Estate | None, findings: list[Finding]) -> None:
    try:
        access = settings.sitoo_access(env)
    except SettingsError as error:
        findings += _missing(error)
        return
    keys = _working_keys(access, findings)
    if not keys:
        return
    with SitooClient(access.url, keys, read_only=True, retries=_SITOO_RETRIES) as client:
        sites, latest = _read_sitoo(client, findings)
        if estate is not None and sites is not None:
            findings += sitoo_findings(estate, sites, latest)
            if estate.catalogue is not None:
                _examine_till_catalogue(client, estate.catalogue, sites, findings)
            if estate.customers is not None:
                _examine_users(client, estate, sites, findings)
            if followed_stores(estate):
                findings += warehouse_findings(estate, sites)
                _examine_warehouses_left_alone(client, estate, sites, findings)


def _examine_till_catalogue(
    client: SitooClient, settings: CatalogueSettings, sites: tuple[SiteFacts, ...], findings: list[Finding]
) -> None:
    list_prices = {}
    for site in sites:
        if site.site.eshopid not in settings.sites:
            continue
        for price_list in lists_left_alone(settings, site):
            try:
                prices = read_list_prices(client, site, price_list)
            except SitooError as error:
                text = f"price list {price_list.pricelistid} of {site.name} cannot be read: {error}"
                mend = "Let the API key read price lists; whether this one undercuts NetSuite's prices is not known."
                findings.append(problem("catalogue", text, mend))
            else:
                list_prices[site.site.eshopid, price_list.pricelistid] = prices
    findings += sitoo_catalogue_findings(settings, sites, list_prices)


def _examine_users(client: SitooClient, estate: Estate, sites: tuple[SiteFacts, ...], findings: list[Finding]) -> None:
    for site in sites:
        if not any(store.storeid in estate.by_sitoo_store for store in site.stores):
            continue
        try:
            read_no_user(client, site)
        except SitooError as error:
            text = f"users of {site.name} cannot be read: {error}"
            findings.append(problem("customers", text, "Let the API key read users in Sitoo."))
        else:
            findings.append(ok("customers", f"users of {site.name} can be read"))


def _examine_warehouses_left_alone(
    client: SitooClient, estate: Estate, sites: tuple[SiteFacts, ...], findings: list[Finding]
) -> None:
    for site, warehouse in warehouses_left_alone(estate, sites):
        try:
            holds_stock = read_holds_stock(client, site, warehouse)
        except SitooError as error:
            text = f"the stock of warehouse {warehouse.warehouseid} {warehouse.name} cannot be read: {error}"
            findings.append(problem("warehouses", text, "Let the API key read warehouses in Sitoo."))
        else:
            findings.append(left_alone_finding(site, warehouse, holds_stock=holds_stock))


def _working_keys(access: SitooAccess, findings: list[Finding]) -> list[ApiKey]:
    """The keys that Sitoo takes, each tried by itself."""
    working = []
    for identity, password in access.keys.items():
        key = ApiKey(identity, password)
        with SitooClient(access.url, [key], read_only=True, retries=_SITOO_RETRIES) as client:
            try:
                client.sites()
            except SitooCredentialsRefused as error:
                mend = "Correct SITOO_API_KEYS, or SITOO_API_ID and SITOO_API_PASSWORD."
                findings.append(problem("Sitoo keys", str(error), mend))
            except SitooError as error:
                mend = "Check SITOO_URL and the network, then run this again."
                findings.append(problem("Sitoo", f"with API id {identity}: {error}", mend))
                if error.waiting:
                    # Nobody answers: the other keys would only wait for the same.
                    return []
            else:
                working.append(key)
    if working:
        count = len(working)
        text = f"{count} API {'keys work' if count > 1 else 'key works'}, so {count} requests at once"
        findings.append(ok("Sitoo keys", text))
    return working


def _read_sitoo(
    client: SitooClient, findings: list[Finding]
) -> tuple[tuple[SiteFacts, ...] | None, LatestOrders | None]:
    """The sites and the latest orders; None of what could not be read whole, with the finding that says why."""
    sites: tuple[SiteFacts, ...] | None = None
    latest: LatestOrders | None = None
    mend = "See what Sitoo says of it; mappings that need it were not checked."
    try:
        sites = tuple(read_site(client, site) for site in client.sites())
    except SitooError as error:
        findings.append(problem("Sitoo", str(error), mend))
    else:
        text = "; ".join(
            f"{site.name}: {len(site.stores)} stores, {len(site.registers)} registers, {len(site.warehouses)} "
            f"warehouses, {len(site.payment_types)} payment types, {len(site.products)} products"
            for site in sites
        )
        findings.append(ok("Sitoo", text or "the account has no site"))
    try:
        latest = read_latest_orders(client)
    except SitooError as error:
        findings.append(problem("Sitoo orders", str(error), mend))
    else:
        findings.append(ok("Sitoo orders", f"the latest {len(latest.orders)} orders can be read"))
    return sites, latest


# ----------------------------------------------------------------------------------------------------- NetSuite


async def _examine_netsuite(
    env: Mapping[str, str], estate: Estate | None, now: datetime, findings: list[Finding]
) -> None:
    try:
        access = settings.netsuite_access(env)
    except SettingsError as error:
        findings += _missing(error)
        return
    credentials = _credentials_findings(access)
    findings += credentials
    if any(finding.level == "problem" for finding in credentials):
        return
    async with NetSuiteClient(
        url=access.url,
        login=access.login(),
        slots=slots_in_process(1),
        read_only=True,
        retries=_NETSUITE_RETRIES,
    ) as client:
        if await _logged_in(client, _login_name(access), env, now, findings):
            await _examine_account(client, estate, now, findings)


def _credentials_findings(access: NetSuiteAccess) -> list[Finding]:
    """What can be said of the credentials before NetSuite is asked."""
    if isinstance(access.credentials, TokenCredentials):
        text = (
            "NETSUITE_TOKEN_ID is set, so token-based authentication (OAuth 1.0a) is used. Oracle takes no new "
            "integrations with it from NetSuite 2027.1, and means to end it later"
        )
        mend = "Nothing for now; plan the move to OAuth 2.0 client credentials, and unset NETSUITE_TOKEN_ID then."
        return [warning("token-based login", text, mend)]
    return _key_findings(access.url, access.credentials)


def _key_findings(url: str, credentials: ClientCredentials) -> list[Finding]:
    path = credentials.private_key_path
    found = []
    try:
        # Signing is the test: it takes just the keys that NetSuite takes.
        token_form(credentials, f"{url}{TOKEN_PATH}")
    except CredentialsRefused as error:
        mend = "Make a key NetSuite takes, map its certificate in NetSuite, and name its file."
        found.append(problem("private key", str(error), mend))
    else:
        found.append(ok("private key", f"{path} holds a key of a type that NetSuite takes"))
    if path.stat().st_mode & _READ_BY_OTHERS:
        mend = f"Make it its owner's alone: chmod 600 {path}"
        found.append(warning("private key", f"{path} can be read by others on this machine", mend))
    return found


def _login_name(access: NetSuiteAccess) -> str:
    token_based = isinstance(access.credentials, TokenCredentials)
    return "token-based authentication" if token_based else "OAuth 2.0 client credentials"


async def _logged_in(
    client: NetSuiteClient, login: str, env: Mapping[str, str], now: datetime, findings: list[Finding]
) -> bool:
    """Whether NetSuite lets us in, and what its clock says beside ours."""
    try:
        theirs = await server_time(client)
    except CredentialsRefused as error:
        mend = "Check the integration record, what maps it to a role, and NetSuite's Login Audit Trail."
        findings.append(problem("NetSuite login", str(error), mend))
        return False
    except Waiting as error:
        findings.append(problem("NetSuite", str(error), "Check NETSUITE_URL and the network, then run this again."))
        return False
    except NetSuiteError as error:
        mend = "Compare this machine's clock by hand; the account may be on a release before 2025.2."
        findings.append(warning("clock", f"NetSuite's time cannot be read: {error}", mend))
        return True
    findings.append(ok("NetSuite login", f"NetSuite lets us in with {login}"))
    findings.append(_clock_finding(now, theirs, told=bool(env.get(settings.NOW))))
    return True


def _clock_finding(ours: datetime, theirs: datetime, *, told: bool) -> Finding:
    seconds = round((ours - theirs).total_seconds())
    source = settings.NOW if told else "this machine's clock"
    if abs(seconds) <= _CLOCK_TOLERANCE_SECONDS:
        return ok("clock", f"{source} and NetSuite's time agree within {_CLOCK_TOLERANCE_SECONDS} seconds")
    text = (
        f"{source} is {abs(seconds)} seconds {'ahead of' if seconds > 0 else 'behind'} NetSuite's time "
        f"({ours:%Y-%m-%d %H:%M:%S} and {theirs:%Y-%m-%d %H:%M:%S} UTC)"
    )
    if told:
        return warning("clock", text, "Tell it the same time as the sandbox (GET /sandbox/clock), or unset it.")
    mend = "Let the machine's clock be kept by NTP: logins are refused when it is far off. With a sandbox, set "
    return warning("clock", text, f"{mend}{settings.NOW} to the sandbox's clock.")


async def _examine_account(
    client: NetSuiteClient, estate: Estate | None, now: datetime, findings: list[Finding]
) -> None:
    """Permissions, each by reading what it is for, and the estate against what was read."""
    accounts = await _read_some("accounts", "Lists > Accounts", read_accounts(client), findings)
    subsidiaries = await _read_some(
        "subsidiaries", "Lists > Subsidiaries and Lists > Currency", read_subsidiaries(client), findings
    )
    locations = await _read_some("locations", "Lists > Locations", read_locations(client), findings)
    days = posting_days(estate, now) if estate is not None else [now.date()]
    periods = await _read(
        "accounting periods", "Setup > Manage Accounting Periods", read_periods(client, days[0], days[-1]), findings
    )
    await _examine_documents(client, "journals", "journalEntry", "Transactions > Make Journal Entry", findings)
    if None not in (accounts, subsidiaries, locations, periods):
        findings.append(ok("SuiteQL", "accounts, subsidiaries, locations and accounting periods can be read"))
    if periods is not None and estate is not None:
        findings += period_findings(days, periods)
    if estate is None:
        return
    if accounts is not None:
        findings += account_findings(estate, accounts, subsidiaries)
    if subsidiaries is not None:
        findings += subsidiary_findings(estate, subsidiaries)
    if locations is not None:
        findings += location_findings(estate, locations, subsidiaries)
    if estate.catalogue is not None:
        await _examine_items(client, estate, estate.catalogue, subsidiaries, findings)
    if estate.customers is not None:
        count = await _read("customers", "Lists > Customers", read_customer_count(client), findings)
        if count is not None:
            findings += customer_findings(estate, count)
    if followed_stores(estate):
        if locations is not None:
            findings += stock_location_findings(estate, locations, subsidiaries)
        await _examine_documents(
            client, "inventory adjustments", "inventoryAdjustment", "Transactions > Adjust Inventory", findings
        )
        if any(books.stock is not None and books.stock.in_transit for books in estate.books):
            await _examine_documents(
                client, "inventory transfers", "inventoryTransfer", "Transactions > Transfer Inventory", findings
            )


async def _examine_documents(
    client: NetSuiteClient, what: str, record_type: str, permission: str, findings: list[Finding]
) -> None:
    """Whether documents of a type can be looked up, as they are after an unclear answer."""
    if await _read(what, permission, _readable(client, record_type), findings):
        text = (
            f"{what} can be read. Whether they may be created cannot be tried without writing one: the role needs "
            f"{permission} at level Create or higher"
        )
        findings.append(ok(what, text))


async def _examine_items(
    client: NetSuiteClient,
    estate: Estate,
    settings: CatalogueSettings,
    subsidiaries: tuple[Subsidiary, ...] | None,
    findings: list[Finding],
) -> None:
    """What the catalogue reads of items, each by itself, so that a field that is not there is told by its name."""
    levels = await _read("item prices", "Lists > Items and Lists > Currency", read_level_prices(client), findings)
    if levels is not None:
        findings += level_findings(settings, levels)
    for name, field in settings.matrix_options.items():
        filled = await _read_field(field, read_option_count(client, field), findings)
        if filled is not None:
            findings.append(option_finding(name, field, filled))
    flag = settings.till_flag
    if flag is not None:
        ticked = await _read_field(flag, read_ticked_count(client, flag), findings)
        if ticked is None:
            flag = None
        else:
            findings.append(till_flag_finding(flag, ticked))
    permission = "Lists > Items, Setup > Tax Schedules and Lists > Subsidiaries"
    names = await _read("tax schedules", permission, read_schedule_names(client), findings)
    schedules = await _read(
        "tax schedules of items",
        permission,
        read_schedule_items(client, settings.item_types, flag, [item.sku for item in estate.items]),
        findings,
    )
    if names is not None and schedules is not None:
        findings += schedule_findings(settings, names, schedules)
    if subsidiaries is not None:
        findings += list_subsidiary_findings(settings, subsidiaries)


async def _read_field(field: str, reading: Awaitable[int], findings: list[Finding]) -> int | None:
    """As `_read`, of an item field that the estate names."""
    try:
        return await reading
    except Waiting as error:
        findings.append(problem("NetSuite", f"{field} cannot be read now: {error}", "Run this again."))
    except NetSuiteError as error:
        mend = "Correct the field in estate.yaml (`catalogue`), or let the integration's role see it on items."
        findings.append(problem("catalogue", f"item field {field} cannot be read: {error}", mend))
    return None


async def _read_some(
    what: str, permission: str, reading: Awaitable[tuple[Answer, ...]], findings: list[Finding]
) -> tuple[Answer, ...] | None:
    """As `_read`; a role that may see none of them is told that, and not that each one is missing."""
    answer = await _read(what, permission, reading, findings)
    if answer == ():
        mend = f"Give the integration's role {permission}, for the subsidiaries that own the shops."
        findings.append(problem("NetSuite permissions", f"NetSuite shows the role no {what}", mend))
        return None
    return answer


async def _read(what: str, permission: str, reading: Awaitable[Answer], findings: list[Finding]) -> Answer | None:
    """The answer; None when it cannot be had, with the finding that says why."""
    try:
        return await reading
    except Waiting as error:
        findings.append(problem("NetSuite", f"{what} cannot be read now: {error}", "Run this again."))
    except NetSuiteError as error:
        mend = f"Give the integration's role {permission}, REST Web Services and SuiteAnalytics Workbook in NetSuite."
        findings.append(problem("NetSuite permissions", f"{what} cannot be read: {error}", mend))
    return None


async def _readable(client: NetSuiteClient, record_type: str) -> bool:
    """True when a document of the type can be looked up by its external id. Raises NetSuiteError."""
    await find_by_external_id(client, record_type, _NO_DOCUMENT)
    return True


# -------------------------------------------------------------------------------------------- settings, database


def _missing(error: SettingsError) -> list[Finding]:
    mend = "Set it in the environment of the commands and of Dagster (see the README)."
    return [problem("settings", line, mend) for line in str(error).splitlines()]


def _database(url: str) -> Finding:
    subject = "database"
    try:
        connect(url).close()
        current = is_current(url)
    except psycopg.OperationalError as error:
        text = f"it does not answer: {_first_line(error)}"
        return problem(subject, text, "Check DATABASE_URL and that the server runs.")
    except psycopg.ProgrammingError:
        # Its text would quote the address with the password in it.
        return problem(subject, "DATABASE_URL cannot be read", "Write it as postgresql://user:password@host/database.")
    if not current:
        return problem(subject, "its tables are not those of this version", "Run `sitoo-netsuite db upgrade`.")
    return ok(subject, "it answers, and its tables are those of this version")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__

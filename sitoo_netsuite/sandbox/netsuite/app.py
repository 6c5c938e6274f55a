"""The NetSuite sandbox as an ASGI app: every route, and what surrounds a request (login, concurrency, errors).

Belongs here: HTTP in, HTTP out. Does not belong here: what a record is (`schema.py`), what may be done to it
(`account.py`), how it looks (`render.py`).

Not spoken: async and batch requests, token-based authentication, the metadata catalogue, saved datasets, `q` filters,
writing a subresource on its own. They answer 400 or 404, never something wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import duckdb
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.netsuite.account import Account
from sitoo_netsuite.sandbox.netsuite.auth import TOKEN_PATH, Authenticator, TokenError
from sitoo_netsuite.sandbox.netsuite.errors import (
    ApiError,
    invalid_content,
    invalid_parameter,
    invalid_value,
    no_such_record,
    no_such_type,
    not_allowed,
    unexpected,
    user_error,
)
from sitoo_netsuite.sandbox.netsuite.gate import ConcurrencyGate
from sitoo_netsuite.sandbox.netsuite.mirror import Mirror
from sitoo_netsuite.sandbox.netsuite.opening import open_account
from sitoo_netsuite.sandbox.netsuite.records import Record
from sitoo_netsuite.sandbox.netsuite.render import (
    RECORD_PATH,
    View,
    encode,
    line_key,
    paged,
    read_page,
    record_url,
    show_collection,
    show_line,
    show_record,
    show_sublist,
)
from sitoo_netsuite.sandbox.netsuite.schema import BY_PATH_NAME, RecordType
from sitoo_netsuite.sandbox.netsuite.settings import Credentials, Settings
from sitoo_netsuite.sandbox.netsuite.suiteql.engine import SuiteQL, to_json_text
from sitoo_netsuite.sandbox.netsuite.suiteql.errors import SuiteQLError
from sitoo_netsuite.sandbox.netsuite.transforms import TRANSFORMS, transformed
from sitoo_netsuite.sandbox.netsuite.values import Draft, NameValidation, decode, is_external_id, read_body
from sitoo_netsuite.sandbox.recorder import Recorder, RecordingMiddleware, sandbox_routes
from sitoo_netsuite.sandbox.world import World

QUERY_PATH = "/services/rest/query/v1/suiteql"
_SYSTEM_PATH = "/services/rest/system/v1"
_RESOURCE = "application/vnd.oracle.resource+json"
_SINGULAR = f"{_RESOURCE}; type=singular"
_MOST_ROWS = 100_000
_LOCKS = {
    "closed": "closed",
    "allLocked": "all_locked",
    "arLocked": "ar_locked",
    "apLocked": "ap_locked",
    "payrollLocked": "payroll_locked",
    "inventoryLocked": "inventory_locked",
}

Handler = Callable[[Request], Awaitable[Response]]


def build_netsuite_app(
    world: World,
    clock: SandboxClock,
    *,
    account_limit: int = 5,
    credentials: Credentials,
    recorder: Recorder,
    latency_ms: int = 0,
    settings: Settings | None = None,
) -> Starlette:
    """The app of one NetSuite account that belongs to the world's retailer.

    account_limit: requests at once over the whole account before the 429 (reference 3.1). latency_ms: how long every
    answer takes at least, within the account's limit. The app keeps everything in memory and starts afresh each time.
    """
    settings = settings or Settings()
    connection = duckdb.connect(":memory:")
    mirror = Mirror(connection)
    account = Account(clock, settings, mirror)
    open_account(account, world)
    gate = ConcurrencyGate(account_limit, settings.retry_after_seconds)
    front = _Front(Authenticator(credentials, clock), gate, latency_ms / 1000, settings)
    records = _Records(account)
    return Starlette(
        routes=[
            Route(TOKEN_PATH, front.issue_token, methods=["POST"]),
            Route(QUERY_PATH, front.guarded(_Query(mirror, SuiteQL(connection, clock.now)).run), methods=["POST"]),
            Route(f"{_SYSTEM_PATH}/serverTime", front.guarded(_server_time(clock))),
            Route(f"{_SYSTEM_PATH}/governanceLimits", front.guarded(_governance_limits(account_limit))),
            *records.routes(front.guarded),
            Route("/sandbox/periods", _set_period(account), methods=["POST"]),
            *sandbox_routes(clock, recorder),
        ],
        middleware=[Middleware(RecordingMiddleware, recorder=recorder, error_response=_fault)],
        exception_handlers={404: _no_route, 405: _no_route},
    )


class _Front:
    """What every request passes on its way in."""

    def __init__(
        self, authenticator: Authenticator, gate: ConcurrencyGate, latency_seconds: float, settings: Settings
    ) -> None:
        self._authenticator = authenticator
        self._gate = gate
        self._latency_seconds = latency_seconds
        self._settings = settings

    def guarded(self, handler: Handler) -> Handler:
        """The handler behind login, concurrency limit and latency, its ApiErrors turned into answers."""

        async def endpoint(request: Request) -> Response:
            # Read at once: a client that gives up waiting must not undo what it asked for.
            await request.body()
            try:
                self._authenticator.check(request.headers.get("authorization"))
                with self._gate.slot():
                    await asyncio.sleep(self._latency_seconds)
                    if "respond-async" in request.headers.get("prefer", ""):
                        raise ApiError(
                            400, "INVALID_HEADER", "Asynchronous requests are not spoken here.", header="Prefer"
                        )
                    return await handler(request)
            except ApiError as error:
                return _error(error)

        return endpoint

    async def issue_token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", errors="replace")))
        try:
            with self._gate.slot() if self._settings.token_requests_count else nullcontext():
                await asyncio.sleep(self._latency_seconds)
                return _json(self._authenticator.issue(form, str(request.url)))
        except ApiError as error:
            return _error(error)
        except TokenError as error:
            body = {"error": error.code}
            if self._settings.token_error_description:
                body["error_description"] = error.description
            challenge = {"WWW-Authenticate": f'Basic realm="{self._authenticator.account}"'}
            return _json(body, error.status, headers=challenge if error.code == "invalid_client" else {})


class _Query:
    """SuiteQL over REST (reference 1, 1.2, 6)."""

    def __init__(self, mirror: Mirror, engine: SuiteQL) -> None:
        self._mirror = mirror
        self._engine = engine
        self._turn = asyncio.Lock()

    async def run(self, request: Request) -> Response:
        if "transient" not in request.headers.get("prefer", "").lower():
            raise ApiError(
                400, "INVALID_HEADER", "The required request header 'Prefer' is missing or invalid.", header="Prefer"
            )
        page = read_page(request.query_params)
        content = decode(await request.body())
        query, params = content.get("q"), content.get("params", [])
        if not isinstance(query, str) or not query.strip():
            raise invalid_content("The body must hold a query", "q")
        if not isinstance(params, list) or not all(isinstance(param, str | int | Decimal) for param in params):
            raise invalid_content("params must be a list of texts and numbers", "params")
        # In turn, so that a query sees every write that was answered before it came.
        async with self._turn:
            await run_in_threadpool(self._mirror.write, self._mirror.take())
        try:
            result = await run_in_threadpool(self._engine.run, query, params, page.limit, page.offset)
        except SuiteQLError as error:
            raise ApiError(400, "INVALID_PARAMETER", error.detail, parameter="q") from None
        items: list[dict[str, Any]] = []
        for row in result.rows[: max(0, _MOST_ROWS - page.offset)]:
            texts = zip(result.columns, map(to_json_text, row), strict=True)
            items.append({"links": [], **{name: text for name, text in texts if text is not None}})
        return _json(paged(str(request.url.replace(query="")), page, items, min(result.total, _MOST_ROWS)))


class _Records:
    """The record routes."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self, guarded: Callable[[Handler], Handler]) -> list[Route]:
        one = f"{RECORD_PATH}/{{type}}/{{id}}"
        return [
            Route(f"{RECORD_PATH}/{{type}}", guarded(self._list), methods=["GET"]),
            Route(f"{RECORD_PATH}/{{type}}", guarded(self._create), methods=["POST"]),
            Route(one, guarded(self._read), methods=["GET"]),
            Route(one, guarded(self._change), methods=["PATCH"]),
            Route(one, guarded(self._upsert), methods=["PUT"]),
            Route(one, guarded(self._delete), methods=["DELETE"]),
            Route(f"{one}/!transform/{{target}}", guarded(self._transform), methods=["POST"]),
            Route(f"{one}/{{sublist}}", guarded(self._read_sublist), methods=["GET"]),
            Route(f"{one}/{{sublist}}/{{key}}", guarded(self._read_line), methods=["GET"]),
        ]

    async def _list(self, request: Request) -> Response:
        record_type = _record_type(request)
        for name in ("q", "ids", "expandRecords"):
            if name in request.query_params:
                raise invalid_parameter(f"The query parameter {name} is not spoken here.", name)
        url = f"{_base_url(request)}{RECORD_PATH}/{record_type.name}"
        shown = show_collection(url, read_page(request.query_params), self._account.ids(record_type))
        return _json(shown, media_type=f"{_RESOURCE}; type=collection")

    async def _create(self, request: Request) -> Response:
        record_type = _record_type(request)
        draft = await self._draft(request, record_type)
        return self._written(request, self._account.create(record_type, draft), draft)

    async def _read(self, request: Request) -> Response:
        record = self._record(request)
        return _json(show_record(record, self._account, _view(request, record.record_type)), media_type=_SINGULAR)

    async def _change(self, request: Request) -> Response:
        record = self._record(request)
        draft = await self._draft(request, record.record_type)
        self._account.update(record, draft, _replaced(request, record.record_type))
        return self._written(request, record, draft)

    async def _upsert(self, request: Request) -> Response:
        """PUT on an external id creates or changes; the status does not tell which (reference 3.5, 4.1)."""
        record_type = _record_type(request)
        external_id = _external_id(request.path_params["id"])
        if external_id is None:
            raise not_allowed("PUT needs an external id in the path: eid:<external id>.")
        draft = await self._draft(request, record_type)
        if draft.external_id not in (None, external_id) and self._account.settings.put_external_id_mismatch == "refuse":
            raise invalid_value(draft.external_id, "externalId", "externalId")
        draft = replace(draft, external_id=external_id)
        record = self._account.find_external(record_type, external_id)
        if record is None:
            record = self._account.create(record_type, draft)
        elif record.record_type is not record_type:
            raise user_error("Transaction type specified is incorrect.")
        else:
            self._account.update(record, draft, _replaced(request, record_type))
        return self._written(request, record, draft)

    async def _delete(self, request: Request) -> Response:
        self._account.delete(self._record(request))
        return Response(status_code=204)

    async def _transform(self, request: Request) -> Response:
        source = self._record(request)
        target = BY_PATH_NAME.get(request.path_params["target"].lower())
        if target is None or target.name not in TRANSFORMS.get(source.record_type.name, ()):
            raise no_such_type(request.path_params["target"])
        draft = await self._draft(request, target)
        record = self._account.create(target, transformed(source, target, draft, _replaced(request, target)))
        return self._written(request, record, draft)

    async def _read_sublist(self, request: Request) -> Response:
        record, name = self._record(request), self._sublist_name(request)
        view = View(_base_url(request))
        shown = show_sublist(record, name, self._account, view)
        if not _asks(request, "expandSubResources"):
            shown["items"] = [{"links": line["links"]} for line in shown["items"]]
        return _json(shown, media_type=f"{_RESOURCE}; type=collection")

    async def _read_line(self, request: Request) -> Response:
        record, name = self._record(request), self._sublist_name(request)
        keys = record.record_type.sublists[name].keys
        for place, line in enumerate(record.sublists.get(name, [])):
            if line_key(keys, place, line) == request.path_params["key"]:
                shown = show_line(record, name, place, line, self._account, View(_base_url(request)))
                return _json(shown, media_type=_SINGULAR)
        raise no_such_record()

    def _record(self, request: Request) -> Record:
        """The record of the path. Raises 404 and the 400 of a transaction of another type."""
        record_type, text = _record_type(request), request.path_params["id"]
        external_id = _external_id(text)
        if external_id is None:
            if not text.isascii() or not text.isdigit():
                raise no_such_record()
            return self._account.get(record_type, int(text))
        found = self._account.find_external(record_type, external_id)
        if found is None:
            raise no_such_record()
        return self._account.get(record_type, found.internal_id)

    def _sublist_name(self, request: Request) -> str:
        record_type = _record_type(request)
        name = record_type.canonical.get(request.path_params["sublist"].lower())
        if name not in record_type.sublists:
            raise no_such_record()
        return str(name)

    async def _draft(self, request: Request, record_type: RecordType) -> Draft:
        header = request.headers.get("x-netsuite-propertynamevalidation", NameValidation.WARNING)
        try:
            names = NameValidation(header.lower())
        except ValueError:
            name = "X-NetSuite-PropertyNameValidation"
            raise ApiError(
                400, "INVALID_HEADER", f"Invalid value of the header {name}: {header}", header=name
            ) from None
        text = self._account.settings.unknown_property
        return read_body(record_type, decode(await request.body()), self._account, names, text)

    def _written(self, request: Request, record: Record, draft: Draft) -> Response:
        """204 with the record's absolute address and no body (reference 3.5)."""
        headers = {"Location": record_url(_base_url(request), record)}
        asked = request.headers.get("x-netsuite-propertynamevalidation", NameValidation.WARNING).lower()
        if draft.unknown and asked == NameValidation.WARNING:
            headers[self._account.settings.property_warning_header] = ", ".join(draft.unknown)
        return Response(status_code=204, headers=headers)


def _server_time(clock: SandboxClock) -> Handler:
    async def handler(_: Request) -> Response:
        now = clock.now()
        return _json({"serverTime": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"})

    return handler


def _governance_limits(account_limit: int) -> Handler:
    async def handler(_: Request) -> Response:
        return _json(
            {
                "accountConcurrencyLimit": account_limit,
                "accountUnallocatedConcurrencyLimit": account_limit,
                "integrationLimitType": "accountLimit",
            }
        )

    return handler


def _set_period(account: Account) -> Handler:
    """`POST /sandbox/periods {"period": "Mar 2026", "closed": true, "arLocked": false, ...}`: what month end does."""

    async def handler(request: Request) -> Response:
        try:
            content = decode(await request.body())
        except ApiError as error:
            return _error(error)
        known = {period.name: period for period in account.periods.values()}
        period = known.get(str(content.pop("period", "")))
        if (
            period is None
            or not content.keys() <= _LOCKS.keys()
            or not all(isinstance(v, bool) for v in content.values())
        ):
            usage = f"POST {{'period': 'Mar 2026', 'closed': true}}; periods {sorted(known)}; locks {sorted(_LOCKS)}"
            return _json({"error": usage}, 400)
        account.set_period(replace(period, **{_LOCKS[name]: value for name, value in content.items()}))
        return _json(True)

    return handler


def _record_type(request: Request) -> RecordType:
    name = request.path_params["type"]
    record_type = BY_PATH_NAME.get(name.lower())
    if record_type is None:
        raise no_such_type(name)
    return record_type


def _external_id(text: str) -> str | None:
    """The external id of `eid:X`; None for an internal id. Raises 400 for characters that break the path."""
    if not text.startswith("eid:"):
        return None
    external_id = text.removeprefix("eid:")
    if not is_external_id(external_id):
        raise ApiError(400, "INVALID_PARAMETER", f"Invalid external ID '{external_id}'.")
    return external_id


def _replaced(request: Request, record_type: RecordType) -> set[str]:
    """The sublists named by `replace=a,b`."""
    names = [name for name in request.query_params.get("replace", "").split(",") if name]
    found = {record_type.canonical.get(name.lower(), "") for name in names}
    if not found <= record_type.sublists.keys():
        raise invalid_parameter("The query parameter replace must name sublists of the record.", "replace")
    return found


def _view(request: Request, record_type: RecordType) -> View:
    fields = None
    if "fields" in request.query_params:
        asked = request.query_params["fields"].split(",")
        fields = {record_type.canonical.get(name.lower(), "") for name in asked}
        if not fields <= record_type.fields.keys():
            raise invalid_parameter("The query parameter fields must name body fields of the record.", "fields")
    return View(_base_url(request), fields, _asks(request, "expandSubResources"), _asks(request, "simpleEnumFormat"))


def _asks(request: Request, name: str) -> bool:
    return request.query_params.get(name, "false").lower() == "true"


def _base_url(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _json(
    content: Any, status: int = 200, *, media_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> Response:
    return Response(encode(content), status, headers, media_type)


def _error(error: ApiError) -> Response:
    media_type = f"{_RESOURCE}; type=error"
    return _json(error.envelope(), error.status, media_type=media_type, headers=error.response_headers)


def _fault(status: int) -> Response:
    return _error(unexpected(status))


async def _no_route(request: Request, error: Exception) -> Response:
    place = f"{request.method} {request.url.path}"
    if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return _error(not_allowed(f"{place} is not allowed."))
    return _error(ApiError(404, "NONEXISTENT_ID", f"There is nothing at {place}."))

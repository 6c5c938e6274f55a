"""The NetSuite sandbox as an ASGI app: every route, what they share, and the small services.

Belongs here: putting it together, SuiteQL and the system service over HTTP. Does not belong here: what every request
passes (`door.py`), the record service (`record_routes.py`), what may be done to a record (`account.py`).

Not spoken: saved datasets, `q` filters, writing a subresource on its own (but for one price). They answer 400 or 404,
never something wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import duckdb
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.faults.transport import TransportFaults, TroubleMiddleware
from sitoo_netsuite.sandbox.netsuite.account import Account
from sitoo_netsuite.sandbox.netsuite.answers import Handler, error_answer, json_answer
from sitoo_netsuite.sandbox.netsuite.auth import TOKEN_PATH, Authenticator
from sitoo_netsuite.sandbox.netsuite.door import QUERY_PATH, Door, fitting_trouble
from sitoo_netsuite.sandbox.netsuite.errors import ApiError, invalid_content, not_allowed, too_many_requests, unexpected
from sitoo_netsuite.sandbox.netsuite.gate import ConcurrencyGate
from sitoo_netsuite.sandbox.netsuite.jobs import Jobs
from sitoo_netsuite.sandbox.netsuite.metadata import metadata_routes
from sitoo_netsuite.sandbox.netsuite.mirror import Mirror
from sitoo_netsuite.sandbox.netsuite.opening import open_account
from sitoo_netsuite.sandbox.netsuite.record_routes import RecordRoutes
from sitoo_netsuite.sandbox.netsuite.render import paged, read_page
from sitoo_netsuite.sandbox.netsuite.settings import Credentials, Settings
from sitoo_netsuite.sandbox.netsuite.suiteql.engine import SuiteQL, to_json_text
from sitoo_netsuite.sandbox.netsuite.suiteql.errors import SuiteQLError
from sitoo_netsuite.sandbox.netsuite.values import decode
from sitoo_netsuite.sandbox.recorder import Recorder, RecordingMiddleware, Truth, sandbox_routes
from sitoo_netsuite.sandbox.world import World

_API = "netsuite"
_SYSTEM_PATH = "/services/rest/system/v1"
_MOST_ROWS = 100_000
_LOCKS = {
    "closed": "closed",
    "allLocked": "all_locked",
    "arLocked": "ar_locked",
    "apLocked": "ap_locked",
    "payrollLocked": "payroll_locked",
    "inventoryLocked": "inventory_locked",
}


def build_netsuite_app(
    world: World,
    clock: SandboxClock,
    *,
    account_limit: int = 5,
    credentials: Credentials,
    recorder: Recorder,
    latency_ms: int = 0,
    settings: Settings | None = None,
    transport: TransportFaults | None = None,
    before_request: Callable[[], None] | None = None,
    truth: Truth | None = None,
) -> Starlette:
    """The app of one NetSuite account that belongs to the world's retailer.

    account_limit: requests at once over the whole account before the 429 (reference 3.1). latency_ms: how long every
    answer takes at least, within the account's limit. transport: trouble on the line. before_request: called in the
    event loop before each request that passed the login is handled; what people do by hand in NetSuite may happen
    there (the `Account` is the app's `state.account`). truth: what `/sandbox/truth` shows.

    The app keeps everything in memory and starts afresh each time.
    """
    settings = settings or Settings()
    transport = transport or TransportFaults.for_mode("none", seed=0)
    connection = duckdb.connect(":memory:")
    mirror = Mirror(connection)
    account = Account(clock, settings, mirror)
    open_account(account, world)
    gate = ConcurrencyGate(account_limit, settings.retry_after_seconds)
    authenticator = Authenticator(credentials, clock)
    jobs = Jobs(settings, clock)
    door = Door(authenticator, gate, latency_ms / 1000, settings, jobs, before_request)
    records = RecordRoutes(account)

    def fault(status: int) -> Response:
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return error_answer(too_many_requests(settings.retry_after_seconds))
        return error_answer(unexpected(status))

    app = Starlette(
        routes=[
            Route(TOKEN_PATH, door.issue_token, methods=["POST"]),
            Route(QUERY_PATH, door.guarded(_Query(mirror, SuiteQL(connection, clock.now)).run), methods=["POST"]),
            Route(f"{_SYSTEM_PATH}/serverTime", door.guarded(_server_time(clock))),
            Route(f"{_SYSTEM_PATH}/governanceLimits", door.guarded(_governance_limits(account_limit))),
            *jobs.routes(door.guarded),
            *metadata_routes(door.guarded),
            *records.routes(door.guarded_record),
            Route("/sandbox/periods", _set_period(account), methods=["POST"]),
            Route("/sandbox/logins", _failed_logins(authenticator)),
            *sandbox_routes(clock, recorder, truth, lambda: transport.fired(_API)),
        ],
        middleware=[
            Middleware(RecordingMiddleware, recorder=recorder, error_response=fault),
            Middleware(TroubleMiddleware, faults=transport, api=_API, fitting=fitting_trouble, refusal=fault),
        ],
        exception_handlers={404: _no_route, 405: _no_route},
    )
    app.state.account = account
    return app


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
        return json_answer(paged(str(request.url.replace(query="")), page, items, min(result.total, _MOST_ROWS)))


def _server_time(clock: SandboxClock) -> Handler:
    async def handler(_: Request) -> Response:
        now = clock.now()
        return json_answer({"serverTime": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"})

    return handler


def _governance_limits(account_limit: int) -> Handler:
    async def handler(_: Request) -> Response:
        return json_answer(
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
            return error_answer(error)
        known = {period.name: period for period in account.periods.values()}
        period = known.get(str(content.pop("period", "")))
        if (
            period is None
            or not content.keys() <= _LOCKS.keys()
            or not all(isinstance(v, bool) for v in content.values())
        ):
            usage = f"POST {{'period': 'Mar 2026', 'closed': true}}; periods {sorted(known)}; locks {sorted(_LOCKS)}"
            return json_answer({"error": usage}, 400)
        account.set_period(replace(period, **{_LOCKS[name]: value for name, value in content.items()}))
        return json_answer(True)

    return handler


def _failed_logins(authenticator: Authenticator) -> Handler:
    """`GET /sandbox/logins`: NetSuite's Login Audit Trail, where the reasons are that no answer gives."""

    async def handler(_: Request) -> Response:
        return json_answer(
            [
                {"at": failed.at.isoformat(), "token": failed.token_id, "reason": failed.reason}
                for failed in authenticator.audit_trail()
            ]
        )

    return handler


async def _no_route(request: Request, error: Exception) -> Response:
    place = f"{request.method} {request.url.path}"
    if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return error_answer(not_allowed(f"{place} is not allowed."))
    return error_answer(ApiError(404, "NONEXISTENT_ID", f"There is nothing at {place}."))

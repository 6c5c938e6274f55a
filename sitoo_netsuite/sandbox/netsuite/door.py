"""What every request passes on its way in: login, concurrency limit, latency, trouble on the line.

Belongs here: the token endpoint, what comes before a handler, and how its errors become answers. Does not belong here:
what is asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import nullcontext
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from sitoo_netsuite.sandbox.faults.transport import ANYWHERE, NoAnswer, Trouble, meets
from sitoo_netsuite.sandbox.netsuite.answers import Handler, base_url, error_answer, json_answer
from sitoo_netsuite.sandbox.netsuite.auth import TOKEN_PATH, Authenticator, TokenError
from sitoo_netsuite.sandbox.netsuite.batch import is_batch, tasks_of
from sitoo_netsuite.sandbox.netsuite.errors import ApiError, invalid_login, user_error
from sitoo_netsuite.sandbox.netsuite.gate import ConcurrencyGate
from sitoo_netsuite.sandbox.netsuite.jobs import Jobs, Task, wants_job
from sitoo_netsuite.sandbox.netsuite.late_writes import LateWrites
from sitoo_netsuite.sandbox.netsuite.metadata import CATALOG_PATH
from sitoo_netsuite.sandbox.netsuite.render import RECORD_PATH
from sitoo_netsuite.sandbox.netsuite.settings import Settings

QUERY_PATH = "/services/rest/query/v1/suiteql"


def fitting_trouble(method: str, path: str) -> Collection[Trouble]:
    """What can happen to a request (docs/faults.md)."""
    if path == TOKEN_PATH:
        return (Trouble.SLOW_ANSWER, Trouble.SERVER_ERROR)
    if not path.startswith(RECORD_PATH) or path.startswith(CATALOG_PATH):
        return ANYWHERE | {Trouble.EXPIRED_TOKEN}
    fitting = ANYWHERE | {Trouble.EXPIRED_TOKEN, Trouble.WORKFLOW_LOCK}
    if method == "GET":
        return fitting
    return fitting | {Trouble.TIME_OUT_AFTER_COMMIT, Trouble.COMMIT_AFTER_LOOK_UP}


class Door:
    """What every request passes on its way in."""

    def __init__(
        self,
        authenticator: Authenticator,
        gate: ConcurrencyGate,
        latency_seconds: float,
        settings: Settings,
        jobs: Jobs,
        before_request: Callable[[], None] | None,
    ) -> None:
        self._authenticator = authenticator
        self._gate = gate
        self._latency_seconds = latency_seconds
        self._settings = settings
        self._jobs = jobs
        self._before_request = before_request
        self._late_writes = LateWrites(settings.late_write_seconds)

    def guarded(self, handler: Handler) -> Handler:
        """The handler behind login, concurrency limit and latency, its ApiErrors turned into answers.

        It is synchronous only: what is no record request cannot be made a job (reference 3.2).
        """

        async def handle(request: Request) -> Response:
            if wants_job(request):
                raise ApiError(400, "INVALID_HEADER", "Only record requests can be asynchronous.", header="Prefer")
            return await handler(request)

        return self._behind_the_door(handle)

    def guarded_record(self, handler: Handler, one_of_batch: Handler | None = None) -> Handler:
        """A handler of record requests, guarded likewise. It may be asked for as a job.

        one_of_batch: handles each record of a batch, where the route takes batches.
        """

        async def handle(request: Request) -> Response:
            batch = one_of_batch is not None and is_batch(request)
            if not wants_job(request):
                if batch:
                    raise ApiError(400, "INVALID_HEADER", "A batch needs 'Prefer: respond-async'.", header="Prefer")
                return await handler(request)
            if one_of_batch is not None and batch:
                return self._jobs.submit(request, await tasks_of(request, one_of_batch))
            return self._jobs.submit(request, [Task(request, handler)])

        return self._behind_the_door(handle)

    def _behind_the_door(self, handler: Handler) -> Handler:
        async def endpoint(request: Request) -> Response:
            # Read at once: a client that gives up waiting must not undo what it asked for.
            try:
                await request.body()
            except ClientDisconnect:
                return Response()  # nobody is there to hear it: not all of its request has come
            try:
                self._authenticator.check(request.headers.get("authorization"), request.method, _address(request))
                self._expire_token(request)
                with self._gate.slot():
                    await asyncio.sleep(self._latency_seconds)
                    return await self._handle(request, handler)
            except ApiError as error:
                return error_answer(error)

        return endpoint

    def _expire_token(self, request: Request) -> None:
        """Raises the 401 of a token that ends here and now, if that is this request's trouble."""

        def expire() -> bool:
            authorization = request.headers.get("authorization", "")
            return self._authenticator.expire(authorization, self._settings.token_lasts_seconds)

        if meets(request.scope, Trouble.EXPIRED_TOKEN, expire):
            raise invalid_login(self._authenticator.account)

    async def _handle(self, request: Request, handler: Handler) -> Response:
        if self._before_request is not None:
            self._before_request()
        await self._late_writes.carry_out_due()
        await self._jobs.carry_out_due()
        if meets(request.scope, Trouble.WORKFLOW_LOCK):
            raise user_error("This record has been locked by a user defined workflow.")
        if meets(request.scope, Trouble.COMMIT_AFTER_LOOK_UP):
            self._late_writes.hold(request, handler)
            return NoAnswer()
        try:
            return await handler(request)
        finally:
            if request.method == "GET" or request.url.path == QUERY_PATH:
                await self._late_writes.carry_out_looked_for(request)

    async def issue_token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", errors="replace")))
        try:
            with self._gate.slot() if self._settings.token_requests_count else nullcontext():
                await asyncio.sleep(self._latency_seconds)
                return json_answer(self._authenticator.issue(form, str(request.url)))
        except ApiError as error:
            return error_answer(error)
        except TokenError as error:
            body = {"error": error.code}
            if self._settings.token_error_description:
                body["error_description"] = error.description
            challenge = {"WWW-Authenticate": f'Basic realm="{self._authenticator.account}"'}
            return json_answer(body, error.status, headers=challenge if error.code == "invalid_client" else {})


def _address(request: Request) -> str:
    """The URL as the client wrote it, percent signs included: that is what a signature covers."""
    raw_path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"].decode("latin-1")
    return f"{base_url(request)}{raw_path}?{query}"

"""Asynchronous requests: jobs, their tasks and results, idempotency keys (reference 3.6).

Belongs here: when a task is carried out and how a job looks. Does not belong here: what a task does (the handler of the
same synchronous request), and how a batch becomes tasks (`batch.py`).

A job is due some seconds after it was submitted, by the elapsed clock; its tasks are carried out then, one after the
other, when the next request comes: until then nobody can tell the difference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.netsuite.answers import Handler, base_url, error_answer, json_answer
from sitoo_netsuite.sandbox.netsuite.errors import ApiError, no_such_record
from sitoo_netsuite.sandbox.netsuite.render import moment_text
from sitoo_netsuite.sandbox.netsuite.settings import Settings

JOB_PATH = "/services/rest/async/v1/job"
IDEMPOTENCY_KEY = "X-NetSuite-Idempotency-Key"
_APPLIED = {"Preference-Applied": "respond-async"}


def wants_job(request: Request) -> bool:
    """Whether a request says `Prefer: respond-async`."""
    return "respond-async" in request.headers.get("prefer", "").lower()


@dataclass(slots=True)
class Task:
    """One request of a job, the handler that carries it out, and its answer once it was."""

    request: Request
    handle: Handler
    answer: Response | None = None


@dataclass(slots=True)
class _Job:
    """`due` is on the elapsed clock, `started` and `ended` on the sandbox's (UTC)."""

    number: int
    tasks: Sequence[Task]
    due: float
    started: datetime
    ended: datetime | None = field(default=None)


class Jobs:
    """All jobs of an account, kept for good. Used from one event loop only, hence no lock.

    `elapsed` counts seconds and is only replaced by tests.
    """

    def __init__(self, settings: Settings, clock: SandboxClock, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._elapsed = elapsed
        self._jobs: dict[int, _Job] = {}
        self._by_key: dict[str, _Job] = {}

    def routes(self, guarded: Callable[[Handler], Handler]) -> list[Route]:
        """Status of a job, its tasks, one task, and that task's result."""
        job = f"{JOB_PATH}/{{job}}"
        return [
            Route(job, guarded(self._show_job)),
            Route(f"{job}/task", guarded(self._show_tasks)),
            Route(f"{job}/task/", guarded(self._show_tasks)),
            Route(f"{job}/task/{{task}}", guarded(self._show_task)),
            Route(f"{job}/task/{{task}}/result", guarded(self._show_result)),
        ]

    def submit(self, request: Request, tasks: Sequence[Task]) -> Response:
        """The 202 of a new job. Raises the 400 of an idempotency key that was seen before, with that job's address."""
        key = request.headers.get(IDEMPOTENCY_KEY)
        if key is not None and key in self._by_key:
            raise ApiError(
                400,
                "IDEMPOTENCY_ERROR",
                "This idempotency key was submitted before; the Location header leads to its job.",
                shown_as=HTTPStatus.CONFLICT,
                response_headers={**_APPLIED, "Location": self._location(request, self._by_key[key])},
            )
        job = _Job(len(self._jobs) + 1, tasks, self._elapsed() + self._settings.job_seconds, self._clock.now())
        self._jobs[job.number] = job
        if key is not None:
            self._by_key[key] = job
        return Response(status_code=202, headers={**_APPLIED, "Location": self._location(request, job)})

    async def carry_out_due(self) -> None:
        """Carry out the jobs whose time has come; before any other request is handled."""
        now = self._elapsed()
        for job in self._jobs.values():
            if job.ended is None and job.due <= now:
                job.ended = self._clock.now()
                for task in job.tasks:
                    task.answer = await _answer(task)

    def _location(self, request: Request, job: _Job) -> str:
        path = f"{JOB_PATH}/{job.number}"
        return path if self._settings.job_location == "relative" else f"{base_url(request)}{path}"

    async def _show_job(self, request: Request) -> Response:
        job = self._job(request)
        url = f"{base_url(request)}{JOB_PATH}/{job.number}"
        return json_answer(
            {
                "links": [_self(url)],
                "completed": job.ended is not None,
                "id": str(job.number),
                "progress": self._progress(job, job.tasks),
                "task": {"links": [_self(f"{url}/task")]},
            }
        )

    async def _show_tasks(self, request: Request) -> Response:
        job = self._job(request)
        url = f"{base_url(request)}{JOB_PATH}/{job.number}/task"
        count = len(job.tasks)
        return json_answer(
            {
                "links": [_self(url)],
                "items": [self._task_shown(job, number, url) for number in range(1, count + 1)],
                "count": count,
                "hasMore": False,
                "offset": 0,
                "totalResults": count,
            }
        )

    async def _show_task(self, request: Request) -> Response:
        job, number = self._job(request), self._task_number(request)
        return json_answer(self._task_shown(job, number, f"{base_url(request)}{JOB_PATH}/{job.number}/task"))

    async def _show_result(self, request: Request) -> Response:
        """What the same request would have been answered with, had it been synchronous."""
        answer = self._job(request).tasks[self._task_number(request) - 1].answer
        if answer is None:
            raise ApiError(404, "NONEXISTENT_ID", "This task has no result yet.")
        return answer

    def _task_shown(self, job: _Job, number: int, url: str) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "links": [_self(f"{url}/{number}")],
            "completed": job.ended is not None,
            "id": str(number),
            "progress": self._progress(job, [job.tasks[number - 1]]),
            "startTime": moment_text(job.started),
        }
        if job.ended is not None:
            shown["endTime"] = moment_text(job.ended)
        return shown

    def _progress(self, job: _Job, tasks: Sequence[Task]) -> str:
        if job.ended is None:
            return "pending"
        failed = any(task.answer is not None and task.answer.status_code >= HTTPStatus.BAD_REQUEST for task in tasks)
        return self._settings.progress_of_failed if failed else "succeeded"

    def _job(self, request: Request) -> _Job:
        text = request.path_params["job"]
        job = self._jobs.get(int(text)) if text.isascii() and text.isdigit() else None
        if job is None:
            raise no_such_record()
        return job

    def _task_number(self, request: Request) -> int:
        text = request.path_params["task"]
        number = int(text) if text.isascii() and text.isdigit() else 0
        if not 1 <= number <= len(self._job(request).tasks):
            raise no_such_record()
        return number


async def _answer(task: Task) -> Response:
    try:
        return await task.handle(task.request)
    except ApiError as error:
        return error_answer(error)


def _self(url: str) -> dict[str, str]:
    return {"rel": "self", "href": url}

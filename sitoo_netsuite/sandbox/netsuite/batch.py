"""Batches: up to a hundred records of one type in one asynchronous request (reference 3.7).

Belongs here: which request is a batch, and the single requests it stands for. Does not belong here: carrying them out,
one after the other (`jobs.py`), whatever `Prefer: batch-processing` says: an order is one of those that parallel
processing may take.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.types import Message

from sitoo_netsuite.sandbox.netsuite.answers import Handler
from sitoo_netsuite.sandbox.netsuite.errors import ApiError, invalid_content, invalid_parameter
from sitoo_netsuite.sandbox.netsuite.jobs import Task
from sitoo_netsuite.sandbox.netsuite.render import encode
from sitoo_netsuite.sandbox.netsuite.values import decode

MOST_RECORDS = 100
# What a batch says for itself and its records' requests do not.
_BATCH_PARAMETERS = ("ids", "expandRecords")


def is_batch(request: Request) -> bool:
    """Whether a request to a record type is about several of its records."""
    content_type = request.headers.get("content-type", "").replace(" ", "").lower()
    return "type=collection" in content_type or "ids" in request.query_params


async def tasks_of(request: Request, handle: Handler) -> list[Task]:
    """The records' requests in the order given, each for `handle`, which handles a single one.

    Raises the 400 of a batch with none or too many, or with a record that is not named where it must be.
    """
    if request.method in ("GET", "DELETE"):
        identities = _identities(request.query_params.get("ids", ""))
        _check_count(len(identities))
        return [Task(_single(request, {"id": identity}), handle) for identity in identities]
    items = decode(await request.body()).get("items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise invalid_content("A batch must hold a list of records", "items")
    _check_count(len(items))
    return [
        Task(_single(request, _named(request.method, item, place), encode(item)), handle)
        for place, item in enumerate(items)
    ]


def _check_count(count: int) -> None:
    if not 1 <= count <= MOST_RECORDS:
        raise ApiError(
            400, "INVALID_REQUEST", f"A batch must hold 1 to {MOST_RECORDS} records; this one holds {count}."
        )


def _named(method: str, item: Mapping[str, Any], place: int) -> dict[str, str]:
    """The path parameters of an item: none to create; to change, its id, or else external id; to upsert, only that."""
    if method == "POST":
        return {}
    given = {name.lower(): value for name, value in item.items()}
    if method == "PATCH" and given.get("id") is not None:
        return {"id": str(given["id"])}
    if given.get("externalid") is None:
        raise invalid_content("A record of this batch must be named by its external id", f"items[{place}].externalId")
    return {"id": f"eid:{given['externalid']}"}


def _identities(text: str) -> list[str]:
    """`1,2,eid:test,eid:'test 5'` as the ids of paths."""
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        raise invalid_parameter("The query parameter ids must list ids of records.", "ids")
    return [f"eid:{part[4:].strip(chr(39))}" if part.startswith("eid:") else part for part in parts]


def _single(request: Request, names: Mapping[str, str], body: bytes = b"") -> Request:
    """The request that a client would have sent for one record."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in _BATCH_PARAMETERS]

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    query = str(QueryParams(kept)).encode("latin-1")
    path_params = {**request.path_params, **names}
    return Request({**request.scope, "query_string": query, "path_params": path_params}, receive)

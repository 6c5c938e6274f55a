"""Records over REST: create, look up, read; and NetSuite's time (reference 1, 3.5, 4).

Belongs here: paths and shapes of the record service. Does not belong here: what a document says (`flows`) and what is
done after an unclear answer (`posting`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from sitoo_netsuite.netsuite import suiteql
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.errors import NotFound, Refused, UnclearAnswer, Unreadable

# A record as NetSuite shows it; numbers with decimals are exact.
Record = Mapping[str, Any]

_RECORD_PATH = "/services/rest/record/v1"
_TIME_PATH = "/services/rest/system/v1/serverTime"
# Reference 4.1; other characters break the path.
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]+")
_RECORD_TYPE = re.compile(r"[A-Za-z_0-9]+")
# Reference 4.2: seen for a transaction of another type, and for one that does not exist.
_OTHER_TYPE = "transaction type specified is incorrect"


async def create(client: NetSuiteClient, record_type: str, body: bytes) -> str:
    """The internal id of a new record. `body` is frozen JSON and should hold an `externalId`.

    Raises UnclearAnswer when it may or may not have been created, AlreadyExists when its external id is taken, Refused
    when NetSuite turned it down, and any other NetSuiteError when nothing was done.
    """
    path = f"{_RECORD_PATH}/{_checked(record_type)}"
    response = await client.request("POST", path, content=body)
    internal_id = response.headers.get("location", "").rstrip("/").rpartition("/")[2]
    if not internal_id.isdecimal():
        raise UnclearAnswer(f"POST {path}", f"status {response.status_code} without the id of a new record")
    return str(internal_id)


async def find_by_external_id(client: NetSuiteClient, record_type: str, external_id: str) -> Record | None:
    """The record with this external id, without its sublists; None only when NetSuite says there is none.

    Raises Refused when the external id belongs to a record of another type: the id is taken (reference 4.1).
    """
    if not _EXTERNAL_ID.fullmatch(external_id):
        raise ValueError(f"an external id holds letters, digits, _ and - only, not {external_id!r}")
    try:
        return await get(client, record_type, f"eid:{external_id}", expand=False)
    except NotFound:
        return None
    except Refused as error:
        if _OTHER_TYPE not in error.detail.lower():
            raise
        if await suiteql.query(client, "SELECT id FROM transaction WHERE externalid = ?", [external_id]):
            raise
        return None


async def get(client: NetSuiteClient, record_type: str, identity: str, expand: bool = True) -> Record:
    """A record by its internal id, or by `eid:<external id>`; with its sublists when `expand`.

    Raises NotFound when there is none.
    """
    path = f"{_RECORD_PATH}/{_checked(record_type)}/{identity}"
    response = await client.request("GET", path, params={"expandSubResources": "true"} if expand else None)
    return _decoded(f"GET {path}", response.content)


async def server_time(client: NetSuiteClient) -> datetime:
    """NetSuite's time (UTC): where a watermark on `lastModifiedDate` starts, whatever our own clock says."""
    response = await client.request("GET", _TIME_PATH)
    text = _decoded(f"GET {_TIME_PATH}", response.content).get("serverTime")
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Unreadable(f"GET {_TIME_PATH}", f"serverTime is {text!r}, not a time with a zone")
    return moment


def _checked(record_type: str) -> str:
    if not _RECORD_TYPE.fullmatch(record_type):
        raise ValueError(f"not a record type: {record_type!r}")
    return record_type


def _decoded(request: str, content: bytes) -> Record:
    try:
        record: Record = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(request, f"the answer is not a JSON object: {error}") from None
    return record

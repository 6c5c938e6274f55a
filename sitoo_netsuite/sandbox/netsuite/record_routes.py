"""The record service over HTTP: one method per route (reference 1, 3.5, 4.1).

Belongs here: paths, query parameters and headers of record requests. Does not belong here: what may be done to a record
(`account.py`), how it looks (`render.py`), how a body is read (`values.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sitoo_netsuite.sandbox.netsuite.account import Account
from sitoo_netsuite.sandbox.netsuite.answers import COLLECTION, SINGULAR, Handler, asks, base_url, json_answer
from sitoo_netsuite.sandbox.netsuite.errors import (
    ApiError,
    invalid_parameter,
    invalid_value,
    no_such_record,
    no_such_type,
    not_allowed,
    user_error,
)
from sitoo_netsuite.sandbox.netsuite.records import Record
from sitoo_netsuite.sandbox.netsuite.render import (
    RECORD_PATH,
    View,
    line_key,
    read_page,
    record_url,
    show_collection,
    show_line,
    show_record,
    show_sublist,
)
from sitoo_netsuite.sandbox.netsuite.schema import BY_PATH_NAME, RecordType
from sitoo_netsuite.sandbox.netsuite.transforms import TRANSFORMS
from sitoo_netsuite.sandbox.netsuite.values import Draft, Line, NameValidation, decode, is_external_id, read_body


class RecordRoutes:
    """The handlers of an account's records."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self, guarded: Callable[..., Handler]) -> list[Route]:
        """`guarded` takes the handler of a route and, where it takes batches, that of one record of a batch."""
        every, one = f"{RECORD_PATH}/{{type}}", f"{RECORD_PATH}/{{type}}/{{id}}"
        return [
            Route(every, guarded(self._list, self._read), methods=["GET"]),
            Route(every, guarded(self._create, self._create), methods=["POST"]),
            Route(every, guarded(_only_in_batches, self._change), methods=["PATCH"]),
            Route(every, guarded(_only_in_batches, self._upsert), methods=["PUT"]),
            Route(every, guarded(_only_in_batches, self._delete), methods=["DELETE"]),
            Route(one, guarded(self._read), methods=["GET"]),
            Route(one, guarded(self._change), methods=["PATCH"]),
            Route(one, guarded(self._upsert), methods=["PUT"]),
            Route(one, guarded(self._delete), methods=["DELETE"]),
            Route(f"{one}/!transform/{{target}}", guarded(self._transform), methods=["POST"]),
            Route(f"{one}/{{sublist}}", guarded(self._read_sublist), methods=["GET"]),
            Route(f"{one}/{{sublist}}/{{key}}", guarded(self._read_line), methods=["GET"]),
            Route(f"{one}/{{sublist}}/{{key}}", guarded(self._change_line), methods=["PATCH"]),
        ]

    async def _list(self, request: Request) -> Response:
        record_type = _record_type(request)
        for name in ("q", "expandRecords"):
            if name in request.query_params:
                raise invalid_parameter(f"The query parameter {name} is not spoken here.", name)
        url = f"{base_url(request)}{RECORD_PATH}/{record_type.name}"
        shown = show_collection(url, read_page(request.query_params), self._account.ids(record_type))
        return json_answer(shown, media_type=COLLECTION)

    async def _create(self, request: Request) -> Response:
        record_type = _record_type(request)
        draft = await self._draft(request, record_type)
        return self._written(request, self._account.create(record_type, draft), draft)

    async def _read(self, request: Request) -> Response:
        record = self._record(request)
        return json_answer(show_record(record, self._account, _view(request, record.record_type)), media_type=SINGULAR)

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
        record = self._account.transform(source, target, draft, _replaced(request, target))
        return self._written(request, record, draft)

    async def _read_sublist(self, request: Request) -> Response:
        record, name = self._record(request), self._sublist_name(request)
        view = View(base_url(request))
        shown = show_sublist(record, name, self._account, view)
        if not asks(request, "expandSubResources"):
            shown["items"] = [{"links": line["links"]} for line in shown["items"]]
        return json_answer(shown, media_type=COLLECTION)

    async def _read_line(self, request: Request) -> Response:
        record, name = self._record(request), self._sublist_name(request)
        place, line = _line(request, record, name)
        shown = show_line(record, name, place, line, self._account, View(base_url(request)))
        return json_answer(shown, media_type=SINGULAR)

    async def _change_line(self, request: Request) -> Response:
        """One line by its key; only prices are shown to be changed so (reference 5)."""
        record, name = self._record(request), self._sublist_name(request)
        if name != "price":
            raise not_allowed(f"Lines of {name} are changed with their record.")
        _, line = _line(request, record, name)
        draft = await self._draft(request, record.record_type, within=name)
        keys = {key: line[key] for key in record.record_type.sublists[name].keys if key in line}
        lines = [{**sent, **keys} for sent in draft.sublists[name] or ()]
        self._account.update(record, replace(draft, sublists={name: lines}), frozenset())
        return self._written(request, record, draft)

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

    async def _draft(self, request: Request, record_type: RecordType, within: str | None = None) -> Draft:
        """The body of a request; `within`: it is that of one line of a sublist."""
        header = request.headers.get("x-netsuite-propertynamevalidation", NameValidation.WARNING)
        try:
            names = NameValidation(header.lower())
        except ValueError:
            name = "X-NetSuite-PropertyNameValidation"
            raise ApiError(
                400, "INVALID_HEADER", f"Invalid value of the header {name}: {header}", header=name
            ) from None
        text = self._account.settings.unknown_property
        content = decode(await request.body())
        if within is not None:
            content = {within: {"items": [content]}}
        return read_body(record_type, content, self._account, names, text)

    def _written(self, request: Request, record: Record, draft: Draft) -> Response:
        """204 with the record's absolute address and no body (reference 3.5)."""
        headers = {"Location": record_url(base_url(request), record)}
        asked = request.headers.get("x-netsuite-propertynamevalidation", NameValidation.WARNING).lower()
        if draft.unknown and asked == NameValidation.WARNING:
            headers[self._account.settings.property_warning_header] = ", ".join(draft.unknown)
        return Response(status_code=204, headers=headers)


async def _only_in_batches(request: Request) -> Response:
    raise not_allowed(f"{request.method} of a record type needs a batch of its records.")


def _record_type(request: Request) -> RecordType:
    name = request.path_params["type"]
    record_type = BY_PATH_NAME.get(name.lower())
    if record_type is None:
        raise no_such_type(name)
    return record_type


def _line(request: Request, record: Record, sublist: str) -> tuple[int, Line]:
    """The line of the path, with its place. Raises 404."""
    keys = record.record_type.sublists[sublist].keys
    for place, line in enumerate(record.sublists.get(sublist, [])):
        if line_key(keys, place, line) == request.path_params["key"].lower():
            return place, line
    raise no_such_record()


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
    return View(base_url(request), fields, asks(request, "expandSubResources"), asks(request, "simpleEnumFormat"))

"""The metadata catalogue: which records there are and what they look like (reference 1, "Metadata").

Belongs here: the catalogue as links, as JSON Schema and as OpenAPI 3, all from `schema.py`. Does not belong here: facts
about records that `schema.py` does not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sitoo_netsuite.sandbox.netsuite.answers import COLLECTION, SINGULAR, Handler, base_url, json_answer
from sitoo_netsuite.sandbox.netsuite.errors import ApiError, invalid_parameter, no_such_type
from sitoo_netsuite.sandbox.netsuite.render import RECORD_PATH
from sitoo_netsuite.sandbox.netsuite.schema import BY_PATH_NAME, RECORD_TYPES, Field, Kind, RecordType, Sublist
from sitoo_netsuite.sandbox.netsuite.transforms import TRANSFORMS

CATALOG_PATH = f"{RECORD_PATH}/metadata-catalog"

_JSON = "application/json"
_SCHEMA = "application/schema+json"
_OPENAPI = "application/swagger+json"
_LINK = "nsLink"
_ERROR = "nsError"
Json = dict[str, Any]

_SCALARS: Mapping[Kind, Json] = {
    Kind.TEXT: {"type": "string"},
    Kind.NUMBER: {"type": "number", "format": "double"},
    Kind.QUANTITY: {"type": "number", "format": "float"},
    Kind.RATE: {"type": "number", "format": "double"},
    Kind.MONEY: {"type": "number", "format": "double"},
    Kind.INTEGER: {"type": "integer", "format": "int64"},
    Kind.FLAG: {"type": "boolean"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.MOMENT: {"type": "string", "format": "date-time"},
    Kind.DETAIL: {"type": "object"},
}
_LINK_SCHEMA: Json = {
    "type": "object",
    "properties": {
        "rel": {"title": "Relationship", "type": "string", "readOnly": True},
        "href": {"title": "Hypertext Reference", "type": "string", "format": "uri", "readOnly": True},
    },
}
_ERROR_SCHEMA: Json = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer", "format": "int32"},
        "o:errorDetails": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    name: {"type": "string"}
                    for name in ("detail", "o:errorCode", "o:errorPath", "o:errorQueryParam", "o:errorHeader")
                },
            },
        },
    },
}


def metadata_routes(guarded: Callable[[Handler], Handler]) -> list[Route]:
    """The catalogue, whole or by `select`, and one type of it. They go before the routes of records."""
    return [
        Route(CATALOG_PATH, guarded(_show_catalog), methods=["GET"]),
        Route(f"{CATALOG_PATH}/{{type}}", guarded(_show_type), methods=["GET"]),
    ]


async def _show_catalog(request: Request) -> Response:
    wanted = _selected(request)
    base = base_url(request)
    if _media_type(request, (_JSON, _OPENAPI)) == _OPENAPI:
        return json_answer(openapi(wanted, base), media_type=_OPENAPI)
    shown = {"links": _links(f"{base}{CATALOG_PATH}"), "items": [_entry(known, base) for known in wanted]}
    return json_answer(shown)


async def _show_type(request: Request) -> Response:
    name, base = request.path_params["type"], base_url(request)
    media_type = _media_type(request, (_JSON, _SCHEMA, _OPENAPI))
    if name == _LINK and media_type == _SCHEMA:
        return json_answer(_LINK_SCHEMA, media_type=_SCHEMA)
    known = BY_PATH_NAME.get(name.lower())
    if known is None:
        raise no_such_type(name)
    if media_type == _OPENAPI:
        return json_answer(openapi([known], base), media_type=_OPENAPI)
    if media_type == _SCHEMA:
        return json_answer(json_schema(known), media_type=_SCHEMA)
    return json_answer(_entry(known, base))


def _selected(request: Request) -> Sequence[RecordType]:
    if "select" not in request.query_params:
        return sorted(RECORD_TYPES.values(), key=lambda known: known.name.lower())
    names = [name.strip().lower() for name in request.query_params["select"].split(",")]
    if not all(name in BY_PATH_NAME for name in names):
        raise invalid_parameter("The query parameter select must name record types.", "select")
    return [BY_PATH_NAME[name] for name in names]


def _media_type(request: Request, offered: Sequence[str]) -> str:
    """The first of the media types on offer that Accept names; the first of all where it takes anything."""
    accept = request.headers.get("accept", "*/*").lower()
    named = [media_type for media_type in offered if media_type in accept]
    if named:
        return named[-1]  # who names another one beside application/json means the other one
    if "*/*" in accept or "application/*" in accept:
        return offered[0]
    raise ApiError(406, "INVALID_HEADER", f"The catalogue comes as {', '.join(offered)}.", header="Accept")


def _entry(known: RecordType, base: str) -> Json:
    name = known.name.lower()
    records = {"rel": "describes", "href": f"{base}{RECORD_PATH}/{name}"}
    return {"name": name, "links": [*_links(f"{base}{CATALOG_PATH}/{name}", _SCHEMA), records]}


def _links(url: str, *alternates: str) -> list[dict[str, str]]:
    return [
        {"rel": "canonical", "href": url, "mediaType": _JSON},
        *({"rel": "alternate", "href": url, "mediaType": other} for other in (_OPENAPI, *alternates)),
    ]


# ------------------------------------------------------------------ JSON Schema


def json_schema(known: RecordType) -> Json:
    """A record type as JSON Schema, draft 6."""
    return {
        "$schema": "https://json-schema.org/draft-06/hyper-schema#",
        **_record_schema(known, f"{CATALOG_PATH}/{_LINK}"),
    }


def _record_schema(known: RecordType, link: str) -> Json:
    """`link`: the $ref of a link's schema.

    `x-ns-filterable` names what NetSuite's `q` takes, which is not spoken here; readers of SuiteQL choose their columns
    by it.
    """
    fields = {name: _field_schema(name, field, link, name in known.mandatory) for name, field in known.fields.items()}
    sublists = {name: _sublist_schema(sublist, link) for name, sublist in known.sublists.items()}
    filterable = [name for name, field in known.fields.items() if field.stored or name in ("id", "lastModifiedDate")]
    return {
        "type": "object",
        "properties": {**fields, **sublists, "links": _links_schema(link)},
        "x-ns-filterable": filterable,
    }


def _field_schema(name: str, field: Field, link: str, mandatory: bool = False) -> Json:
    schema: Json = {"title": _title(name)}
    if field.kind in (Kind.REFERENCE, Kind.CODE):
        texts = {part: {"title": _title(part), "type": "string"} for part in ("id", "refName")}
        schema |= {"type": "object", "properties": texts}
        if field.kind is Kind.REFERENCE:
            texts["externalId"] = {"title": "External Id", "type": "string"}
            schema["properties"] = {**texts, "links": _links_schema(link)}
    else:
        schema |= _SCALARS[field.kind]
    if not field.stored:
        schema["readOnly"] = True
    if not mandatory:
        schema["nullable"] = True
    return schema


def _sublist_schema(sublist: Sublist, link: str) -> Json:
    keys = list(sublist.keys)
    line = {
        "type": "object",
        "properties": {
            **{name: _field_schema(name, field, link) for name, field in sublist.fields.items()},
            "links": _links_schema(link),
        },
        "x-ns-sublistkey": {"present": bool(keys), "value": {"new": keys, "existing": keys}},
    }
    return _collection_schema(line, link)


def _collection_schema(item: Json, link: str) -> Json:
    counts = {name: {"type": "integer", "format": "int64", "readOnly": True} for name in ("count", "offset")}
    return {
        "type": "object",
        "properties": {
            "links": _links_schema(link),
            **counts,
            "totalResults": {"type": "integer", "format": "int64", "readOnly": True},
            "hasMore": {"type": "boolean", "readOnly": True},
            "items": {"type": "array", "items": item},
        },
    }


def _links_schema(link: str) -> Json:
    return {"title": "Links", "type": "array", "readOnly": True, "items": {"$ref": link}}


def _title(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return words[:1].upper() + words[1:]


# ------------------------------------------------------------------ OpenAPI 3


def openapi(wanted: Sequence[RecordType], base: str) -> Json:
    """Record types as an OpenAPI 3.0 document: paths, methods, parameters, bodies. `base`: scheme, host and port."""
    paths: Json = {}
    schemas: Json = {_LINK: _LINK_SCHEMA, _ERROR: _ERROR_SCHEMA}
    for known in wanted:
        name = known.name.lower()
        schemas[name] = _record_schema(known, _schema(_LINK)["$ref"])
        schemas[f"{name}Collection"] = _collection_schema(
            {
                "type": "object",
                "properties": {"id": {"type": "string"}, "links": _links_schema(_schema(_LINK)["$ref"])},
            },
            _schema(_LINK)["$ref"],
        )
        paths |= _paths(known, name)
    return {
        "openapi": "3.0.1",
        "info": {"title": "NetSuite REST Record API", "version": "v1"},
        "servers": [{"url": f"{base}{RECORD_PATH}"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _paths(known: RecordType, name: str) -> Json:
    body = {"content": {SINGULAR: {"schema": _schema(name)}}}
    listing = [_in_query("limit", "integer"), _in_query("offset", "integer")]
    one = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    reading = [*one, _in_query("expandSubResources", "boolean"), _in_query("simpleEnumFormat", "boolean")]
    replacing = [*one, _in_query("replace")]

    def operation(summary: str, status: str, parameters: Sequence[Json], answer: Json | None = None) -> Json:
        content = {} if answer is None else {"content": answer}
        failure = {"description": "Error.", "content": {"application/json": {"schema": _schema(_ERROR)}}}
        return {
            "tags": [name],
            "summary": summary,
            "parameters": list(parameters),
            "responses": {status: {"description": summary, **content}, "default": failure},
        }

    collection = {COLLECTION: {"schema": _schema(f"{name}Collection")}}
    paths: Json = {
        f"/{name}": {"get": operation("List records.", "200", listing, collection)},
        f"/{name}/{{id}}": {"get": operation("Get a record.", "200", [*reading, _in_query("fields")], body["content"])},
    }
    if known.writable:
        paths[f"/{name}"]["post"] = {**operation("Create a record.", "204", []), "requestBody": body}
        paths[f"/{name}/{{id}}"] |= {
            "patch": {**operation("Change a record.", "204", replacing), "requestBody": body},
            "put": {**operation("Create or change by external id.", "204", replacing), "requestBody": body},
            "delete": operation("Delete a record.", "204", one),
        }
    for target in TRANSFORMS.get(known.name, ()):
        path = f"/{name}/{{id}}/!transform/{target.lower()}"
        paths[path] = {"post": operation(f"Make a {target} from it.", "204", replacing)}
    return paths


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _in_query(name: str, kind: str = "string") -> Json:
    return {"name": name, "in": "query", "schema": {"type": kind}}

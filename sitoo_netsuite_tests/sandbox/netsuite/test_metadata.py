"""The metadata catalogue as generic clients read it, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sitoo_netsuite.sandbox.netsuite.schema import RECORD_TYPES
from sitoo_netsuite_tests.sandbox.netsuite.conftest import RECORDS, NetSuite

CATALOG = f"{RECORDS}/metadata-catalog"
SCHEMA = "application/schema+json"
OPENAPI = "application/swagger+json"
PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}


def ask(netsuite: NetSuite, path: str = "", accept: str = "application/json", **query: str) -> httpx.Response:
    return netsuite.http.get(f"{CATALOG}{path}", headers={"Accept": accept}, params=query)


def every_reference(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from every_reference(value)
    elif isinstance(node, list):
        for value in node:
            yield from every_reference(value)


def mismatches(schema: dict[str, Any], value: Any, path: str = "") -> list[str]:
    """Where a record is not what its schema says."""
    if "$ref" in schema:
        return []
    if not isinstance(value, PYTHON_TYPES[schema["type"]]):
        return [f"{path}: {value!r} is no {schema['type']}"]
    if schema["type"] == "array":
        return [found for item in value for found in mismatches(schema["items"], item, f"{path}[]")]
    if schema["type"] != "object":
        return []
    found = [f"{path}.{name}: unknown" for name in value.keys() - schema["properties"].keys()]
    for name in value.keys() & schema["properties"].keys():
        found += mismatches(schema["properties"][name], value[name], f"{path}.{name}")
    return found


def test_the_catalogue_lists_every_type_with_where_its_descriptions_are(netsuite: NetSuite) -> None:
    catalog = ask(netsuite).json()
    assert [entry["name"] for entry in catalog["items"]] == sorted(name.lower() for name in RECORD_TYPES)
    (entry,) = [entry for entry in catalog["items"] if entry["name"] == "customer"]
    here = f"{str(netsuite.http.base_url).rstrip('/')}{CATALOG}/customer"
    assert entry["links"] == [
        {"rel": "canonical", "href": here, "mediaType": "application/json"},
        {"rel": "alternate", "href": here, "mediaType": OPENAPI},
        {"rel": "alternate", "href": here, "mediaType": SCHEMA},
        {"rel": "describes", "href": here.replace("metadata-catalog/", "")},
    ]
    assert ask(netsuite, "/customer").json() == entry
    assert [entry["name"] for entry in ask(netsuite, select="customer,salesOrder").json()["items"]] == [
        "customer",
        "salesorder",
    ]


@pytest.mark.parametrize("record_type", ["journalEntry", "customer", "inventoryItem", "accountingPeriod", "location"])
def test_a_record_is_what_its_json_schema_says(netsuite: NetSuite, record_type: str) -> None:
    netsuite.post("journalEntry", netsuite.journal())
    answer = ask(netsuite, f"/{record_type}", SCHEMA)
    assert answer.headers["content-type"] == SCHEMA
    first = netsuite.get(record_type, limit="1").json()["items"][0]["id"]
    assert mismatches(answer.json(), netsuite.get(f"{record_type}/{first}", expandSubResources="true").json()) == []


def test_a_schema_tells_types_formats_sublist_keys_and_what_may_be_empty_or_not_written(netsuite: NetSuite) -> None:
    properties = ask(netsuite, "/journalentry", SCHEMA).json()["properties"]
    assert properties["tranDate"] == {
        "title": "Tran Date",
        "type": "string",
        "format": "date",
        "nullable": True,
    }
    assert "nullable" not in properties["subsidiary"]
    assert properties["subsidiary"]["properties"].keys() == {"id", "refName", "externalId", "links"}
    assert properties["lastModifiedDate"]["readOnly"] is True
    line = properties["line"]["properties"]["items"]["items"]
    assert (line["properties"]["debit"]["type"], line["properties"]["debit"]["format"]) == ("number", "double")
    assert line["x-ns-sublistkey"] == {"present": True, "value": {"new": ["line"], "existing": ["line"]}}


def test_the_schema_of_a_link_is_where_the_others_refer_to(netsuite: NetSuite) -> None:
    (reference,) = set(every_reference(ask(netsuite, "/cashSale", SCHEMA).json()))
    link = netsuite.http.get(reference, headers={"Accept": SCHEMA}).json()
    assert link["properties"].keys() == {"rel", "href"}


def test_an_openapi_document_of_some_types_resolves_within_itself(netsuite: NetSuite) -> None:
    answer = ask(netsuite, "", OPENAPI, select="customer,cashSale,account")
    document = answer.json()
    assert document["openapi"].startswith("3.")
    assert document["paths"]["/cashsale/{id}"].keys() == {"get", "patch", "put", "delete"}
    assert document["paths"]["/account/{id}"].keys() == {"get"}
    assert "/cashsale/{id}/!transform/cashrefund" in document["paths"]
    schemas = document["components"]["schemas"]
    assert {"customer", "customerCollection", "nsLink", "nsError"} <= schemas.keys()
    assert {reference.rpartition("/")[2] for reference in every_reference(document)} <= schemas.keys()
    assert document["servers"][0]["url"].endswith(RECORDS)
    assert ask(netsuite, "/customer", OPENAPI).json()["paths"].keys() == {"/customer", "/customer/{id}"}


def test_what_the_catalogue_does_not_have_is_refused(netsuite: NetSuite) -> None:
    assert ask(netsuite, "/transaction", SCHEMA).status_code == 404
    assert ask(netsuite, select="customer,nothing").status_code == 400
    assert ask(netsuite, "/customer", "text/html").status_code == 406
    assert ask(netsuite, "/customer", "*/*").json()["name"] == "customer"

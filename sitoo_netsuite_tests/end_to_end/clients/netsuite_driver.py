"""PyPI `netsuite` at work: run by the interpreter of its own environment, told by NETSUITE_*, answers in JSON.

Only `NetSuiteRestApi._make_url`, which puts `https://` and Oracle's domain before every path, is replaced.
"""

import asyncio
import json
import os
import sys

from netsuite import Config, NetSuite
from netsuite.exceptions import NetsuiteAPIRequestError
from netsuite.rest_api import NetSuiteRestApi

NetSuiteRestApi._make_url = lambda api, subpath: f"{os.environ['NETSUITE_URL']}/services/rest{subpath}"


async def main() -> dict[str, object]:
    config = Config.from_env()
    api = NetSuite(config).rest_api
    subsidiaries = await api.suiteql(q="SELECT id, name FROM subsidiary ORDER BY id", limit=1, offset=0)
    subsidiary = subsidiaries["items"][0]["id"]
    created = await api.post(
        "/record/v1/customer",
        json={"companyName": "Cut & Dried", "externalId": "CUST-1", "subsidiary": {"id": subsidiary}},
    )
    customer = await api.get("/record/v1/customer/eid:CUST-1", params={"expandSubResources": "true"})
    found = await api.suiteql(q="SELECT id FROM customer WHERE externalid = 'CUST-1'", limit=5)
    schema = await api.jsonschema("customer")
    catalogue = await api.openapi(["customer"])
    try:
        await api.post("/record/v1/customer", json={"companyNmae": "Cut & Dried"})
    except NetsuiteAPIRequestError as error:
        unknown_name = error.status_code
    wrong = config.auth.model_copy(update={"token_secret": "another"})
    try:
        await NetSuite(config.model_copy(update={"auth": wrong})).rest_api.get("/record/v1/customer")
    except NetsuiteAPIRequestError as error:
        wrong_secret = error.status_code
    return {
        "subsidiaries": subsidiaries,
        "created": created,
        "customer": customer,
        "found": found["items"],
        "schema": schema,
        "catalogue": catalogue,
        "unknown_name": unknown_name,
        "wrong_secret": wrong_secret,
    }


json.dump(asyncio.run(main()), sys.stdout)

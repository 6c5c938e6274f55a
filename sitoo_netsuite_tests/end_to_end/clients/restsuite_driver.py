"""PyPI `restsuite` at work: run by the interpreter of its own environment, told by NETSUITE_*, answers in JSON.

Records are addressed by whole URLs, as its README shows; only the URL that `NetSuiteQL` makes itself is replaced.
"""

import json
import os
import sys

import restsuite

CREDENTIALS = {
    "account_id": os.environ["NETSUITE_ACCOUNT"],
    "consumer_key": os.environ["NETSUITE_CONSUMER_KEY"],
    "consumer_secret": os.environ["NETSUITE_CONSUMER_SECRET"],
    "token_key": os.environ["NETSUITE_TOKEN_ID"],
    "token_secret": os.environ["NETSUITE_TOKEN_SECRET"],
}
CUSTOMERS = f"{os.environ['NETSUITE_URL']}/services/rest/record/v1/customer"

ql = restsuite.NetSuiteQL(**CREDENTIALS)
ql.url = f"{os.environ['NETSUITE_URL']}/services/rest/query/v1/suiteql"
rest = restsuite.NetSuiteRest(**CREDENTIALS)

# More than one page: the client follows the `next` links and signs each.
pairs = "SELECT a.id * 1000000 + i.id AS id FROM (SELECT id FROM account WHERE ROWNUM <= 9) a CROSS JOIN item i"
rows = ql.suiteql(f"{pairs} ORDER BY 1")
count = ql.suiteql(f"SELECT COUNT(*) AS n FROM ({pairs})")[0]["n"]
subsidiary = ql.suiteql("SELECT id FROM subsidiary ORDER BY id")[0]["id"]
body = {"companyName": "Cut & Dried", "externalId": "CUST-2", "subsidiary": {"id": subsidiary}}
created = rest.request("POST", url=CUSTOMERS, body=body)
customer = created.headers["Location"]
changed = rest.request("PATCH", url=customer, body={"companyName": "Cut, Dried & Sons"})
upserted = rest.request("PUT", url=f"{CUSTOMERS}/eid:CUST-2", body={"phone": "+46 8 000 00 00"})
read = rest.request("GET", customer, params={"fields": "companyName,phone"})
listed = rest.request("GET", CUSTOMERS, params={"limit": "1", "offset": "0"})
deleted = rest.request("DELETE", url=customer)
gone = rest.request("GET", customer)

json.dump(
    {
        "ids": [int(row["id"]) for row in rows],
        "count": int(count),
        "statuses": [answer.status_code for answer in (created, changed, upserted, read, listed, deleted, gone)],
        "read": read.json(),
        "listed": listed.json(),
    },
    sys.stdout,
)

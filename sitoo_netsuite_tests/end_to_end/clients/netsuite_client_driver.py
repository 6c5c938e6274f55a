"""PyPI `netsuite-client` at work: run by the interpreter of its own environment, told by NETSUITE_*, answers in JSON.

Only the address that it makes of the account id is replaced, on its way into the request. It takes the empty answer of
a record that was created for a failure, as it takes a lost one, and sends the POST again.
"""

import json
import os
import sys

from netsuite_client import NetSuiteClient, NetSuiteError

ACCOUNT = os.environ["NETSUITE_ACCOUNT"]
ORACLES = f"https://{ACCOUNT}.suitetalk.api.netsuite.com"


class Redirected(NetSuiteClient):
    def _make_request(self, method: str, url: str, **kwargs: object) -> object:
        return super()._make_request(method, url.replace(ORACLES, os.environ["NETSUITE_URL"]), **kwargs)


client = Redirected(
    realm=ACCOUNT,
    account=ACCOUNT,
    consumer_key=os.environ["NETSUITE_CONSUMER_KEY"],
    consumer_secret=os.environ["NETSUITE_CONSUMER_SECRET"],
    token_id=os.environ["NETSUITE_TOKEN_ID"],
    token_secret=os.environ["NETSUITE_TOKEN_SECRET"],
    max_retries=1,
)
location = client.get_suiteql_query("SELECT id, subsidiary FROM location ORDER BY id")["items"][0]
accounts = client.get_suiteql_query(f"SELECT id FROM account WHERE subsidiary = {location['subsidiary']} ORDER BY id")
lines = [
    {"account": {"id": account["id"]}, side: 12.5, "location": {"id": location["id"]}}
    for account, side in zip(accounts["items"], ("debit", "credit"), strict=False)
]
failed = []
for external_id in ("JE-ELSEWHERE-1", "JE-ELSEWHERE-2"):
    body = {
        "externalId": external_id,
        "tranDate": sys.argv[1],
        "subsidiary": {"id": location["subsidiary"]},
        "line": {"items": lines},
    }
    try:
        client.post(f"{ORACLES}/services/rest/record/v1/journalEntry", body)
    except NetSuiteError as error:
        failed.append(str(error))
found = client.get_suiteql_query("SELECT id, externalid FROM transaction ORDER BY id")

# The client logs to the standard output; the answer is its last line.
sys.stdout.write("\n" + json.dumps({"failed": failed, "found": found["items"]}))

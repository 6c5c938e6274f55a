"""The main job in an account that still uses token-based authentication."""

from __future__ import annotations

import httpx
import pytest

from sitoo_netsuite.sandbox.serve import SandboxOptions
from sitoo_netsuite_tests.end_to_end.conftest import Retailer

_OPTIONS = SandboxOptions(stores=2, days=1, receipts=20, seed=11, tba=True)
_OAUTH_2 = ("NETSUITE_CLIENT_ID", "NETSUITE_CERTIFICATE_ID", "NETSUITE_PRIVATE_KEY_FILE")


@pytest.mark.parametrize("retailer", [_OPTIONS], indirect=True)
def test_a_day_is_posted_and_found_right_without_a_single_bearer_token(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in _OAUTH_2:
        monkeypatch.delenv(name)
    assert retailer.run().summary()["posted"] == 2
    assert len(retailer.journals_in_netsuite()) == 2
    verdict = retailer.judge()
    assert set(verdict.unexplained_minor.values()) == {0} and verdict.receipts > 0
    netsuite = retailer.sandbox.netsuite_url
    endpoints = httpx.get(f"{netsuite}/sandbox/stats").json()["endpoints"]
    assert not any("oauth2" in endpoint for endpoint in endpoints)
    assert httpx.get(f"{netsuite}/sandbox/logins").json() == []

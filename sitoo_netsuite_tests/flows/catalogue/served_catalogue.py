"""Both sandboxes over one made-up retailer, and clients of ours for them: for tests that land a catalogue."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from sitoo_netsuite.estate import Estate, parse_estate
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.netsuite.tba import TokenBasedLogin, TokenCredentials
from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.sandbox.netsuite.app import build_netsuite_app
from sitoo_netsuite.sandbox.netsuite.settings import Credentials, TokenBasedCredentials
from sitoo_netsuite.sandbox.recorder import Recorder
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.sandbox.sitoo.app import build_sitoo_app
from sitoo_netsuite.sandbox.sitoo.catalogue import Catalogue
from sitoo_netsuite.sandbox.trade.store import TradeStore
from sitoo_netsuite.sandbox.world import World, make_world
from sitoo_netsuite.sitoo.client import ApiKey, Retries, SitooClient

_OPENED = datetime(2026, 3, 4, 6, tzinfo=UTC)
_TOKEN = TokenCredentials("consumer-key", "s3cret-of-the-consumer", "token-id", "s3cret-of-the-token")
SITOO_KEY = ApiKey("1500-140", "tills open at nine")
T = TypeVar("T")


@dataclass(frozen=True)
class ServedCatalogue:
    """The retailer of `world`; `tills` is what people do by hand in Sitoo. Each side knows the requests it was sent."""

    world: World
    estate: Estate
    clock: SandboxClock
    tills: Catalogue
    sitoo: SitooClient
    sitoo_url: str
    sitoo_requests: Recorder
    netsuite_url: str
    netsuite_requests: Recorder

    def now(self) -> datetime:
        return self.clock.now()

    def later(self, **by: float) -> datetime:
        """Moves the clock of both sandboxes on: `later(hours=2)`; the new time."""
        self.clock.set(self.clock.now() + timedelta(**by))
        return self.clock.now()

    def with_netsuite(self, work: Callable[[NetSuiteClient], Awaitable[T]]) -> T:
        """The result of work that needs a NetSuite client."""

        async def run() -> T:
            login = TokenBasedLogin(self.world.netsuite_account, _TOKEN)
            async with NetSuiteClient(url=self.netsuite_url, login=login, slots=slots_in_process(5)) as client:
                return await work(client)

        return asyncio.run(run())

    def netsuite(self, method: str, path: str, body: dict[str, Any] | None = None) -> int:
        """A request of a person with a login to NetSuite's records; the internal id of what was made or changed."""
        content = None if body is None else msgspec.json.encode(body)

        async def ask(client: NetSuiteClient) -> int:
            answer = await client.request(method, f"/services/rest/record/v1/{path}", content=content)
            return int(answer.headers.get("location", "0").rpartition("/")[2] or 0)

        return self.with_netsuite(ask)


@contextmanager
def served_catalogue(folder: Path, world: World | None = None) -> Iterator[ServedCatalogue]:
    """Two shops in two countries unless another world is given; the clock stands two days after the opening."""
    world = world or make_world(seed=1, stores=2, days=2)
    clock = SandboxClock(_OPENED)
    sitoo_requests, netsuite_requests = Recorder(), Recorder()
    store = TradeStore.create(folder / "trade.sqlite")
    sitoo_app = build_sitoo_app(world, store, clock, keys={SITOO_KEY.id: SITOO_KEY.password}, recorder=sitoo_requests)
    netsuite_app = build_netsuite_app(
        world,
        clock,
        credentials=Credentials(world.netsuite_account, "an-integration", {}, TokenBasedCredentials(**asdict(_TOKEN))),
        recorder=netsuite_requests,
    )
    clock.set(_OPENED + timedelta(days=2))
    quick = Retries(attempts=3, first_wait=0.01, longest_wait=1.0)
    with serving(sitoo_app) as sitoo_root, serving(netsuite_app) as netsuite_url:
        url = f"{sitoo_root}/v2/accounts/{world.account_id}"
        with SitooClient(url, [SITOO_KEY], retries=quick) as sitoo:
            yield ServedCatalogue(
                world=world,
                estate=parse_estate(yaml.safe_load(estate_yaml(world)), "the sandbox's estate"),
                clock=clock,
                tills=sitoo_app.state.catalogue,
                sitoo=sitoo,
                sitoo_url=url,
                sitoo_requests=sitoo_requests,
                netsuite_url=netsuite_url,
                netsuite_requests=netsuite_requests,
            )
    store.close()

"""Both sandboxes at once: the trade, the credentials, the estate file, two ports, and the env file that names them.

Belongs here: what it takes to run them, for the command line, the demo and tests. Does not belong here: what either
API answers, or how a trade comes about.
"""

from __future__ import annotations

import logging
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

from joserfc.jwk import ECKey

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.sandbox.faults.backoffice import Backoffice
from sitoo_netsuite.sandbox.faults.by_hand import ByHand
from sitoo_netsuite.sandbox.faults.stock_by_hand import StockByHand
from sitoo_netsuite.sandbox.faults.truth import Truth
from sitoo_netsuite.sandbox.faults.weather import make_weather
from sitoo_netsuite.sandbox.netsuite.app import build_netsuite_app
from sitoo_netsuite.sandbox.netsuite.settings import Credentials, TokenBasedCredentials
from sitoo_netsuite.sandbox.recorder import Recorder
from sitoo_netsuite.sandbox.replay.file import read_replay_file
from sitoo_netsuite.sandbox.replay.till_days import till_days as replayed_days
from sitoo_netsuite.sandbox.replay.world import replayed_world
from sitoo_netsuite.sandbox.server import SandboxError, serving
from sitoo_netsuite.sandbox.sitoo.app import Prerender, build_sitoo_app
from sitoo_netsuite.sandbox.sitoo.events import EventSender, sending_events
from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings
from sitoo_netsuite.sandbox.sitoo.stockroom import Stockroom
from sitoo_netsuite.sandbox.stock_traffic import StockTraffic
from sitoo_netsuite.sandbox.trade.behaviour import till_days as made_up_days
from sitoo_netsuite.sandbox.trade.build import record_trade
from sitoo_netsuite.sandbox.trade.store import TradeStore
from sitoo_netsuite.sandbox.world import DEFAULT_START, World, make_world
from sitoo_netsuite.trading_day import trading_day_window

# Sitoo's partners are told to ask for three keys (reference 1.8).
_SITOO_KEYS = 3
_LOG = logging.getLogger(__name__)
_CERTIFICATE_ID = "sandbox-certificate"
# Where trouble is planted on the line, waiting for it to pass would take most of the time.
_SHORT_RETRY = "0.2"

__all__ = ["Sandbox", "SandboxError", "SandboxOptions", "running_sandbox", "serve"]


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """What is served and where.

    stores, days, receipts (per store and day), seed, start: the made-up trade. replay: a file of real transactions
    (`sandbox/replay`) that is served instead. faults: `none`, `typical`, `storm` or the path of a FILE of faults to
    plant in a made-up trade (docs/faults.md). now: the clock at the start, by default the end of the trade. Ports of 0
    are any free ones. folder: where the trade, the keys and the estate file lie; by default a temporary one, removed at
    the end. env_file: by default `sandbox.env` in the folder. prerender_fields: make order pages of
    `prerender_page_size` orders with these fields beforehand (benchmarks). tba: the env file names credentials of
    NetSuite's token-based authentication too, which is then what a client uses. stock_traffic: goods are delivered,
    transferred and corrected in NetSuite from day to day, broken and counted in Sitoo. events_to: where Sitoo tells of
    what happens from now on, a receiver's `/events`; events_credential: the name and password it was told for that.
    """

    stores: int = 2
    days: int = 2
    receipts: int = 60
    seed: int = 1
    start: date = DEFAULT_START
    replay: Path | None = None
    faults: str = "none"
    now: datetime | None = None
    latency_ms: int = 0
    account_limit: int = 5
    sitoo_port: int = 0
    netsuite_port: int = 0
    folder: Path | None = None
    env_file: Path | None = None
    sitoo: SitooSettings = field(default_factory=SitooSettings)
    prerender_fields: str | None = None
    prerender_page_size: int = 500
    tba: bool = False
    stock_traffic: bool = False
    events_to: str | None = None
    events_credential: tuple[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Sandbox:
    """Running sandboxes. `env` holds what the env file says, secrets included, so it stays out of the repr.

    `sitoo_url` and `netsuite_url` are the roots, under which `/sandbox/` lies too. `stockroom`: hands on Sitoo's stock.
    `not_planted`: faults that were asked for and that the trade is too small for.
    """

    world: World
    clock: SandboxClock
    store: TradeStore
    folder: Path
    env_file: Path
    sitoo_url: str
    netsuite_url: str
    env: dict[str, str]
    truth: Callable[[], list[dict[str, Any]]]
    stockroom: Stockroom
    not_planted: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Sandbox({self.sitoo_url}, {self.netsuite_url})"


@contextmanager
def running_sandbox(options: SandboxOptions) -> Iterator[Sandbox]:
    """Both sandboxes, served by threads of this process while the block runs.

    The env file appears, by rename, once both ports answer, and goes with them. Raises SandboxError.
    """
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(TemporaryDirectory(prefix="sitoo-netsuite-")))
        folder.mkdir(parents=True, exist_ok=True)
        env_file = options.env_file or folder / "sandbox.env"
        env_file.unlink(missing_ok=True)
        world, store = _trade(options, folder)
        stack.callback(store.close)
        weather = make_weather(options.faults, world, store)
        clock = SandboxClock(options.now or end_of_trade(world, store))
        truth = Truth(clock, weather.planted)
        by_hand = ByHand(world, store, clock, truth, weather.by_hand)
        backoffice = Backoffice(world, clock, truth, weather.in_backoffice)
        shelves = StockByHand(world, clock, truth, weather.by_hand)
        traffic = StockTraffic(world, clock, weather.shelves) if options.stock_traffic else None
        keys = {f"{world.account_id}-{140 + number}": secrets.token_urlsafe(24) for number in range(_SITOO_KEYS)}
        private_key, credentials = _netsuite_credentials(world, options.tba)

        def act_in_netsuite() -> None:
            if traffic is not None:
                traffic.act_in_netsuite(netsuite.state.account)
            shelves.act_in_netsuite(netsuite.state.account)
            by_hand.act(netsuite.state.account)

        def act_in_sitoo() -> None:
            if traffic is not None:
                traffic.act_in_sitoo(sitoo.state.stock)
            shelves.act_in_sitoo(sitoo.state.stock)
            backoffice.act(sitoo.state.catalogue)

        prerender = None
        if options.prerender_fields is not None:
            prerender = Prerender(options.prerender_fields, options.prerender_page_size, folder / "order-pages")
        sitoo = build_sitoo_app(
            weather.sitoo_world,
            store,
            clock,
            keys=keys,
            recorder=Recorder(),
            latency_ms=options.latency_ms,
            settings=options.sitoo,
            prerender=prerender,
            transport=weather.transport,
            before_request=act_in_sitoo,
            truth=truth.rows,
        )
        netsuite = build_netsuite_app(
            weather.netsuite_world,
            clock,
            account_limit=options.account_limit,
            credentials=credentials,
            recorder=Recorder(),
            latency_ms=options.latency_ms,
            transport=weather.transport,
            before_request=act_in_netsuite,
            truth=truth.rows,
        )
        sitoo_url = stack.enter_context(serving(sitoo, options.sitoo_port))
        netsuite_url = stack.enter_context(serving(netsuite, options.netsuite_port))
        if options.events_to is not None:
            sender = EventSender(
                weather.sitoo_world, store, clock, sitoo.state.stock, options.sitoo, url=options.events_to,
                credential=options.events_credential,
            )  # fmt: skip
            stack.enter_context(sending_events(sender))
        key_file, estate_file = folder / "netsuite-private-key.pem", folder / "estate.yaml"
        _write_secret(key_file, private_key)
        estate_file.write_text(estate_yaml(world, None if options.faults == "none" else _SHORT_RETRY), encoding="utf-8")
        first_id, first_password = next(iter(keys.items()))
        env = {
            "SITOO_URL": f"{sitoo_url}/v2/accounts/{world.account_id}",
            "SITOO_API_ID": first_id,
            "SITOO_API_PASSWORD": first_password,
            "SITOO_API_KEYS": ",".join(f"{name}:{password}" for name, password in keys.items()),
            "NETSUITE_URL": netsuite_url,
            "NETSUITE_ACCOUNT": world.netsuite_account,
            "NETSUITE_CLIENT_ID": credentials.client_id,
            "NETSUITE_CERTIFICATE_ID": _CERTIFICATE_ID,
            "NETSUITE_PRIVATE_KEY_FILE": str(key_file.resolve()),
            "SITOO_NETSUITE_ESTATE": str(estate_file.resolve()),
        }
        if credentials.token_based is not None:
            env |= {
                "NETSUITE_CONSUMER_KEY": credentials.token_based.consumer_key,
                "NETSUITE_CONSUMER_SECRET": credentials.token_based.consumer_secret,
                "NETSUITE_TOKEN_ID": credentials.token_based.token_id,
                "NETSUITE_TOKEN_SECRET": credentials.token_based.token_secret,
            }
        stack.callback(env_file.unlink, missing_ok=True)
        unfinished = env_file.with_name(f"{env_file.name}.unfinished")
        _write_secret(unfinished, "".join(f"{name}={value}\n" for name, value in env.items()))
        unfinished.replace(env_file)
        yield Sandbox(
            world, clock, store, folder, env_file, sitoo_url, netsuite_url, env, truth.rows, sitoo.state.stock,
            weather.not_planted,
        )  # fmt: skip


def serve(options: SandboxOptions, announce: Callable[[Sandbox], None] | None = None) -> None:
    """Serves both sandboxes until SIGTERM or SIGINT; `announce` is told once both answer.

    Raises SandboxError when they cannot be started.
    """

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        with suppress(KeyboardInterrupt), running_sandbox(options) as sandbox:
            if announce is not None:
                announce(sandbox)
            Event().wait()
    finally:
        signal.signal(signal.SIGTERM, before)


def end_of_trade(world: World, store: TradeStore) -> datetime:
    """When everything has arrived and the last trading day is over in every shop (UTC)."""
    last_day = world.start + timedelta(days=world.days - 1)
    ends = [trading_day_window(last_day, ZoneInfo(shop.time_zone), shop.cut_over)[1] for shop in world.shops]
    arrival = store.last_arrival()
    if arrival is not None:
        ends.append(datetime.fromtimestamp(arrival, UTC))
    return max(ends).astimezone(UTC)


def _trade(options: SandboxOptions, folder: Path) -> tuple[World, TradeStore]:
    if options.replay is not None and options.faults != "none":
        raise SandboxError("faults are planted in a made-up trade only; leave out --faults or --replay")
    path = folder / "trade.sqlite"
    if options.replay is None:
        world = make_world(options.seed, options.stores, options.days, options.start)
        days = made_up_days(world, options.receipts)
    else:
        file = read_replay_file(options.replay)
        world = replayed_world(file)
        days = replayed_days(file, world)
        if file.absent_originals:
            _LOG.warning(
                "%s: %d rows came back from sales it does not hold; they are served as returned without a receipt",
                options.replay,
                file.absent_originals,
            )
    # A trade of another start may lie in the folder; this one can be made again at any time.
    path.unlink(missing_ok=True)
    return world, record_trade(world, days, path)


def _netsuite_credentials(world: World, tba: bool) -> tuple[str, Credentials]:
    """A new private key as PEM, and what the NetSuite sandbox knows of it and of a new token."""
    key = ECKey.generate_key("P-256")
    public = key.as_pem(private=False).decode()
    client_id = secrets.token_hex(32)
    token = TokenBasedCredentials(*(secrets.token_hex(32) for _ in range(4))) if tba else None
    credentials = Credentials(world.netsuite_account, client_id, {_CERTIFICATE_ID: public}, token)
    return key.as_pem(private=True).decode(), credentials


def _write_secret(path: Path, text: str) -> None:
    with suppress(FileExistsError):
        path.touch(mode=0o600, exist_ok=False)
    path.write_text(text, encoding="utf-8")

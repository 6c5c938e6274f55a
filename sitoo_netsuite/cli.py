"""`sitoo-netsuite`: the commands, their options and what they print. The work is in `operate/`.

The contract that other people's scripts rely on: with `--json` the last line of standard output is one JSON object.
Exit codes: 0 done and clear; 1 failed; 2 usage or estate wrong; 3 done, with something held or a case open.
"""

from __future__ import annotations

import getpass
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import msgspec
import psycopg
import stamina.instrumentation
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from sitoo_netsuite import settings
from sitoo_netsuite.estate import Estate, EstateError, load_estate
from sitoo_netsuite.netsuite.errors import NetSuiteError
from sitoo_netsuite.operate import report
from sitoo_netsuite.oracle import AskingError, EstateFileError
from sitoo_netsuite.settings import SettingsError
from sitoo_netsuite.sitoo.errors import SitooError
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.errors import MigrationError
from sitoo_netsuite.warehouse.server import ServerError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
stock_app = typer.Typer(no_args_is_help=True, help="The stores' stock.")
customers_app = typer.Typer(no_args_is_help=True, help="The tills' customers.")
cases_app = typer.Typer(invoke_without_command=True, help="Open cases, the most urgent first.")
estate_app = typer.Typer(no_args_is_help=True, help="The retailer's own facts.")
db_app = typer.Typer(no_args_is_help=True, help="The database.")
replay_app = typer.Typer(
    no_args_is_help=True, help="Turn somebody's real transactions into a file the sandbox replays."
)
app.add_typer(cases_app, name="cases")
app.add_typer(customers_app, name="customers")
app.add_typer(stock_app, name="stock")
app.add_typer(estate_app, name="estate")
app.add_typer(db_app, name="db")
app.add_typer(replay_app, name="replay")

# A pipe or a log file has no width of its own, and tables of money must not be cut.
people = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 170)


class Exit(IntEnum):
    """What a script can tell from the exit code."""

    CLEAR = 0
    FAILED = 1
    WRONG = 2
    OPEN = 3


# Beyond these a date is a slip of the keyboard, and every day of it would be planned.
_FIRST_YEAR, _LAST_YEAR, _MOST_DAYS = 2000, 2099, 1100
_Port = Annotated[int, typer.Option(min=0, max=65_535, help="0 takes any free port.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
Faults = Annotated[
    str, typer.Option(metavar="none|typical|storm|FILE", help="Trouble to plant (docs/faults.md).", show_default=True)
]
Days = Annotated[str, typer.Argument(metavar="FROM..TO", help="Trading days, as in 2026-03-02..2026-03-08, or one.")]


def main() -> None:
    """Entry point: whatever a person can mend is one clear message, not a traceback."""
    # By default retries are told on standard output, where a script reads our JSON.
    stamina.instrumentation.set_on_retry_hooks([stamina.instrumentation.LoggingOnRetryHook])
    try:
        app()
    except (EstateError, EstateFileError, SettingsError) as error:
        _fail(error, Exit.WRONG)
    except (SitooError, NetSuiteError, AskingError, ServerError, MigrationError, psycopg.OperationalError) as error:
        _fail(error, Exit.FAILED)
    except OSError as error:
        # A file or folder somebody named: its path and what is wrong with it.
        _fail(error, Exit.WRONG)


def _fail(error: Exception, code: Exit) -> NoReturn:
    text = f"[red]{type(error).__name__}:[/red] {escape(str(error))}"
    Console(stderr=True, highlight=False).print(text, soft_wrap=True)
    sys.exit(code)


def _days(text: str) -> tuple[date, date]:
    first, separator, last = text.partition("..")
    try:
        span = date.fromisoformat(first), date.fromisoformat(last if separator else first)
    except ValueError:
        raise typer.BadParameter(f"write trading days as 2026-03-02..2026-03-08, not {text!r}") from None
    if span[1] < span[0]:
        raise typer.BadParameter(f"{text!r} ends before it begins")
    if not _FIRST_YEAR <= span[0].year <= span[1].year <= _LAST_YEAR:
        raise typer.BadParameter(f"{text!r} is not of the years {_FIRST_YEAR} to {_LAST_YEAR}")
    if (span[1] - span[0]).days >= _MOST_DAYS:
        raise typer.BadParameter(f"{text!r} is more than {_MOST_DAYS} days; ask for them in parts")
    return span


def _print_json(content: object) -> None:
    sys.stdout.write(msgspec.json.encode(content, enc_hook=str, order="deterministic").decode() + "\n")


def _without_evidence(cases: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
    return [{name: value for name, value in case.items() if name != "evidence"} for case in cases]


@contextmanager
def _progress(wanted: bool) -> Iterator[Any]:
    """A progress bar on standard error while a person watches; silent otherwise."""
    console = Console(stderr=True)
    if not wanted or not console.is_terminal:
        yield lambda _text, _done: None
        return
    with Progress(TextColumn("{task.description}"), BarColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda text, done: bar.update(task, description=text, completed=done)


@contextmanager
def _watched(text: str, as_json: bool) -> Iterator[None]:
    """Says on standard error what is being done, while a person watches."""
    console = Console(stderr=True)
    if as_json or not console.is_terminal:
        yield
        return
    with console.status(text):
        yield


@contextmanager
def _warehouse() -> Iterator[psycopg.Connection]:
    from sitoo_netsuite.operate.instance import prepare_database

    with connect(prepare_database()) as connection:
        yield connection


def _estate() -> Estate:
    return load_estate(settings.estate_path(os.environ))


# ---------------------------------------------------------------------------------------------------- the main job


@app.command()
def demo(
    stores: Annotated[int, typer.Option(min=1, help="Shops, in two countries by turns.")] = 4,
    days: Annotated[int, typer.Option(min=1, help="Trading days.")] = 3,
    receipts: Annotated[int, typer.Option(min=1, help="Receipts per store and day.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed makes the same trade.")] = 1,
    faults: Faults = "none",
    as_json: Json = False,
) -> None:
    """Run the main job on a made-up retailer, from an empty folder to a judged ledger."""
    from sitoo_netsuite.operate.demo import run_demo
    from sitoo_netsuite.sandbox.serve import SandboxOptions
    from sitoo_netsuite.sandbox.server import SandboxError

    folder = Path(tempfile.mkdtemp(prefix="sitoo-netsuite-demo-"))
    people.print(f"Demo in {folder}", soft_wrap=True)
    options = SandboxOptions(
        stores=stores,
        days=days,
        receipts=receipts,
        seed=seed,
        faults=faults,
        folder=folder / "sandbox",
        stock_traffic=True,
    )
    try:
        with _progress(not as_json) as progress:
            result = run_demo(options, folder, progress)
    except SandboxError as error:
        _fail(error, Exit.WRONG)
    report.print_demo(people, result)
    if as_json:
        _print_json(result.summary)
    wrong = not result.verdict.is_clear or result.score.missed or result.score.false_alarms
    still_open = result.summary["journals_held"] or result.summary["cases"]
    raise typer.Exit(Exit.FAILED if wrong else Exit.OPEN if still_open else Exit.CLEAR)


@app.command()
def run(
    days: Days,
    job: Annotated[str, typer.Option(help="The Dagster job to run over the days.")] = "close_days",
    as_json: Json = False,
) -> None:
    """Run trading days through Dagster, without its page."""
    from sitoo_netsuite.operate.instance import dagster_instance
    from sitoo_netsuite.operate.runs import NoSuchDaysError, RunFailedError, run_catalogue, run_days

    first, last = _days(days)
    _estate()
    with dagster_instance() as instance, _warehouse() as connection:
        from sitoo_netsuite.definitions import defs

        try:
            with _watched(f"Running {days}", as_json):
                run_catalogue(defs, instance)
                result = run_days(defs, instance, connection, first, last, job)
        except NoSuchDaysError as error:
            _fail(error, Exit.WRONG)
        except RunFailedError as error:
            _fail(error, Exit.FAILED)
        open_cases = len(_listed_cases(connection))
    report.print_store_days(people, result.states)
    if as_json:
        _print_json(result.summary())
    posted = result.summary()["posted"] == result.summary()["store_days"]
    raise typer.Exit(Exit.CLEAR if posted and not open_cases else Exit.OPEN)


@app.command()
def plan(days: Days, as_json: Json = False) -> None:
    """Say what a run would post and what is held. Nothing is sent."""
    from sitoo_netsuite.operate.planning import make_plan
    from sitoo_netsuite.resources import Sitoo

    first, last = _days(days)
    estate = _estate()
    with _watched(f"Planning {days}", as_json), _warehouse() as connection, Sitoo().client(estate) as client:
        planned = make_plan(connection, client, first, last, estate, settings.now(os.environ))
    report.print_plan(people, planned)
    if as_json:
        _print_json(planned)
    raise typer.Exit(Exit.OPEN if planned["held"] else Exit.CLEAR)


@app.command()
def oracle(days: Days, as_json: Json = False) -> None:
    """Judge the ledger by Sitoo's raw records, with a second implementation of every rule."""
    from sitoo_netsuite.operate.planning import make_plan
    from sitoo_netsuite.oracle import run_oracle
    from sitoo_netsuite.resources import Sitoo

    first, last = _days(days)
    estate = _estate()
    with _watched(f"Planning {days}", as_json), _warehouse() as connection, Sitoo().client(estate) as client:
        planned = make_plan(connection, client, first, last, estate, settings.now(os.environ))
    environment = {**os.environ, settings.ESTATE: str(settings.estate_path(os.environ))}
    with _watched(f"Judging {days}", as_json):
        verdict = run_oracle(first, last, environment=environment, plan=planned)
    report.print_verdict(people, verdict)
    if as_json:
        _print_json(verdict.as_json())
    raise typer.Exit(Exit.CLEAR if verdict.is_clear else Exit.OPEN)


@app.command()
def trace(
    identity: Annotated[
        str, typer.Argument(metavar="ID", help="Orderid, receipt number, external id, tranid or e-mail.")
    ],
    as_json: Json = False,
) -> None:
    """From a receipt to every document that carries it, from a document or a customer to the receipts."""
    from sitoo_netsuite.operate.trace import trace as look_up

    with _warehouse() as connection:
        found = look_up(connection, identity)
    report.print_trace(people, identity, found)
    if as_json:
        _print_json(found)
    raise typer.Exit(Exit.CLEAR if found["receipts"] or found["documents"] else Exit.FAILED)


@app.command()
def push(
    skus: Annotated[list[str], typer.Argument(metavar="SKU...", help="As NetSuite has them.")],
    as_json: Json = False,
) -> None:
    """Push these products to the tills now, read anew from both systems."""
    from sitoo_netsuite.flows.catalogue.queries import pushes_of_run
    from sitoo_netsuite.operate.instance import dagster_instance
    from sitoo_netsuite.operate.runs import RunFailedError, push_products

    estate = _estate()
    if estate.catalogue is None:
        raise typer.BadParameter("the estate has no `catalogue`, which says what the tills' prices are filled from")
    with dagster_instance() as instance, _warehouse() as connection:
        from sitoo_netsuite.definitions import defs

        try:
            with _watched(f"Pushing {', '.join(skus)}", as_json):
                run_id = push_products(defs, instance, skus)
        except RunFailedError as error:
            _fail(error, Exit.FAILED)
        pushed = pushes_of_run(connection, run_id)
        about = [case for case in _listed_cases(connection) if case["record"] in skus]
    report.print_pushes(people, pushed)
    report.print_cases(people, about)
    if as_json:
        _print_json({"pushes": pushed, "cases": _without_evidence(about)})
    raise typer.Exit(Exit.OPEN if about else Exit.CLEAR)


@customers_app.command("forget")
def forget_customer(
    email: Annotated[
        str, typer.Argument(metavar="EMAIL", help="The address the tills or NetSuite have of the person.")
    ],
    as_json: Json = False,
) -> None:
    """Remove a person's data from our tables and never make them again. Says what is left to do by hand."""
    from sitoo_netsuite.flows.customers.forget import NoAddressError, forget

    with _warehouse() as connection:
        try:
            forgotten = forget(connection, email, settings.now(os.environ))
        except NoAddressError as error:
            _fail(error, Exit.WRONG)
    people.print(
        f"Removed {forgotten.users} users, {forgotten.customers} customers, the contact on {forgotten.receipts} "
        f"receipts and the bodies of {forgotten.quarantined} unreadable records. Receipts and documents stay whole: "
        "they hold no personal field."
    )
    for line in forgotten.what_is_left():
        people.print(f"Still to do by hand: {line}", soft_wrap=True)
    if as_json:
        _print_json(
            {
                "users": forgotten.users_by_hand,
                "customers": forgotten.customers_by_hand,
                "receipts": forgotten.receipts,
                "quarantined": forgotten.quarantined,
            }
        )


_MOVEMENTS = typer.Argument(
    metavar="ID...",
    help="NS-<id> of NetSuite's transactions, SH-<id> of Sitoo's shipments, <id> of its other movements.",
)


@stock_app.command("approve")
def approve_movements(
    movements: Annotated[list[str], _MOVEMENTS],
    because: Annotated[str | None, typer.Option(help="Why, in a few words.")] = None,
    as_json: Json = False,
) -> None:
    """Have movements that wait carried to the other system. The next run does it."""
    _decide(movements, carried=True, because=because, as_json=as_json)


@stock_app.command("leave")
def leave_movements(
    movements: Annotated[list[str], _MOVEMENTS],
    because: Annotated[str, typer.Option(help="Why, in a few words.")],
    as_json: Json = False,
) -> None:
    """Have movements not carried to the other system, whose stock is right without them. The next run takes back what
    was.
    """
    _decide(movements, carried=False, because=because, as_json=as_json)


def _decide(movements: list[str], *, carried: bool, because: str | None, as_json: bool) -> None:
    from sitoo_netsuite.estate import load_estate
    from sitoo_netsuite.flows.stock.decisions import decide
    from sitoo_netsuite.flows.stock.ownership import NotAMovementError, movement_name

    with _warehouse() as connection:
        estate = load_estate(settings.estate_path(os.environ))
        who, now = getpass.getuser(), settings.now(os.environ)
        try:
            names = sorted({movement_name(movement) for movement in movements})
            decide(connection, estate, names, carried=carried, who=who, reason=because, now=now)
        except NotAMovementError as error:
            _fail(error, Exit.WRONG)
    word = "approved" if carried else "left"
    for name in names:
        people.print(f"{word.capitalize()}: {name}.")
    if as_json:
        _print_json({word: [str(name) for name in names]})


def _listed_cases(connection: psycopg.Connection) -> list[dict[str, Any]]:
    from sitoo_netsuite.worklist.store import list_cases

    return list_cases(connection)


@cases_app.callback()
def cases(context: typer.Context, as_json: Json = False) -> None:
    """Open cases, the most urgent first."""
    if context.invoked_subcommand is None:
        list_open_cases(as_json)


@cases_app.command("resolve")
def resolve_open_case(
    case: Annotated[int, typer.Argument(metavar="ID", help="The number `cases` shows.")],
    reason: Annotated[str, typer.Option(help="Why nothing more is to be done about it.")],
    as_json: Json = False,
) -> None:
    """Resolve a case by a person's word. It opens again if what it is about changes."""
    from sitoo_netsuite.worklist.store import NoSuchCaseError, resolve_case

    with _warehouse() as connection:
        try:
            resolved = resolve_case(connection, case, reason, settings.now(os.environ), who=getpass.getuser())
        except (NoSuchCaseError, ValueError) as error:
            _fail(error, Exit.WRONG)
    people.print(f"Resolved: {resolved.kind.replace('_', ' ')} {resolved.record or resolved.key}.", soft_wrap=True)
    if as_json:
        _print_json({"id": case, "kind": resolved.kind, "key": resolved.key})


@cases_app.command("list")
def list_open_cases(as_json: Json = False) -> None:
    """Open cases, the most urgent first."""
    with _warehouse() as connection:
        found = _listed_cases(connection)
    report.print_cases(people, found)
    if as_json:
        _print_json({"cases": _without_evidence(found)})
    raise typer.Exit(Exit.OPEN if found else Exit.CLEAR)


# ------------------------------------------------------------------------------------------------------- set-up


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check credentials, permissions, mappings, clock and open period, and say what is wrong in plain words."""
    from sitoo_netsuite.operate.doctor import examine
    from sitoo_netsuite.warehouse.server import database_url

    findings = examine(os.environ, database_url(os.environ, settings.database_folder(os.environ)))
    report.print_findings(people, findings)
    healthy = not any(finding.level == "problem" for finding in findings)
    if as_json:
        _print_json({"ok": healthy, "findings": findings})
    raise typer.Exit(Exit.CLEAR if healthy else Exit.OPEN)


@estate_app.command("draft")
def estate_draft(
    path: Annotated[Path, typer.Argument(help="Where to write it; an existing file is never overwritten.")] = Path(
        "estate.yaml"
    ),
    as_json: Json = False,
) -> None:
    """Read both systems and write a first estate.yaml, with what has to be decided marked."""
    from sitoo_netsuite.operate.draft import draft_estate

    if path.exists():
        raise typer.BadParameter(f"{path} is there already; name another file or move it away")
    text = draft_estate(os.environ)
    path.write_text(text, encoding="utf-8")
    people.print(f"Wrote {path}. Decide what is marked in it, then run `sitoo-netsuite doctor`.", soft_wrap=True)
    if as_json:
        _print_json({"path": str(path)})


@db_app.command("upgrade")
def db_upgrade(as_json: Json = False) -> None:
    """Bring the database's tables up to date."""
    from sitoo_netsuite.operate.instance import prepare_database

    prepare_database()
    people.print("The database is up to date.")
    if as_json:
        _print_json({"ok": True})


@app.command()
def up(
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Serve the sandboxes too, over a made-up trade.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the Dagster page, on loopback.")] = 3000,
) -> None:
    """Start the database, Dagster's daemon and its page on loopback, until stopped."""
    from sitoo_netsuite.operate.processes import ServeError, serve_until_stopped
    from sitoo_netsuite.sandbox.server import SandboxError

    try:
        serve_until_stopped(port=port, with_sandbox=sandbox)
    except (SandboxError, ServeError) as error:
        _fail(error, Exit.FAILED)


@app.command()
def events(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535)] = 3080,
) -> None:
    """Receive Sitoo's event notifications at /events, until stopped. They are written down; Dagster does the rest."""
    from sitoo_netsuite.events.receiver import Receiver, serve
    from sitoo_netsuite.operate.instance import prepare_database

    credential = settings.events_credential(os.environ)
    receiver = Receiver(prepare_database(), credential, lambda: settings.now(os.environ))
    people.print(f"Sitoo's events: http://{host}:{port}/events. Stop with Ctrl-C.", soft_wrap=True)
    serve(receiver, host, port)


@app.command()
def down(as_json: Json = False) -> None:
    """Stop the embedded database."""
    from sitoo_netsuite.warehouse.server import stop_server

    stopped = stop_server(settings.database_folder(os.environ))
    people.print("The embedded database is stopped." if stopped else "The embedded database was not running.")
    if as_json:
        _print_json({"stopped": stopped})


# --------------------------------------------------------------------------------------------------- the sandboxes


def _told_to_sitoo() -> tuple[str, str]:
    credential = settings.events_credential(os.environ)
    return credential.user, credential.password


@app.command()
def sandbox(
    sitoo_port: _Port = 0,
    netsuite_port: _Port = 0,
    stores: Annotated[int, typer.Option(min=1)] = 4,
    days: Annotated[int, typer.Option(min=1)] = 3,
    receipts: Annotated[int, typer.Option(min=1, help="Receipts per store and day.")] = 60,
    seed: int = 1,
    start: Annotated[str, typer.Option(help="First trading day.")] = "2026-03-02",
    now: Annotated[str | None, typer.Option(help="ISO time with a zone; by default the end of the trade.")] = None,
    latency_ms: Annotated[int, typer.Option(min=0, help="Added to every answer.")] = 0,
    account_limit: Annotated[int, typer.Option(min=1, help="NetSuite requests in flight over the account.")] = 5,
    events: Annotated[str | None, typer.Option(help="Where Sitoo tells of what happens: a receiver's /events.")] = None,
    replay: Annotated[Path | None, typer.Option(help="Serve these transactions instead of a made-up trade.")] = None,
    faults: Faults = "none",
    env_file: Annotated[Path | None, typer.Option(help="Where to write what a client needs to know.")] = None,
    as_json: Json = False,
) -> None:
    """Serve both APIs on loopback, over one made-up or replayed trade, until stopped."""
    from sitoo_netsuite.sandbox.serve import Sandbox, SandboxOptions, serve
    from sitoo_netsuite.sandbox.server import SandboxError

    def announce(served: Sandbox) -> None:
        people.print(f"Sitoo    {served.env['SITOO_URL']}\nNetSuite {served.netsuite_url}", soft_wrap=True)
        people.print(f"What a client needs to know is in {served.env_file}. Stop with Ctrl-C.", soft_wrap=True)
        if as_json:
            addresses = {"sitoo": served.env["SITOO_URL"], "netsuite": served.netsuite_url}
            _print_json({**addresses, "env_file": str(served.env_file), "now": served.clock.now().isoformat()})
        sys.stdout.flush()

    options = SandboxOptions(
        stores=stores,
        days=days,
        receipts=receipts,
        seed=seed,
        start=_date("--start", start),
        now=_instant("--now", now) if now else None,
        latency_ms=latency_ms,
        account_limit=account_limit,
        sitoo_port=sitoo_port,
        netsuite_port=netsuite_port,
        env_file=env_file,
        replay=replay,
        faults=faults,
        events_to=events,
        events_credential=_told_to_sitoo() if events else None,
    )
    try:
        serve(options, announce)
    except SandboxError as error:
        _fail(error, Exit.WRONG)


def _date(option: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise typer.BadParameter(f"{option} takes a date as 2026-03-02, not {text!r}")
    return day


def _instant(option: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise typer.BadParameter(f"{option} takes a time with a zone as 2026-03-02T20:00:00Z, not {text!r}")
    return moment


@replay_app.command("online-retail")
def replay_online_retail(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="The UCI Online Retail ledger, as parquet.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Where to write: .csv or .parquet.")],
    as_json: Json = False,
) -> None:
    """Convert the UCI Online Retail ledger, and say what had to be made up."""
    from sitoo_netsuite.sandbox.online_retail import OnlineRetailError, convert, read_online_retail, write_replay_file

    try:
        conversion = convert(read_online_retail(source))
        write_replay_file(conversion.rows, target)
    except OnlineRetailError as error:
        _fail(error, Exit.WRONG)
    for sentence in conversion.made_up:
        people.print(sentence, soft_wrap=True)
    people.print(f"Wrote {target}: {len(conversion.rows):,} rows.", soft_wrap=True)
    if as_json:
        _print_json({"rows": len(conversion.rows), "made_up": conversion.made_up})

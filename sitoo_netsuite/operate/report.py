"""What a person reads on the terminal: store-days, cases, plans, verdicts, as a finance person would put them.

Belongs here: words and tables. Does not belong here: figures (they come in) and JSON (`cli.py`). The console is one
without markup: SKUs and names of tenders may hold brackets.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sitoo_netsuite.flows.journals.queries import StoreDayState
from sitoo_netsuite.flows.stock.push_findings import units
from sitoo_netsuite.money import decimals, to_text
from sitoo_netsuite.worklist.kinds import KINDS

if TYPE_CHECKING:
    from sitoo_netsuite.operate.demo import DemoResult
    from sitoo_netsuite.operate.doctor import Finding
    from sitoo_netsuite.oracle import StockVerdict, Verdict

# Beyond this a terminal scrolls away; the JSON and the database have them all.
_MOST_ROWS = 60
_MOST_PLACES = 6

# The tenders with a column of their own in the demo; the world it makes up names them so.
_TENDERS = ("Cash", "Card")

_STATES = {
    "posted": "posted",
    "waiting": "waits, cures itself",
    "held": "held, needs somebody",
    "refused": "refused by NetSuite",
    "in_doubt": "sent, not confirmed yet",
    "unposted": "not posted yet",
}


def amount(minor: int, currency: str) -> str:
    """`-12,345.60`: thousands apart, no currency (a column says it)."""
    whole, _, fraction = to_text(abs(minor), currency).partition(".")
    text = f"{int(whole):,}" + (f".{fraction}" if decimals(currency) else "")
    return f"-{text}" if minor < 0 else text


def print_demo(console: Console, result: DemoResult) -> None:
    """The demo's days, line kinds, cases and the oracle's verdict."""
    summary = result.summary
    table = Table(title="Store-days, net and VAT as on the receipts", title_justify="left")
    for name in ("Trading day", "Store"):
        table.add_column(name)
    for name in ("Receipts", "Net", "VAT", *_TENDERS, "Other tenders", "Over/short"):
        table.add_column(name, justify="right")
    for name in ("Journal", "Proof", "State"):
        table.add_column(name)
    totals: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for number, state in enumerate(result.states):
        figures = result.day_figures[state.trading_day, state.store, state.currency]
        columns = Counter(
            {
                "Net": figures.net,
                "VAT": figures.vat,
                **{name: figures.tenders[name] for name in _TENDERS},
                "Other tenders": sum(figures.tenders.values()) - sum(figures.tenders[name] for name in _TENDERS),
                "Over/short": figures.over_short,
            }
        )
        totals[state.currency].update({**columns, "Receipts": state.receipts})
        if number < _MOST_ROWS:
            table.add_row(
                str(state.trading_day),
                f"{state.store} {state.currency}",
                f"{state.receipts:,}",
                *(amount(value, state.currency) for value in columns.values()),
                ", ".join(figures.journals) or "none",
                _proof(state),
                _STATES[state.state],
            )
    table.add_section()
    for currency, sums in sorted(totals.items()):
        receipts = sums.pop("Receipts")
        table.add_row("Total", currency, f"{receipts:,}", *(amount(value, currency) for value in sums.values()))
    console.print(table)
    _say_left_out(console, len(result.states))
    excluded = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in summary["excluded"].items())
    console.print(
        f"{summary['receipts']} receipts of till sales and returns in {summary['journals_posted']} journals of "
        f"{summary['lines']} lines. Orders that are no till sale: {excluded or 'none'}.",
        soft_wrap=True,
    )
    print_cases(console, result.cases)
    print_verdict(console, result.verdict)
    print_score(console, result)
    console.print(f"{summary['seconds']} seconds. Everything is in {result.folder}.", soft_wrap=True)


def print_score(console: Console, result: DemoResult) -> None:
    """Which planted faults the cases named, and which not; nothing where nothing was planted and nothing is open."""
    score = result.score
    if score.planted:
        console.print(f"{score.found} of {score.planted} planted faults were found, each by a case of its own.")
    for name in result.not_planted:
        console.print(f"Not planted, this trade had no room for it: {name}.", soft_wrap=True)
    for row in score.missed:
        what = f": {row['fault']} at {row['store']} {row['trading_day']}, {row['record']}"
        console.print(Text.assemble(("Missed", "red"), what), soft_wrap=True)
    for case in score.false_alarms:
        what = f": {case['kind']} at {case['store']} {case['trading_day']}, {case['key']}"
        console.print(Text.assemble(("False alarm", "red"), what), soft_wrap=True)


def _proof(state: StoreDayState) -> str:
    """Whether the tills' Z-reports bear the day out, and what is left out of its net, VAT and tenders."""
    words = [str(reason["text"]) for reason in state.reasons] or ["tills agree"]
    if state.held_receipts:
        words.append(f"{state.held_receipts} receipts of {amount(state.held_minor, state.currency)} held by name")
    return "; ".join(words)


def print_store_days(console: Console, states: Sequence[StoreDayState]) -> None:
    """Where the store-days of a run stand."""
    table = Table(title="Store-days", title_justify="left")
    for name in ("Trading day", "Store", "Receipts", "Booked", "Held by name", "Documents", "State", "Why"):
        table.add_column(name, justify="right" if name in ("Receipts", "Booked", "Held by name") else "left")
    for state in states[:_MOST_ROWS]:
        table.add_row(
            str(state.trading_day),
            f"{state.store} {state.currency}",
            str(state.receipts),
            amount(state.booked_minor, state.currency),
            amount(state.held_minor, state.currency),
            ", ".join(state.documents),
            _STATES[state.state],
            "; ".join(str(reason["text"]) for reason in state.reasons),
        )
    console.print(table)
    _say_left_out(console, len(states))


def _say_left_out(console: Console, rows: int) -> None:
    if rows > _MOST_ROWS:
        console.print(f"... and {rows - _MOST_ROWS} more store-days.")


def print_cases(console: Console, cases: Sequence[Mapping[str, Any]]) -> None:
    """Open cases with what they mean and what to do, each kind explained once."""
    if not cases:
        console.print("No open cases.")
        return
    table = Table(title=f"{len(cases)} open cases", title_justify="left")
    for name in ("Kind", "Owner", "State", "Store", "Trading day", "Record", "At stake", "Opened"):
        table.add_column(name, justify="right" if name == "At stake" else "left")
    for case in cases[:_MOST_ROWS]:
        money = amount(case["amount_minor"], case["currency"]) if case["amount_minor"] is not None else ""
        table.add_row(
            case["kind"].replace("_", " "),
            case["owner"].replace("_", " "),
            case["state"],
            case["store"] or "",
            str(case["trading_day"] or ""),
            case["record"] or "",
            f"{money} {case['currency'] or ''}".strip(),
            f"{case['opened']:%Y-%m-%d %H:%M}",
        )
    console.print(table)
    if len(cases) > _MOST_ROWS:
        console.print(f"... and {len(cases) - _MOST_ROWS} more cases.")
    for kind in sorted({case["kind"] for case in cases}):
        meaning = f": {KINDS[kind].meaning} {KINDS[kind].what_to_do}"
        console.print(Text.assemble((kind.replace("_", " "), "bold"), meaning), soft_wrap=True)


def print_plan(console: Console, planned: Mapping[str, Any]) -> None:
    """Documents a run would post, their turnover, and what is held."""
    documents = planned["documents"]
    table = Table(title=f"{len(documents)} documents to post", title_justify="left")
    for name in ("Document", "Store", "Trading day", "Lines", "Debits"):
        table.add_column(name, justify="right" if name in ("Lines", "Debits") else "left")
    for document in documents[:_MOST_ROWS]:
        debits = sum(line["amount_minor"] for line in document["lines"] if line["amount_minor"] > 0)
        table.add_row(
            document["external_id"],
            document["store"],
            document["trading_day"],
            str(len(document["lines"])),
            f"{amount(debits, document['currency'])} {document['currency']}",
        )
    console.print(table)
    if planned["stock_documents"]:
        _print_stock_documents(console, planned["stock_documents"])
    held: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for entry in planned["held"]:
        held[entry["kind"]].append(entry)
    if not held:
        console.print("Nothing is held.")
    for kind, entries in sorted(held.items()):
        places = sorted({f"{entry['store']} {entry['trading_day']}" for entry in entries})
        money: Counter[str] = Counter()
        for entry in entries:
            money[entry["currency"]] += entry["amount_minor"]
        sums = ", ".join(f"{amount(minor, currency)} {currency}" for currency, minor in sorted(money.items()))
        more = ", ..." if len(places) > _MOST_PLACES else ""
        console.print(
            f"Held, {kind.replace('_', ' ')}: {len(entries)}, {sums} ({', '.join(places[:_MOST_PLACES])}{more})",
            soft_wrap=True,
        )
    if planned["products"]:
        actions = Counter("held" if "held" in row else row["action"] for row in planned["products"])
        console.print("Products: " + ", ".join(f"{count} {name}" for name, count in sorted(actions.items())) + ".")
    if planned["customers"]:
        console.print(f"Customers: {len(planned['customers'])} to make in NetSuite.")
    if planned["stock"]:
        waiting = sum("held" in row for row in planned["stock"])
        to_push = len(planned["stock"]) - waiting
        console.print(f"Stock: {to_push} movements or levels to push to Sitoo, {waiting} SKUs held.")


def _print_stock_documents(console: Console, documents: Sequence[Mapping[str, Any]]) -> None:
    """Adjustments and transfers, a row for each line; units are negative where goods leave the location."""
    table = Table(title=f"{len(documents)} stock documents to post", title_justify="left")
    for name in ("Document", "Offset account", "Location", "SKU", "Units"):
        table.add_column(name, justify="right" if name == "Units" else "left")
    rows = [(document, line) for document in documents for line in document["lines"]]
    for document, line in rows[:_MOST_ROWS]:
        table.add_row(
            document["external_id"],
            document["account"] or f"in transit ({document['in_transit']})",
            document["location"],
            line["sku"],
            units(line["quantity_milli"]),
        )
    console.print(table)
    if len(rows) > _MOST_ROWS:
        console.print(f"... and {len(rows) - _MOST_ROWS} more lines.")


def print_pushes(console: Console, pushed: Sequence[Mapping[str, Any]]) -> None:
    """What was asked of Sitoo, field by field."""
    if not pushed:
        console.print("Nothing to push: the tills have what NetSuite says.")
        return
    table = Table(title="Asked of Sitoo", title_justify="left")
    for name in ("Site", "SKU", "Action", "Field", "From", "To", "Outcome"):
        table.add_column(name)
    for push in pushed:
        for field, (old, new) in push["fields"].items():
            outcome = push["outcome"] + (f": {push['error']}" if push["error"] else "")
            table.add_row(str(push["site"]), push["sku"], push["action"], field, old, new, outcome)
    console.print(table)


def print_verdict(console: Console, verdict: Verdict) -> None:
    """What the oracle could not explain of money and of goods, or that it could explain everything."""
    for refused in (*verdict.refused_holds, *verdict.refused_names, *verdict.stock.refused_names):
        console.print(f"The oracle does not accept: {refused}.", soft_wrap=True)
    _print_unexplained_money(console, verdict)
    _print_unexplained_goods(console, verdict.stock)


def _print_unexplained_money(console: Console, verdict: Verdict) -> None:
    if not verdict.differences:
        named = ", ".join(f"{amount(minor, currency)} {currency}" for currency, minor in verdict.named_minor.items())
        console.print(
            "The oracle re-computed every account from Sitoo's raw records: 0 unexplained"
            + (f", with {named} in the ledger named by cases." if named else "."),
            soft_wrap=True,
        )
        return
    table = Table(title="Unexplained by the oracle", title_justify="left")
    for name in ("Store", "Trading day", "Account", "Expected", "Ledger"):
        table.add_column(name, justify="right" if name in ("Expected", "Ledger") else "left")
    for entry in verdict.differences[:_MOST_ROWS]:
        table.add_row(
            entry.store,
            str(entry.trading_day),
            entry.account,
            f"{amount(entry.expected_minor, entry.currency)} {entry.currency}",
            f"{amount(entry.ledger_minor, entry.currency)} {entry.currency}",
        )
    console.print(table)


def _print_unexplained_goods(console: Console, stock: StockVerdict) -> None:
    if not stock.differences:
        named = f", with {units(stock.named_milli)} units named by cases" if stock.named_milli else ""
        if stock.positions:
            console.print(
                f"It compared what both systems have of {stock.positions:,} positions: 0 units unexplained{named}.",
                soft_wrap=True,
            )
        return
    table = Table(title="Goods unexplained by the oracle", title_justify="left")
    for name in ("Store", "What", "SKU", "Expected", "Found"):
        table.add_column(name, justify="right" if name in ("Expected", "Found") else "left")
    for entry in stock.differences[:_MOST_ROWS]:
        table.add_row(entry.store, entry.about, entry.sku, units(entry.expected_milli), units(entry.held_milli))
    console.print(table)
    if len(stock.differences) > _MOST_ROWS:
        console.print(f"... and {len(stock.differences) - _MOST_ROWS} more.")


def print_trace(console: Console, identity: str, found: Mapping[str, Any]) -> None:
    """Receipts, documents and movements of stock that belong together."""
    if not any(found.values()):
        console.print(f"Nothing is known under {identity}. Has its trading day been run?", soft_wrap=True)
    for document in found["documents"]:
        console.print(
            f"{document['type']} {document['external_id']} ({document['tranid'] or 'not read back yet'}), "
            f"{document['store']} {document['trading_day']}: {document['state']}",
            soft_wrap=True,
        )
        for line in document.get("lines", []):
            console.print(
                f"  {line['kind'].replace('_', ' ')} {line['label']}".rstrip()
                + f", account {line['account']}: {amount(line['amount_minor'], document['currency'])}",
                soft_wrap=True,
            )
        for goods in document.get("goods", [])[:_MOST_ROWS]:
            worth = goods["value_minor"]
            cost = "" if worth is None else f", cost {amount(worth, document['currency'])}"
            console.print(
                f"  {goods['kind']} {goods['sku']}, item {goods['item']} at location {goods['location']}: "
                f"{units(goods['quantity_milli'])}{cost}",
                soft_wrap=True,
            )
    for push in found["pushes"]:
        goods = ", ".join(f"{units(milli)} of {sku}" for sku, milli in push["goods"].items())
        console.print(
            f"{push['description']} of {push['tran_date']} (transaction {push['transaction']}) in Sitoo: "
            f"{push['external_id']}, warehouse {push['warehouseid']} of {push['store']}: {goods}; {push['state']}",
            soft_wrap=True,
        )
    for receipt in found["receipts"][:_MOST_ROWS]:
        why_not = receipt.get("excluded") or receipt.get("held")
        console.print(
            f"Receipt {receipt['receipt_number'] or receipt['orderid']} (order {receipt['orderid']}), "
            f"{receipt['store']} {receipt['trading_day']}: "
            f"{amount(receipt['gross_minor'], receipt['currency'])} {receipt['currency']}"
            + (f", not booked: {why_not.replace('_', ' ')}" if why_not else ""),
            soft_wrap=True,
        )
    if len(found["receipts"]) > _MOST_ROWS:
        console.print(f"... and {len(found['receipts']) - _MOST_ROWS} more receipts.")


def print_findings(console: Console, findings: Iterable[Finding]) -> None:
    """What the doctor found, problems first."""
    order = {"problem": 0, "warning": 1, "ok": 2}
    colours = {"problem": "red", "warning": "yellow", "ok": "green"}
    for finding in sorted(findings, key=lambda finding: order[finding.level]):
        text = f" {finding.subject}: {finding.text} {finding.mend}".rstrip()
        console.print(Text.assemble((finding.level, colours[finding.level]), text), soft_wrap=True)

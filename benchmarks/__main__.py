"""`make bench`: measures the main job on 200,000 orders, or as many as are named on the command line.

`python -m benchmarks online-retail FILE` books a real retailer's year instead, and `online-retail-late FILE [WEEKS]`
the same year, or some weeks of it, with a week's receipts three weeks late; its last line is one JSON object.
`soak [--kills N] [--seed S]` kills the poster under a storm and asks the oracle; `soak-stock [--sequences N]` does to
stock whatever can be done to it, in any order. `catalogue [ITEMS [CHANGED]]` reads,
compares and pushes 100,000 items, of which 1,000 changed, and shows the calls beside the fewest there can be.
`stock [STORES [SKUS]]` compares 200 stores' 20,000 SKUs each from landed rows, reads as many levels from Sitoo
beside a loop that throws them away, and pushes 10,000 movements.
`customers [PEOPLE]` links 50,000 made-up people, and counts who was linked wrongly, made twice, or not matched.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks import catalogue, customers, main_job, online_retail, stock, stock_levels

_ORDERS, _MOVEMENTS = 200_000, 10_000


def main() -> None:
    arguments = sys.argv[1:]
    if arguments[:1] == ["online-retail"]:
        print(f"{'step':<12}{'seconds':>10}{'peak MiB':>10}")
        for step in online_retail.run(Path(arguments[1])):
            print(f"{step.step:<12}{step.seconds:>10.1f}{step.peak_mib:>10}")
        return
    if arguments[:1] == ["online-retail-late"]:
        _late_week(Path(arguments[1]), int(arguments[2]) if arguments[2:] else None)
        return
    if arguments[:1] == ["soak"]:
        # Only here: it loads Dagster's partitions, which the late week may not load before its estate is made.
        from benchmarks import soak

        soak.main(arguments[1:])
        return
    if arguments[:1] == ["soak-stock"]:
        # Only here: hypothesis is a tool of tests, and a benchmark's memory is measured.
        from benchmarks import soak_stock

        soak_stock.main(arguments[1:])
        return
    if arguments[:1] == ["catalogue"]:
        _catalogue(*map(int, arguments[1:3]))
        return
    if arguments[:1] == ["stock"]:
        _stock(*map(int, arguments[1:3]))
        return
    if arguments[:1] == ["customers"]:
        customers.main(arguments[1:])
        return
    orders = int(arguments[0]) if arguments else _ORDERS
    print(f"{'step':<12}{'orders':>10}{'seconds':>10}{'per second':>12}{'peak MiB':>10}")
    for measured in main_job.run(orders):
        print(
            f"{measured.step:<12}{measured.orders:>10,}{measured.seconds:>10.1f}{measured.per_second:>12,}"
            f"{measured.peak_mib:>10}",
            flush=True,
        )


def _catalogue(items: int = 100_000, changed: int = 1_000) -> None:
    print(f"{'run':<16}{'step':<26}{'seconds':>10}{'peak MiB':>10}{'calls':>8}{'floor':>8}")
    for measured in catalogue.run(items, changed):
        print(
            f"{measured.run:<16}{measured.step:<26}{measured.seconds:>10.1f}{measured.peak_mib:>10}"
            f"{measured.calls:>8}{measured.floor:>8}",
            flush=True,
        )


def _stock(stores: int = 200, skus: int = 20_000) -> None:
    print(f"{'run':<10}{'positions':>12}{'seconds':>10}{'peak MiB':>10}{'variances':>11}")
    for measured in stock.run(stores, skus):
        print(
            f"{measured.run:<10}{measured.positions:>12,}{measured.seconds:>10.1f}{measured.peak_mib:>10}"
            f"{measured.found:>11}",
            flush=True,
        )
    print(f"\n{'step':<22}{'levels':>12}{'seconds':>10}{'x the loop':>12}{'requests':>10}{'floor':>8}")
    for step in stock_levels.run(stores, skus, _MOVEMENTS):
        ratio = "" if step.ratio is None else f"{step.ratio:.2f}"
        print(
            f"{step.step:<22}{step.things:>12,}{step.seconds:>10.1f}{ratio:>12}{step.requests:>10}{step.floor:>8}",
            flush=True,
        )


def _late_week(source: Path, weeks: int | None) -> None:
    columns = ("at", "run until", "days run", "touched", "seconds", "documents", "differences", "held", "oracle s")
    print("".join(f"{column:>13}" for column in columns))
    summary = online_retail.run_late(
        source,
        weeks,
        lambda stage: print(
            f"{stage.now:%y-%m-%d %H:%M}".rjust(13)
            + "".join(
                f"{value!s:>13}"
                for value in (
                    stage.until, stage.days_run, len(stage.days_touched), round(stage.seconds, 1),
                    len(stage.documents), len(stage.differences_posted), stage.verdict.held_store_days,
                    round(stage.oracle_seconds, 1),
                )
            ),
            flush=True,
        ),
    )  # fmt: skip
    print(json.dumps(summary))


if __name__ == "__main__":
    main()

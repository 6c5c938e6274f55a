"""`make bench`: measures the main job on 200,000 orders, or as many as are named on the command line.

`python -m benchmarks online-retail FILE` books a real retailer's year instead.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import main_job, online_retail

_ORDERS = 200_000


def main() -> None:
    arguments = sys.argv[1:]
    if arguments[:1] == ["online-retail"]:
        print(f"{'step':<12}{'seconds':>10}{'peak MiB':>10}")
        for step in online_retail.run(Path(arguments[1])):
            print(f"{step.step:<12}{step.seconds:>10.1f}{step.peak_mib:>10}")
        return
    orders = int(arguments[0]) if arguments else _ORDERS
    print(f"{'step':<12}{'orders':>10}{'seconds':>10}{'per second':>12}{'peak MiB':>10}")
    for measured in main_job.run(orders):
        print(
            f"{measured.step:<12}{measured.orders:>10,}{measured.seconds:>10.1f}{measured.per_second:>12,}"
            f"{measured.peak_mib:>10}",
            flush=True,
        )


if __name__ == "__main__":
    main()

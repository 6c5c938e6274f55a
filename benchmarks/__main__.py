"""`make bench`: measures the main job on 200,000 orders, or as many as are named on the command line."""

from __future__ import annotations

import sys

from benchmarks.main_job import run

_ORDERS = 200_000


def main() -> None:
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else _ORDERS
    print(f"{'step':<12}{'orders':>10}{'seconds':>10}{'per second':>12}{'peak MiB':>10}")
    for measured in run(orders):
        print(
            f"{measured.step:<12}{measured.orders:>10,}{measured.seconds:>10.1f}{measured.per_second:>12,}"
            f"{measured.peak_mib:>10}",
            flush=True,
        )


if __name__ == "__main__":
    main()

"""`make breakages`: breaks the package in every listed way, one at a time, and says which was not caught.

With arguments, only the breakages whose description, file or tests hold one of them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from sitoo_netsuite_tests.breakages.catalogue import BREAKAGES
from sitoo_netsuite_tests.breakages.running import TESTS_PASSED, a_copy, missed, run_tests


def main() -> int:
    wanted = sys.argv[1:]
    chosen = [
        b for b in BREAKAGES if not wanted or any(word in " ".join((b.what, b.file, *b.tests)) for word in wanted)
    ]
    wrong = 0
    with TemporaryDirectory(prefix="sitoo-netsuite-breakages-") as folder, a_copy(Path(folder)) as copy:
        # A test that fails anyhow proves nothing.
        if run_tests(sorted({test for breakage in chosen for test in breakage.tests}), copy) != TESTS_PASSED:
            sys.stdout.write("Nothing is broken yet, and the tests fail already: mend that first (`make test`)\n")
            return 1
        for breakage in chosen:
            if (times := breakage.times_found(copy)) != 1:
                trouble = [f"{breakage.file} holds the text {times} times; write the breakage anew"]
            else:
                trouble = missed(breakage, copy)
            wrong += bool(trouble)
            sys.stdout.write(f"{'NOT CAUGHT' if trouble else 'caught':<12}{breakage.what}\n")
            sys.stdout.writelines(f"            {line}\n" for line in trouble)
            sys.stdout.flush()
    sys.stdout.write(f"{len(chosen) - wrong} of {len(chosen)} breakages caught\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

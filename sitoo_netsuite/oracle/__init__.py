"""A second pair of eyes: both APIs and the estate file in, differences between receipts and ledger out.

Belongs here: everything needed to judge the books without the rest of the package. This folder imports nothing of ours
from outside itself (import-linter keeps it so): a mistake in the builder must not be able to hide in a shared helper.
Does not belong here: writing to either system, the database, Dagster.
"""

from sitoo_netsuite.oracle.asking import AskingError
from sitoo_netsuite.oracle.estate_file import EstateFileError
from sitoo_netsuite.oracle.judging import Difference, Verdict, run_oracle
from sitoo_netsuite.oracle.stock_judging import StockDifference, StockVerdict

__all__ = [
    "AskingError", "Difference", "EstateFileError", "StockDifference", "StockVerdict", "Verdict", "run_oracle",
]  # fmt: skip

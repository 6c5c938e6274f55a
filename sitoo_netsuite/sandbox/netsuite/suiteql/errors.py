"""The one error of SuiteQL: the query cannot be answered, so nothing is."""

from __future__ import annotations

_PREFIX = "Invalid search query. Detailed unprocessed description follows. Search error occurred: "


class SuiteQLError(Exception):
    """A query that is wrong, or that this engine does not know for certain. The app answers it with status 400.

    `detail` is the text for `o:errorDetails`, worded as NetSuite words it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(_PREFIX + reason)

    @property
    def detail(self) -> str:
        return str(self)


def refused(construct: str) -> SuiteQLError:
    """The error for something that is named here because it is not supported."""
    return SuiteQLError(f"Invalid or unsupported search: {construct} is not supported.")

"""What can go wrong with the warehouse and a person has to mend.

Here so that a command can name an error without loading what raises it: the migrations bring SQLAlchemy and Alembic, a
third of the time a command takes to start.
"""

from __future__ import annotations


class MigrationError(Exception):
    """The schema cannot be brought up to date; the text says what a person has to do."""

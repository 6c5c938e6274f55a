"""Sessions on the warehouse.

Belongs here: how a session is opened. Does not belong here: where the database is (`server`), and SQL.
"""

from __future__ import annotations

import psycopg


def connect(url: str) -> psycopg.Connection:
    """An open session; use it with `with`, which closes it.

    Every statement commits by itself. Statements that belong together stand in `with connection.transaction():`, which
    says where a unit of work begins and ends, and holds no lock while nobody is in one. Instants come back in UTC.
    Raises psycopg.OperationalError when the database does not answer.
    """
    return psycopg.connect(
        url, autocommit=True, application_name="sitoo_netsuite", options="-c timezone=UTC -c datestyle=ISO"
    )

"""Brings a database to the schema this version of the code expects.

Belongs here: running the migrations and telling whether they ran. The tables themselves stand in
`migrations/versions/`, one SQL file each. Does not belong here: month partitions (`partitions`), which come and go
with the data.

Alembic keeps its version in the schema `warehouse`, because Dagster keeps one of its own, for its own tables, in
`public.alembic_version` of the same database.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import errors

from sitoo_netsuite.warehouse.errors import MigrationError

VERSION_SCHEMA = "warehouse"

# Any fixed number: held while one process migrates, so that a second waits and then finds nothing to do.
_LOCK = 7_486_606_301


def upgrade(url: str) -> None:
    """Runs the migrations the database at `url` lacks, all in one transaction. Safe to call from several processes.

    Raises MigrationError when the address cannot be read or the login may not make what the migrations need, and
    psycopg.OperationalError when the database does not answer.
    """
    try:
        engine = _engine(url)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        # Its text may quote the address with the password in it.
        text = "the database's address cannot be read: write DATABASE_URL as postgresql://user:password@host/database"
        raise MigrationError(text) from None
    try:
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            connection.execute(sqlalchemy.schema.CreateSchema(VERSION_SCHEMA, if_not_exists=True))
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except sqlalchemy.exc.OperationalError as error:
        raise psycopg.OperationalError(str(error.orig)) from None
    except sqlalchemy.exc.ProgrammingError as error:
        if isinstance(error.orig, errors.InsufficientPrivilege):
            raise MigrationError(
                f"the database login may not set up the warehouse: {error.orig.diag.message_primary}. Ask an "
                "administrator to let it create schemas in this database and roles on the server (or to create the "
                "roles sitoo_netsuite_reader and sitoo_netsuite_restricted), then run `sitoo-netsuite db upgrade`."
            ) from None
        raise
    finally:
        engine.dispose()


def is_current(url: str) -> bool:
    """Whether every migration ran on the database at `url`."""
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"version_table_schema": VERSION_SCHEMA})
            return set(context.get_current_heads()) == set(ScriptDirectory.from_config(_config()).get_heads())
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _engine(url: str) -> sqlalchemy.Engine:
    # A bare postgresql:// means psycopg2 to SQLAlchemy 2.0; ours is psycopg 3.
    return sqlalchemy.create_engine(
        sqlalchemy.make_url(url).set(drivername="postgresql+psycopg"), poolclass=sqlalchemy.NullPool
    )

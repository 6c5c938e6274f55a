"""What Alembic runs to migrate: hands it the connection that `warehouse.migrate` opened and locked."""

from alembic import context

from sitoo_netsuite.warehouse.migrate import VERSION_SCHEMA

context.configure(connection=context.config.attributes["connection"], version_table_schema=VERSION_SCHEMA)
context.run_migrations()

"""PostgreSQL: the embedded server, connections, migrations, month partitions, COPY.

Belongs here: everything that is about the database itself. Does not belong here: what any table means to a flow, and
any API.
"""

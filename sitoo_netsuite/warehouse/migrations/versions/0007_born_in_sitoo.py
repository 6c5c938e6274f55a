"""Movements born in Sitoo: which of them a person has approved, and between which warehouses shipments go."""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # Straight to the driver: SQLAlchemy would read a colon or a percent sign in the file as a bound value.
    cursor = op.get_bind().connection.cursor()
    cursor.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))

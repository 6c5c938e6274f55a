"""The stock of every store as both systems had it on a day, and what was found of their differences."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # Straight to the driver: SQLAlchemy would read a colon or a percent sign in the file as a bound value.
    cursor = op.get_bind().connection.cursor()
    cursor.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))

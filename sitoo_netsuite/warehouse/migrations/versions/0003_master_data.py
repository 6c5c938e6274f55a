"""NetSuite's master data at the till: prices, Sitoo's products and lists, what was pushed; customers, their links."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # Straight to the driver: SQLAlchemy would read a colon or a percent sign in the file as a bound value.
    cursor = op.get_bind().connection.cursor()
    cursor.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))

"""A VAT group of Sitoo's that names no rate has an unknown one."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # Straight to the driver: SQLAlchemy would read a colon or a percent sign in the file as a bound value.
    cursor = op.get_bind().connection.cursor()
    cursor.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))

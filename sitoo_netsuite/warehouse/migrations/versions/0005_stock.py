"""Stock: where it lies, what moved on either side, what was posted and pushed, and Sitoo's event notifications."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # Straight to the driver: SQLAlchemy would read a colon or a percent sign in the file as a bound value.
    cursor = op.get_bind().connection.cursor()
    cursor.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))

"""The thresholds from which annotators show tags."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns; the next run fills them in for the annotators it uses."""
    op.add_column("annotators", sa.Column("threshold", sa.Float))
    op.add_column("annotators", sa.Column("thresholds", sa.JSON))

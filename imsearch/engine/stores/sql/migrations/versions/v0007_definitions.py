"""The phrases that the user defined as tags."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "definitions",
        sa.Column("tag_id", sa.Integer, sa.ForeignKey("tags.id"), primary_key=True),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("space", sa.String, nullable=False),
        sa.Column("base", sa.Float),
        sa.Column("generation", sa.BigInteger, nullable=False),
    )

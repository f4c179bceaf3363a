"""Times of change of files and of failed files, and annotators that were forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns; nothing is known of what they tell yet."""
    op.add_column("files", sa.Column("ctime_ns", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("failures", sa.Column("size", sa.BigInteger))
    op.add_column("failures", sa.Column("mtime_ns", sa.BigInteger))
    op.add_column("failures", sa.Column("ctime_ns", sa.BigInteger))
    op.add_column("annotators", sa.Column("forgotten_at", sa.DateTime))

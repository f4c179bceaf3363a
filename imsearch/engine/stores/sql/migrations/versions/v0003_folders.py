"""The folders that were given to be indexed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table; which folders were indexed so far is not known."""
    op.create_table(
        "folders",
        sa.Column("path", sa.LargeBinary, primary_key=True),
        sa.Column("indexed_at", sa.DateTime),
    )

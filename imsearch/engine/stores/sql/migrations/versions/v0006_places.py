"""The city, region and country of images, by their coordinates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns; the next run fills them in from the coordinates, without reading a file."""
    for name in ("city", "region", "country"):
        op.add_column("images", sa.Column(name, sa.String))
        op.create_index(f"ix_images_{name}", "images", [name])
    op.add_column("images", sa.Column("located", sa.SmallInteger, nullable=False, server_default="0"))

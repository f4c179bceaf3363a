"""Metadata and texts of pictures, names that tags go by, and a journal of the user's changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns to the images, and three tables; pictures known so far keep facts of version 0."""
    for column in (
        sa.Column("facts_version", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("utc_offset", sa.SmallInteger),
        sa.Column("camera", sa.String),
        sa.Column("lens", sa.String),
        sa.Column("iso", sa.Integer),
        sa.Column("aperture", sa.Float),
        sa.Column("exposure", sa.Float),
        sa.Column("focal_length", sa.Float),
        sa.Column("latitude", sa.Float),
        sa.Column("longitude", sa.Float),
        sa.Column("rating", sa.SmallInteger),
        sa.Column("phash", sa.BigInteger),
    ):
        op.add_column("images", column)
    for name in ("taken_at", "camera", "lens"):
        op.create_index(f"ix_images_{name}", "images", [name])
    op.create_index("ix_images_place", "images", ["latitude", "longitude"])
    op.add_column("files", sa.Column("beside", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index(
        "ix_annotation_tags_shown",
        "annotation_tags",
        ["image_id", "tag_id"],
        sqlite_where=sa.text("shown = 1"),
        postgresql_where=sa.text("shown"),
    )
    op.create_table(
        "texts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("image_id", sa.Integer, sa.ForeignKey("images.id"), nullable=False, index=True),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("origin", sa.String, nullable=False, server_default=""),
    )
    op.create_table(
        "aliases",
        sa.Column("tag_id", sa.Integer, sa.ForeignKey("tags.id"), primary_key=True),
        sa.Column("name_id", sa.Integer, sa.ForeignKey("tags.id"), nullable=False),
    )
    op.create_table(
        "edits",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("batch", sa.Integer, nullable=False, index=True),
        sa.Column("action", sa.String(8), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("image_id", sa.Integer, sa.ForeignKey("images.id")),
        sa.Column("tag_id", sa.Integer, sa.ForeignKey("tags.id"), nullable=False),
        sa.Column("before", sa.Integer),
        sa.Column("after", sa.Integer),
        sa.Column("undone", sa.Boolean, nullable=False),
    )

"""The tables of the catalog.

An image is known by the hash of its bytes; its files are attributes.  What annotators say is kept as they said it, and
what the user says is kept apart, so that neither ever overwrites the other.  `HEAD` names the newest migration in
`imsearch/engine/migrations`; whoever changes a table here writes a migration and raises it.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    UniqueConstraint,
    text,
)

from imsearch.engine.stores.sql.types import text_of, whole

HEAD = "0007"

metadata = MetaData()

library = Table(
    "library",
    metadata,
    Column("id", whole(), primary_key=True, comment="always 1"),
    Column(
        "uid", text_of(32), nullable=False, comment="drawn once; tells whose derived indexes lie beside the catalog"
    ),
    Column("generation", BigInteger, nullable=False, comment="grows by one with every transaction that changes images"),
)

images = Table(
    "images",
    metadata,
    Column("id", whole(), primary_key=True),
    Column("sha256", text_of(64), nullable=False, unique=True),
    Column("width", whole(), nullable=False),
    Column("height", whole(), nullable=False),
    Column("format", text_of(16), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("taken_at", DateTime, index=True, comment="what the camera's clock showed"),
    Column("metadata", JSON, nullable=False),
    Column("facts_version", SmallInteger, nullable=False, server_default="0", comment="of the program that read them"),
    Column("utc_offset", whole(SmallInteger), comment="minutes that the camera's clock was ahead of UTC"),
    Column("camera", text_of(), index=True),
    Column("lens", text_of(), index=True),
    Column("iso", whole()),
    Column("aperture", Float, comment="f-number"),
    Column("exposure", Float, comment="seconds"),
    Column("focal_length", Float, comment="millimetres"),
    Column("latitude", Float, comment="degrees, north positive"),
    Column("longitude", Float, comment="degrees, east positive"),
    Column("rating", whole(SmallInteger), comment="0 to 5, or -1 for rejected"),
    Column("phash", BigInteger, comment="64 bits, as a signed number; near duplicates differ in few of them"),
    Column("city", text_of(), index=True, comment="the place, by the coordinates"),
    Column("region", text_of(), index=True),
    Column("country", text_of(), index=True),
    Column("located", SmallInteger, nullable=False, server_default="0", comment="version of what told the place"),
    Index("ix_images_place", "latitude", "longitude"),
)

texts = Table(
    "texts",
    metadata,
    Column("id", whole(), primary_key=True),
    Column("image_id", ForeignKey("images.id"), nullable=False, index=True),
    Column("source", text_of(16), nullable=False, comment="title, description or keyword"),
    Column("text", text_of(), nullable=False),
    Column("origin", text_of(), nullable=False, server_default="", comment="EXIF, XMP, IPTC or the name of a sidecar"),
)

files = Table(
    "files",
    metadata,
    Column("path", LargeBinary, primary_key=True, comment="bytes, since a file name need not be text"),
    Column("image_id", ForeignKey("images.id"), nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False, comment="the generation that recorded it"),
    Column("beside", BigInteger, nullable=False, server_default="0", comment="changes with its sidecars; 0 for none"),
    Column("ctime_ns", BigInteger, nullable=False, server_default="0", comment="0 where it is not known"),
)

annotators = Table(
    "annotators",
    metadata,
    Column("id", whole(), primary_key=True),
    Column("name", text_of(), nullable=False),
    Column("version", text_of(), nullable=False),
    Column("vector_length", Integer),
    Column("current", Boolean, nullable=False, comment="the version of this name that was used last"),
    Column("forgotten_at", DateTime, comment="UTC; when the user forgot it, until the next run removes it"),
    Column("threshold", Float, comment="from where on it shows tags; none where no run has told since it is kept"),
    Column("thresholds", JSON(none_as_null=True), comment="those of single tags, by name"),
    UniqueConstraint("name", "version"),
)

tags = Table(
    "tags",
    metadata,
    Column("id", whole(), primary_key=True),
    Column("name", text_of(), nullable=False, unique=True),
)

annotations: Table = Table(
    "annotations",
    metadata,
    Column("image_id", ForeignKey("images.id"), primary_key=True),
    Column("annotator_id", ForeignKey("annotators.id"), primary_key=True),
    Column("generation", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Clustered by image: what one image shows lies together on disk.
annotation_tags = Table(
    "annotation_tags",
    metadata,
    Column("image_id", ForeignKey("images.id"), primary_key=True),
    Column("annotator_id", ForeignKey("annotators.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
    Column("probability", Float, nullable=False),
    Column("shown", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

# Facets count shown tags, which are a few of the many that are kept.  `postgres.database` adds its own condition: with
# it here, every command on a folder would import what speaks to PostgreSQL.
annotation_tags_shown = Index(
    "ix_annotation_tags_shown",
    annotation_tags.c.image_id,
    annotation_tags.c.tag_id,
    sqlite_where=text("shown = 1"),
)

vectors = Table(
    "vectors",
    metadata,
    Column("image_id", ForeignKey("images.id"), primary_key=True),
    Column("annotator_id", ForeignKey("annotators.id"), primary_key=True),
    Column("vector", LargeBinary, nullable=False, comment="float16, little-endian"),
)

corrections = Table(
    "corrections",
    metadata,
    Column("image_id", ForeignKey("images.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
    Column("verdict", SmallInteger, nullable=False, comment="1 the user added the tag, -1 rejected it"),
)

# A tag that goes by another name since the user renamed or merged it; applied whenever tags are read.
aliases = Table(
    "aliases",
    metadata,
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
    Column("name_id", ForeignKey("tags.id"), nullable=False),
)

# What the user changed, so that the last change can be undone: one batch is one command.
edits = Table(
    "edits",
    metadata,
    Column("id", whole(), primary_key=True),
    Column("batch", whole(), nullable=False, index=True),
    Column("action", text_of(8), nullable=False, comment="add, accept, remove, reject, clear, rename or merge"),
    Column("made_at", DateTime, nullable=False, comment="UTC"),
    Column("image_id", ForeignKey("images.id"), comment="of a correction; none for an alias"),
    Column("tag_id", ForeignKey("tags.id"), nullable=False),
    Column("before", whole(), comment="the verdict, or the id of the alias's name; none where there was none"),
    Column("after", whole()),
    Column("undone", Boolean, nullable=False),
)

# Tags that stand for a phrase; what is scored is said by the annotator "defined".
definitions = Table(
    "definitions",
    metadata,
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
    Column("text", text_of(), nullable=False, comment="the phrase"),
    Column("space", text_of(), nullable=False, comment="the annotator and version whose vectors it was compared with"),
    Column("base", Float, comment="what its cosines were compared with, in nats; none where there were no pictures"),
    Column("generation", BigInteger, nullable=False, comment="up to which pictures were judged"),
)

failures = Table(
    "failures",
    metadata,
    Column("path", LargeBinary, primary_key=True),
    Column("annotator", text_of(), primary_key=True, comment="empty when the file itself cannot be read"),
    Column("reason", text_of(), nullable=False),
    Column("size", BigInteger, comment="of a file that is left alone until it is another: as it was when it failed"),
    Column("mtime_ns", BigInteger),
    Column("ctime_ns", BigInteger),
)

# What was given to be indexed, so that it can be brought up to date without naming it again.
folders = Table(
    "folders",
    metadata,
    Column("path", LargeBinary, primary_key=True),
    Column("indexed_at", DateTime, comment="UTC; when a run over it was last completed"),
)

# The last change of every image: the derived indexes apply what is newer than they are.
changes = Table(
    "changes",
    metadata,
    Column("image_id", ForeignKey("images.id"), primary_key=True),
    Column("generation", BigInteger, nullable=False),
    Index("ix_changes_generation", "generation"),
)

# Alembic's own table, written here too so that a new catalog needs no import of alembic.
version_table = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", text_of(32), primary_key=True),
)

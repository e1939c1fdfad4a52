"""The first schema: library, roots, contents, photos, embeddings."""

import sqlalchemy as sa
from alembic import op

from indexer.store.column_types import ID, NAME, VECTOR

revision = "0001"
down_revision = None


# the first that a server has; the last is always there, and of Latin letters alone
COLLATIONS = ("pg_unicode_fast", "pg_c_utf8", "und-x-icu", "C.utf8", "C.UTF-8", "en_US.utf8", "C")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _make_folded()
    op.create_table(
        "library",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True),
        sa.Column("uuid", NAME, nullable=False),
        sa.Column("model_source", NAME, nullable=False),
        sa.Column("model_id", NAME, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "roots",
        sa.Column("id", ID, primary_key=True),
        sa.Column("path", NAME, nullable=False, unique=True),
        sa.Column("notice", NAME),
    )
    op.create_table(
        "contents",
        sa.Column("id", ID, primary_key=True),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("width_px", sa.Integer, nullable=False),
        sa.Column("height_px", sa.Integer, nullable=False),
        sa.Column("format", NAME, nullable=False),
        sa.Column("orientation", sa.Integer, nullable=False),
        sa.Column("taken_at", sa.DateTime),
        sa.Column("taken_offset_min", sa.Integer),
        sa.Column("camera", NAME),
        sa.Column("lens", NAME),
        sa.Column("exposure_s", sa.Float),
        sa.Column("f_number", sa.Float),
        sa.Column("iso", sa.Integer),
        sa.Column("focal_mm", sa.Float),
        sa.Column("latitude_deg", sa.Float),
        sa.Column("longitude_deg", sa.Float),
    )
    op.create_index("ix_contents_taken_at", "contents", ["taken_at"])
    op.create_table(
        "photos",
        sa.Column("id", ID, primary_key=True),
        sa.Column("root_id", ID, sa.ForeignKey("roots.id"), nullable=False),
        sa.Column("path", NAME, nullable=False),
        sa.Column("content_id", ID, sa.ForeignKey("contents.id")),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("error", NAME),
        sa.Column("failed_at", sa.DateTime),
        sa.Column("missing_since", sa.DateTime),
        sa.UniqueConstraint("root_id", "path"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_photos_content_id", "photos", ["content_id"])
    op.create_table(
        "embeddings",
        sa.Column("id", ID, primary_key=True),
        sa.Column("content_id", ID, sa.ForeignKey("contents.id"), nullable=False),
        sa.Column("model_id", NAME, nullable=False),
        sa.Column("vector", VECTOR, nullable=False),
        sa.UniqueConstraint("content_id", "model_id"),
        sqlite_autoincrement=True,
    )


def _make_folded() -> None:
    """recollect_folded(): lower case and composed accents, for all scripts if the server can."""
    known = sa.text(
        "SELECT collname FROM pg_collation WHERE collencoding IN (-1, "
        "(SELECT encoding FROM pg_database WHERE datname = current_database()))"
    )
    names = set(op.get_bind().scalars(known))
    collation = next(name for name in COLLATIONS if name in names)
    op.execute(
        "CREATE FUNCTION recollect_folded(text) RETURNS text IMMUTABLE STRICT PARALLEL SAFE "
        f'LANGUAGE sql AS $$ SELECT normalize(lower($1 COLLATE "{collation}"), NFC) $$'
    )

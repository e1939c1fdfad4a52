"""The first schema: library, roots, contents, photos, embeddings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "library",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True),
        sa.Column("uuid", sa.String, nullable=False),
        sa.Column("model_source", sa.String, nullable=False),
        sa.Column("model_id", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "roots",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("path", sa.String, nullable=False, unique=True),
        sa.Column("notice", sa.String),
    )
    op.create_table(
        "contents",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("width_px", sa.Integer, nullable=False),
        sa.Column("height_px", sa.Integer, nullable=False),
        sa.Column("format", sa.String, nullable=False),
        sa.Column("orientation", sa.Integer, nullable=False),
        sa.Column("taken_at", sa.DateTime),
        sa.Column("taken_offset_min", sa.Integer),
        sa.Column("camera", sa.String),
        sa.Column("lens", sa.String),
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
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("root_id", sa.Integer, sa.ForeignKey("roots.id"), nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("content_id", sa.Integer, sa.ForeignKey("contents.id")),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("error", sa.String),
        sa.Column("failed_at", sa.DateTime),
        sa.Column("missing_since", sa.DateTime),
        sa.UniqueConstraint("root_id", "path"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_photos_content_id", "photos", ["content_id"])
    op.create_table(
        "embeddings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("content_id", sa.Integer, sa.ForeignKey("contents.id"), nullable=False),
        sa.Column("model_id", sa.String, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("content_id", "model_id"),
        sqlite_autoincrement=True,
    )

"""A content may have several embeddings by one model: a film has one for each kept frame."""

import sqlalchemy as sa
from alembic import op

from indexer.store.column_types import ID, NAME, VECTOR

revision = "0011"
down_revision = "0010"

UNIQUE = "embeddings_content_id_model_id_key"  # as PostgreSQL names it


def upgrade() -> None:
    op.add_column("contents", sa.Column("duration_s", sa.Float))
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("embeddings", _moment())
        op.drop_constraint(UNIQUE, "embeddings")
        op.create_unique_constraint(None, "embeddings", ["content_id", "model_id", "moment_ms"])
    else:
        _make_table_again()


def _moment() -> sa.Column[int]:
    return sa.Column("moment_ms", sa.Integer, nullable=False, server_default="0")


def _make_table_again() -> None:
    """SQLite drops no constraint. The greatest number ever given stays what it was."""
    op.create_table(
        "embeddings_with_moments",
        sa.Column("id", ID, primary_key=True),
        sa.Column("content_id", ID, sa.ForeignKey("contents.id"), nullable=False),
        sa.Column("model_id", NAME, nullable=False),
        sa.Column("vector", VECTOR, nullable=False),
        _moment(),
        sa.UniqueConstraint("content_id", "model_id", "moment_ms"),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO embeddings_with_moments (id, content_id, model_id, vector) "
        "SELECT id, content_id, model_id, vector FROM embeddings ORDER BY id"
    )
    op.execute("DELETE FROM sqlite_sequence WHERE name = 'embeddings_with_moments'")
    op.execute(
        "INSERT INTO sqlite_sequence SELECT 'embeddings_with_moments', seq FROM sqlite_sequence "
        "WHERE name = 'embeddings'"
    )
    op.drop_table("embeddings")
    op.rename_table("embeddings_with_moments", "embeddings")

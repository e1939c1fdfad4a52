"""On PostgreSQL: what the hosts of a library must all see."""

import sqlalchemy as sa
from alembic import op

from indexer.store.column_types import ID, NAME

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    shared = op.create_table(
        "shared",
        sa.Column(
            "id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False
        ),
        sa.Column("changes", sa.BigInteger, nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
    )
    op.bulk_insert(shared, [{"id": 1, "changes": 0, "paused": False}])
    op.create_table(
        "root_hosts",
        sa.Column("root_id", ID, primary_key=True, autoincrement=False),
        sa.Column("host", NAME, primary_key=True),
    )
    op.create_table(
        "daemons",
        sa.Column("host", NAME, primary_key=True),
        sa.Column("state", NAME),
        sa.Column("told_at", sa.DateTime),
        sa.Column("look", sa.Boolean, nullable=False),
    )
    op.create_table(
        "claims",
        sa.Column("root_id", ID, primary_key=True, autoincrement=False),
        sa.Column("path", NAME, primary_key=True),
    )
    op.create_table(
        "thumbnails",
        sa.Column("sha256", sa.LargeBinary(32), primary_key=True),
        sa.Column("jpeg", sa.LargeBinary, nullable=False),
    )

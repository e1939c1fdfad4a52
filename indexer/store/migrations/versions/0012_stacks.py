"""A photo may be several files, of which one is shown. The next scan compares those of before."""

import sqlalchemy as sa
from alembic import op

from indexer.store.column_types import ID, NAME

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    stacks = sa.Column("stacks", sa.Boolean, nullable=False, server_default=sa.true())
    op.add_column("library", stacks)
    op.add_column("contents", sa.Column("live_id", NAME))
    op.add_column("photos", sa.Column("stack_of", ID))
    op.add_column("photos", sa.Column("stack_key", sa.BigInteger))
    op.create_index("ix_photos_stack_key", "photos", ["stack_key"])
    _index_known("contents", "live_id")
    _index_known("photos", "stack_of")


def _index_known(table: str, column: str) -> None:
    known = sa.text(f"{column} IS NOT NULL")
    name = f"ix_{table}_{column}"
    op.create_index(name, table, [column], sqlite_where=known, postgresql_where=known)

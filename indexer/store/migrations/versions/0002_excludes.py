"""Roots leave out what matches their patterns."""

import sqlalchemy as sa
from alembic import op

from indexer.store.column_types import NAME

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("roots", sa.Column("excludes", NAME, nullable=False, server_default=""))

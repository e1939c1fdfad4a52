"""A library may be searched with another text tower than its model's."""

import sqlalchemy as sa
from alembic import op

from indexer.store.column_types import NAME

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("library", sa.Column("text_source", NAME))

"""A root knows how many files of other formats its last full scan saw."""

import sqlalchemy as sa
from alembic import op

from indexer.store.column_types import NAME

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("roots", sa.Column("other_formats", NAME))

"""What is odd about a file that shows its picture all the same."""

import sqlalchemy as sa
from alembic import op

from indexer.store.column_types import NAME

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("contents", sa.Column("notice", NAME))

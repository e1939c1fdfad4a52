"""What object storage tells of a file stands for its time."""

import sqlalchemy as sa
from alembic import op

from indexer.store.column_types import NAME

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("photos", sa.Column("etag", NAME))

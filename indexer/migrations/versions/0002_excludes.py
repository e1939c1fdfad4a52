"""Roots leave out what matches their patterns."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("roots", sa.Column("excludes", sa.String, nullable=False, server_default=""))

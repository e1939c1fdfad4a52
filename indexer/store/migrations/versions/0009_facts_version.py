"""A content knows which version of the readers its facts come from; those before did not say."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    version = sa.Column("facts_version", sa.Integer, nullable=False, server_default="0")
    op.add_column("contents", version)

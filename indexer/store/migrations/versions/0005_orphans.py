"""A content that no photo has any more knows since when: only then is its age counted."""

import sqlalchemy as sa
from alembic import op

from indexer.clock import now

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("contents", sa.Column("orphaned_at", sa.DateTime))
    contents = sa.table("contents", sa.column("id"), sa.column("orphaned_at", sa.DateTime))
    photos = sa.table("photos", sa.column("content_id"))
    referenced = sa.exists().where(photos.c.content_id == contents.c.id)
    op.execute(sa.update(contents).where(~referenced).values(orphaned_at=now()))

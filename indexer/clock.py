"""The present time, as rows hold it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present, UTC, without a zone: the form in which the database keeps it."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)

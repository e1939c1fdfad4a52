"""The present time, as rows hold it, and lengths of time for people."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present, UTC, without a zone: the form in which the database keeps it."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def clock_text(seconds: float) -> str:
    """1:23, or 1:02:03 from an hour on: a moment of a film, or how long it is."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

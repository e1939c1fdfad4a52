"""Numbers of things in English words."""

from __future__ import annotations


def counted(count: int, one: str, many: str | None = None) -> str:
    """`1 photo`, `2 photos`; `many` is for a word whose plural has more than an s."""
    return f"{count} {one if count == 1 else many or one + 's'}"

"""Numbers of photos, in words."""

from __future__ import annotations

from app.i18n.language import _, ngettext, number


def photo_count(photos: int) -> str:
    """The number of photos, in words."""
    return ngettext("{count} photo", "{count} photos", photos)


def unreadable(failed: int) -> str:
    """The number of unreadable files, in words."""
    return _("{count} could not be read").format(count=number(failed))

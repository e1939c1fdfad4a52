"""Numbers of photos, in words."""

from __future__ import annotations

from app.i18n.language import _, ngettext, number


def photo_count(photos: int) -> str:
    """The number of photos, in words."""
    return ngettext("{count} photo", "{count} photos", photos)


def photos_and_files(photos: int, files: int) -> str:
    """The number of photos, and that of their files where it is another one."""
    if photos == files:
        return photo_count(photos)
    of_files = ngettext("{count} file", "{count} files", files)
    return _("{photos} ({files})").format(photos=photo_count(photos), files=of_files)


def unreadable(failed: int) -> str:
    """The number of unreadable files, in words."""
    return _("{count} could not be read").format(count=number(failed))

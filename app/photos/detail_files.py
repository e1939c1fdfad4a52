"""The open photo's files for the browser: large enough for a screen, and the original.

A visitor's session keeps the large picture of the photo that is open, and of no other: drawing
the page again decodes nothing.
"""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from weakref import ref

import streamlit as st

from app.auth.admission import page_login
from app.http.download_tokens import Content, Offer, offered, url
from app.i18n.language import _, language, translated
from indexer.errors import PhotoNotFound, Undecodable
from indexer.imaging.preview import large_picture
from indexer.library.library import Library
from indexer.records.photos import FileStat, Photo
from indexer.sources.reading import RegularFile, file_stat

SHOWN: Final = "picture"
ORIGINALS: Final = "originals"  # photo -> token
LARGE_SIDE_PX: Final = 1600


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Large:
    """A large picture: the session holds it, and the offer of it ends with the session."""

    mime: str
    content: Path | bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo's large picture with its token; or neither, and what to say then."""

    of: tuple[int, FileStat | None, str]
    large: Large | None
    token: str | None
    notice: str | None


def picture(photo: Photo) -> Picture:
    """The large picture of this photo, made once while it is open and its file stands still."""
    of = (photo.id, _stat(photo), language())
    shown: Picture | None = st.session_state.get(SHOWN)
    if shown is not None and shown.of == of:
        return shown
    if shown is not None and shown.token:
        offered().take_back(shown.token)
    large, notice = _made(photo)
    token = offered().make(offer(photo, large), page_login()) if large else None
    st.session_state[SHOWN] = shown = Picture(of, large, token, notice)
    return shown


def offer(photo: Photo, large: Large) -> Offer:
    """Offers the picture for as long as somebody else holds it."""
    held = ref(large)

    def content() -> Content | None:
        picture = held()
        if picture is None:
            return None
        return _of_file(picture.content) if isinstance(picture.content, Path) else picture.content

    return Offer(photo.path.name, large.mime, content, download=False)


def _stat(photo: Photo) -> FileStat | None:
    if not isinstance(photo.path, Path):  # a storage is asked when the picture is made
        return FileStat(photo.size_bytes, photo.mtime_ns)
    try:
        return file_stat(photo.path)
    except OSError:
        return None


def _made(photo: Photo) -> tuple[Large | None, str | None]:
    """The picture, or why there is none."""
    try:
        return Large(*large_picture(photo, LARGE_SIDE_PX)), None
    except FileNotFoundError:
        return None, _("The file is missing")
    except OSError as error:
        return None, _("The file cannot be read ({why})").format(why=error.strerror or error)
    except Undecodable as error:
        why = translated(error)
        return None, _("The file can no longer be read as a photo ({why})").format(why=why)


def original(library: Library, photo: Photo) -> str | None:
    """The URL of the photo's own file: at this server, or at its object storage."""
    if not isinstance(photo.path, Path):
        return library.link(photo)
    tokens: dict[int, str] = st.session_state.setdefault(ORIGINALS, {})
    if photo.id not in tokens or offered().get(tokens[photo.id], page_login()) is None:
        mime = mimetypes.guess_type(photo.path.name)[0] or "application/octet-stream"
        file = Offer(photo.path.name, mime, lambda: original_of(library, photo.id))
        tokens[photo.id] = offered().make(file, page_login())
    return url(tokens[photo.id])


def original_of(library: Library, photo_id: int) -> RegularFile | None:
    """The photo with this number where it lies now, if it is there and of the library still."""
    try:
        path = library.photo(photo_id).path
    except PhotoNotFound:
        return None
    return _of_file(path) if isinstance(path, Path) else None


def _of_file(path: Path) -> RegularFile | None:
    try:
        return RegularFile(path)
    except OSError:
        return None

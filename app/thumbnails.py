"""Thumbnails for the browser, over HTTP: the bytes on disk, under addresses nobody can guess.

An address names a photo of the library by its number, with a seal that only this server can make:
what the page has not shown cannot be had. It stays the same as long as the server runs, so that a
browser asks for each once.
"""

from __future__ import annotations

import hmac
import secrets
from functools import cache
from hashlib import sha256
from typing import Final
from weakref import WeakValueDictionary

from indexer.errors import PhotoNotFound
from indexer.library import Library
from indexer.records import Photo

THUMBNAILS_URL: Final = "thumbnails"
SEAL_DIGITS: Final = 32  # 128 bits


class Door:
    """Makes the addresses, and knows them again. Safe to use from several threads."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._libraries: WeakValueDictionary[int, Library] = WeakValueDictionary()

    def url(self, library: Library, photo: Photo) -> str:
        """Where the photo's thumbnail is, from any page."""
        self._libraries[id(library)] = library
        return f"/{THUMBNAILS_URL}/{id(library)}/{photo.id}/{self._seal(library, photo)}"

    def thumbnail(self, library_id: int, photo_id: int, seal: str) -> bytes | None:
        """The JPEG behind an address; None where there is none, or the seal is not ours."""
        library = self._libraries.get(library_id)
        if library is None:
            return None
        try:
            photo = library.photo(photo_id)
        except PhotoNotFound:
            return None
        if not hmac.compare_digest(seal.encode(), self._seal(library, photo).encode()):
            return None
        return library.thumbnail(photo)

    def _seal(self, library: Library, photo: Photo) -> str:
        """Another one for other bytes: an edited photo is asked for again."""
        told = f"{id(library)} {photo.id} ".encode() + photo.sha256
        return hmac.new(self._secret, told, sha256).hexdigest()[:SEAL_DIGITS]


@cache
def door() -> Door:
    """That of this server."""
    return Door()


def thumbnail_url(library: Library, photo: Photo) -> str:
    """Where the photo's thumbnail is, from any page."""
    return door().url(library, photo)

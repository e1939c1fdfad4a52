"""Thumbnails for the browser, over HTTP: the bytes on disk, under signed URLs.

A URL names a photo of the library by its number, with a signature that only this server can make:
what the page has not shown to a login, that login cannot have. It stays the same as long as the
login holds and the server runs, so that a browser asks for each once.
"""

from __future__ import annotations

import hmac
import secrets
from functools import cache
from hashlib import sha256
from typing import Final
from weakref import WeakValueDictionary

from app.auth.admission import page_login
from indexer.errors import PhotoNotFound
from indexer.library.library import Library
from indexer.records.photos import Photo

THUMBNAILS_URL: Final = "thumbnails"
SIGNATURE_DIGITS: Final = 32  # 128 bits


class SignedUrls:
    """Makes the URLs, and knows them again. Safe to use from several threads."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._libraries: WeakValueDictionary[int, Library] = WeakValueDictionary()

    def url(self, library: Library, photo: Photo, login: str, moment_s: float | None = None) -> str:
        """The URL of the photo's thumbnail for this login, from any page; at a moment of a film."""
        self._libraries[id(library)] = library
        moment_ms = None if moment_s is None else round(1000 * moment_s)
        signature = self._signature(library, photo, moment_ms, login)
        at = "" if moment_ms is None else f"/{moment_ms}"
        return f"/{THUMBNAILS_URL}/{id(library)}/{photo.id}{at}/{signature}"

    def thumbnail(
        self, library_id: int, photo_id: int, moment_ms: int | None, login: str, signature: str
    ) -> bytes | None:
        """The JPEG behind a URL; None where there is none, or the signature is another's."""
        library = self._libraries.get(library_id)
        if library is None:
            return None
        try:
            photo = library.photo(photo_id)
        except PhotoNotFound:
            return None
        expected = self._signature(library, photo, moment_ms, login)
        if not hmac.compare_digest(signature.encode(), expected.encode()):
            return None
        if moment_ms is not None and (jpeg := library.moment_thumbnail(photo, moment_ms / 1000)):
            return jpeg
        return library.thumbnail(photo)

    def _signature(self, library: Library, photo: Photo, moment_ms: int | None, login: str) -> str:
        """Another one for other bytes: an edited photo is fetched again."""
        signed = f"{id(library)} {photo.id} {moment_ms} {login} ".encode() + photo.sha256
        return hmac.new(self._secret, signed, sha256).hexdigest()[:SIGNATURE_DIGITS]


@cache
def signed_urls() -> SignedUrls:
    """Those of this server."""
    return SignedUrls()


def thumbnail_url(library: Library, photo: Photo, moment_s: float | None = None) -> str:
    """The URL of the photo's thumbnail, from any page of this login; at a moment of a film."""
    return signed_urls().url(library, photo, page_login(), moment_s)

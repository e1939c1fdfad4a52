"""The open video for the browser: its file, played from a moment, and pictures of its moments.

What the browser cannot play it shows by the pictures; detail.js finds that out.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any, Final

import streamlit as st

from app.auth.admission import page_login
from app.http.download_tokens import Offer, offered, url
from app.http.thumbnail_urls import thumbnail_url
from app.i18n.language import _
from app.photos.detail_files import original_of
from indexer.clock import clock_text
from indexer.library.library import Library
from indexer.records.photos import Item, Photo
from indexer.records.results import Hit

PLAYED: Final = "films"  # in the session: photo -> token
# MOV and 3GP hold what MP4 holds, MKV what WebM holds: so called, browsers try them.
AS_KNOWN: Final = {
    **dict.fromkeys((".mov", ".m4v", ".3gp", ".3g2"), "video/mp4"),
    ".mkv": "video/webm",
}
OTHER: Final = "application/octet-stream"


def film_of(library: Library, photo: Photo, hit: Hit | None) -> dict[str, Any] | None:
    """The data of a video for detail.js; None of a photo."""
    if not photo.facts.is_film:
        return None
    moments_s = library.moments_s(photo)
    return {
        "src": film_url(library, photo),
        "at": hit.moment_s if hit and hit.moment_s else 0.0,
        "frames": [
            {
                "at": moment_s,
                "text": clock_text(moment_s),
                "src": thumbnail_url(library, photo, moment_s),
            }
            for moment_s in moments_s
        ],
        "unplayable": _("This browser cannot play the video. These are its frames."),
        "moment": _("Play from {moment}"),
    }


def live_url(library: Library, item: Item) -> str | None:
    """Where the browser finds the film of a Live Photo; None of other photos."""
    films = [other for other in item.others if other.facts.is_film]
    return film_url(library, films[0]) if films else None


def film_url(library: Library, photo: Photo) -> str | None:
    """Where the browser finds the video: at this server, or at its object storage."""
    if not isinstance(photo.path, Path):
        return library.link(photo)
    tokens: dict[int, str] = st.session_state.setdefault(PLAYED, {})
    if photo.id not in tokens or offered().get(tokens[photo.id], page_login()) is None:
        mime = _mime(photo.path)
        file = Offer(photo.path.name, mime, lambda: original_of(library, photo.id), download=False)
        tokens[photo.id] = offered().make(file, page_login())
    return url(tokens[photo.id])


def _mime(path: Path) -> str:
    return AS_KNOWN.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or OTHER

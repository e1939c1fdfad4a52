"""The results as a wall of thumbnails: each a button that opens its photo.

File names reach the browser as data and are set as text there (grid.js), never as HTML.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import streamlit as st

from app import address
from app.facts import description, match
from indexer.library import Library
from indexer.records import Hit, Photo

KEY: Final = "grid"
JS: Final = Path(__file__).with_name("grid.js")
CSS: Final = Path(__file__).with_name("grid.css")


def grid(library: Library, hits: Sequence[Hit]) -> None:
    """Show the hits in their order; a click opens the photo."""
    component = st.components.v2.component(
        "recollect_grid", js=JS.read_text("utf-8"), css=CSS.read_text("utf-8")
    )
    cells = [cell(hit, thumbnail_url(library, hit.photo)) for hit in hits]
    component(key=KEY, data={"cells": cells}, on_opened_change=_open)


def cell(hit: Hit, src: str | None) -> dict[str, Any]:
    """What grid.js needs to know of one hit."""
    facts = hit.photo.facts
    return {
        "id": hit.photo.id,
        "name": hit.photo.path.name,
        "alt": description(hit.photo),
        "score": "" if hit.score is None else f"{hit.score:.3f}",
        "match": match(hit) or "",
        "ratio": facts.width_px / max(1, facts.height_px),
        "src": src,
    }


def thumbnail_url(library: Library, photo: Photo) -> str | None:
    """The thumbnail's own bytes as a data URL, or None if there is none."""
    jpeg = library.thumbnail(photo)
    return None if jpeg is None else jpeg_url(jpeg)


def jpeg_url(jpeg: bytes) -> str:
    """JPEG bytes as a data URL."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"


def _open() -> None:
    address.open_photo(int(st.session_state[KEY]["opened"]))

"""The open photo, large, with everything known of it, and the way to its neighbours.

Like the grid it hands names to the browser as data; photo.js sets them as text.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import streamlit as st

from app import address
from app.facts import description, facts_of
from app.grid import jpeg_url, thumbnail_url
from app.language import _
from app.said import said
from indexer.errors import IndexerError, Undecodable
from indexer.library import Library
from indexer.records import Hit, Photo

KEY: Final = "photo"
JS: Final = Path(__file__).with_name("photo.js")
CSS: Final = Path(__file__).with_name("photo.css")
LARGE_SIDE_PX: Final = 1600
LARGE_QUALITY: Final = 88


def photo_dialog(library: Library, hits: Sequence[Hit]) -> None:
    """Show the photo that the address names; `hits` are those it can be stepped through."""
    dialog = st.dialog(_("Photo"), width="large", on_dismiss=address.close_photo)
    dialog(_photo)(library, hits)


def _photo(library: Library, hits: Sequence[Hit]) -> None:
    try:
        photo_id = address.photo_id()
        if photo_id is None:
            return
        photo = library.photo(photo_id)
    except IndexerError:
        st.error(_("This library has no such photo: its folder may have been removed."))
        return
    component = st.components.v2.component(
        "recollect_photo", js=JS.read_text("utf-8"), css=CSS.read_text("utf-8")
    )
    places = [hit.photo.id for hit in hits]
    place = places.index(photo_id) if photo_id in places else None

    def step() -> None:
        by = int(st.session_state[KEY]["step"])
        if place is not None and 0 <= place + by < len(places):
            address.open_photo(places[place + by])

    hit = None if place is None else hits[place]
    data = sheet(library, photo, hit)
    data["previous"] = place is not None and place > 0
    data["next"] = place is not None and place + 1 < len(places)
    component(key=KEY, data=data, on_step_change=step)


def sheet(library: Library, photo: Photo, hit: Hit | None) -> dict[str, Any]:
    """What photo.js needs to know of the photo itself."""
    src, notice = picture(library, photo)
    return {
        "id": photo.id,
        "name": photo.path.name,
        "alt": description(photo),
        "src": src,
        "notice": notice,
        "words": {"previous": _("Previous photo"), "next": _("Next photo")},
        "facts": [list(fact) for fact in facts_of(photo, hit)],
    }


def picture(library: Library, photo: Photo) -> tuple[str | None, str | None]:
    """The photo as a URL, and what to say where it is only its thumbnail, or nothing."""
    try:
        image = library.upright_image(photo, LARGE_SIDE_PX)
    except FileNotFoundError:
        notice = _("The file is gone")
    except OSError as error:
        notice = _("The file cannot be read ({why})").format(why=error.strerror or error)
    except Undecodable as error:
        notice = _("The file can no longer be read as a photo ({why})").format(why=said(error))
    else:
        jpeg = io.BytesIO()
        image.convert("RGB").save(jpeg, "JPEG", quality=LARGE_QUALITY)
        return jpeg_url(jpeg.getvalue()), None
    src = thumbnail_url(library, photo)
    with_thumbnail = _("{notice}: this is the thumbnail kept of it.")
    without = _("{notice}: and no thumbnail was kept of it.")
    return src, (with_thumbnail if src else without).format(notice=notice)

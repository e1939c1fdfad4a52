"""The open photo, large, with everything known of it, what can be done with it, and the way to
its neighbours.

Like the grid it hands names to the browser as data; detail.js sets them as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import streamlit as st

from app.http.download_tokens import LAND_URL, url
from app.http.thumbnail_urls import thumbnail_url
from app.i18n.language import _
from app.i18n.photo_facts import description, facts_of, file_size, place
from app.photos import file_manager
from app.photos.badges import kind
from app.photos.detail_files import original, picture
from app.photos.film import film_of, live_url
from app.ui import url_state
from app.ui.component import draw
from app.ui.deferred_dialog import ask_for
from app.ui.navigation import ask_for_search, go_now
from indexer.errors import IndexerError
from indexer.library.library import Library
from indexer.records.photos import Item, Photo
from indexer.records.results import Hit

KEY: Final = "photo"


def photo_dialog(library: Library, hits: Sequence[Hit]) -> None:
    """Show the photo that the address names; `hits` are those it can be stepped through."""
    dialog = st.dialog(_("Photo"), width="large", on_dismiss=url_state.close_photo)(_photo)
    ask_for(KEY, partial(dialog, library, hits))


def _photo(library: Library, hits: Sequence[Hit]) -> None:
    try:
        photo_id = url_state.photo_id()
        if photo_id is None:  # an act has closed it
            go_now()
        photo = library.photo(photo_id)
    except IndexerError:
        st.error(_("This library has no such photo: its folder may have been removed."))
        return
    ids = [hit.photo.id for hit in hits]
    at = ids.index(photo_id) if photo_id in ids else None

    def step(by: int) -> None:
        if at is not None and 0 <= at + by < len(ids):
            url_state.open_photo(ids[at + by])

    hit = None if at is None else hits[at]
    data = sheet(library, photo, hit)
    data["previous"] = at is not None and at > 0
    data["next"] = at is not None and at + 1 < len(ids)
    handlers = {"step": lambda by: step(int(by)), "act": lambda act: _act(act, photo)}
    shown = draw("photos/detail", KEY, data, handlers)
    if shown["act"] == "like":
        go_now()


def _act(act: str, photo: Photo) -> None:
    path = photo.path
    if act == "like":
        ask_for_search(f"#{photo.id}")
    elif isinstance(path, Path) and file_manager.can_show():
        file_manager.show(path)


def sheet(library: Library, photo: Photo, hit: Hit | None) -> dict[str, Any]:
    """The data of the photo for detail.js."""
    item = next(library.items([photo.id]), Item(photo))
    film = film_of(library, photo, hit)
    notice = None
    if film:
        src = thumbnail_url(library, photo, film["at"] or None)
        is_there = not isinstance(photo.path, Path) or photo.path.is_file()
        notice = None if is_there else _notice(_("The file is missing"), True)
    else:
        shown = picture(photo)
        src = url(shown.token) if shown.token else thumbnail_url(library, photo)
        notice = shown.notice and _notice(shown.notice, bool(src))
    return {
        "id": photo.id,
        "name": photo.path.name,
        "alt": description(photo),
        "src": src,
        "width": photo.facts.width_px,
        "height": photo.facts.height_px,
        "film": film,
        "live": live_url(library, item),
        "notice": notice,
        "facts": [list(fact) for fact in facts_of(photo, hit)],
        "place": _place(photo),
        "path": str(photo.path),
        "folder": str(photo.path.parent),
        "original": None if notice else original(library, photo),
        "files": _files(library, item),
        "shows_folder": isinstance(photo.path, Path) and file_manager.can_show(),
        "land": f"/{LAND_URL}",
        "words": words(),
    }


def _notice(what: str, has_thumbnail: bool) -> str:
    with_thumbnail = _("{notice}. This is the stored thumbnail.")
    without = _("{notice}. No thumbnail is stored.")
    return (with_thumbnail if has_thumbnail else without).format(notice=what)


def _files(library: Library, item: Item) -> list[dict[str, Any]]:
    """The files of a photo that has several, with their downloads; the one that is shown first."""
    return [
        {
            "name": file.path.name,
            "note": f"{kind(file, item.files)} · {file_size(file.size_bytes)}",
            "url": original(library, file),
        }
        for file in item.files
        if item.others
    ]


def _place(photo: Photo) -> dict[str, Any] | None:
    """The location, for the small map."""
    facts = photo.facts
    if facts.latitude_deg is None or facts.longitude_deg is None:
        return None
    alt = _("Map: {place}").format(place=place(facts))
    return {"latitude": facts.latitude_deg, "longitude": facts.longitude_deg, "alt": alt}


def words() -> dict[str, str]:
    """The labels of the buttons."""
    return {
        "previous": _("Previous photo"),
        "next": _("Next photo"),
        "like": _("More like this"),
        "show_folder": _("Show folder"),
        "copy_folder": _("Copy folder path"),
        "copy_path": _("Copy path"),
        "download": _("Download"),
        "download_file": _("Download {name}"),
        "files": _("Files of this photo"),
        "live": _("Live"),
        "play_live": _("Play the Live Photo"),
        "copied": _("Copied"),
    }

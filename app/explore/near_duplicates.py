"""Photos that are nearly the same, side by side, the largest marked. Nothing is deleted here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from app.http.thumbnail_urls import thumbnail_url
from app.i18n.language import _, ngettext, number
from app.i18n.photo_facts import description, file_size
from app.selection.bar import selection_bar
from app.selection.selection import tick
from app.ui import url_state
from app.ui.component import draw
from indexer.errors import PhotoNotFound
from indexer.explore.near_duplicates import NearDuplicates
from indexer.library.library import Library
from indexer.records.photos import Photo
from indexer.records.results import Hit

KEY: Final = "look_alikes"
SHOWN: Final = "look_alikes_shown"  # in the session: how many groups
GROUPS: Final = 20  # at first, and more at each click
OF_A_GROUP: Final = 12

Group = list[Photo]


def near_duplicates_view(library: Library, found: NearDuplicates | None) -> tuple[Hit, ...]:
    """Show the groups; the photos shown, to step through."""
    if found is None:
        return ()
    shown_count = st.session_state.setdefault(SHOWN, GROUPS)
    groups, more = _groups(library, found, shown_count)
    if not groups:
        st.info(_("No near-duplicates found."))
        return ()
    st.caption(
        ngettext(
            "{count} group of near-duplicates. No file is ever deleted.",
            "{count} groups of near-duplicates. No file is ever deleted.",
            len(found.groups),
        )
    )
    handlers = {
        "opened": lambda photo: url_state.open_photo(int(photo)),
        "ticked": tick,
    }
    data = {"groups": [_drawn(library, group) for group in groups], "words": _words()}
    draw("explore/near_duplicates", KEY, data, handlers)
    if more:
        st.button(_("Show more"), key="look_alikes_more", on_click=_show_more)
    selection_bar(library)
    photos = (photo for group in groups for photo in group[:OF_A_GROUP])
    return tuple(Hit(rank, photo, None, None) for rank, photo in enumerate(photos, start=1))


def _show_more() -> None:
    st.session_state[SHOWN] += GROUPS


def _groups(library: Library, found: NearDuplicates, count: int) -> tuple[list[Group], bool]:
    """The first groups that still are some, and whether there may be more."""
    groups: list[Group] = []
    for numbers in found.groups:
        if len(groups) == count:
            return groups, True
        if len(group := _there(library, numbers)) > 1:
            groups.append(group)
    return groups, False


def _there(library: Library, photo_ids: Sequence[int]) -> Group:
    """The photos that have not gone since."""
    there = []
    for photo_id in photo_ids:
        try:
            photo = library.photo(photo_id)
        except PhotoNotFound:
            continue
        if photo.missing_since is None:
            there.append(photo)
    return there


def _drawn(library: Library, group: Group) -> dict[str, Any]:
    shown = group[:OF_A_GROUP]
    left = len(group) - len(shown)
    return {
        "photos": [_card(library, photo, group[0]) for photo in shown],
        "others": [photo.id for photo in group[1:]],
        "left_out": _("and {count} more").format(count=number(left)) if left else "",
    }


def _card(library: Library, photo: Photo, largest: Photo) -> dict[str, Any]:
    facts = photo.facts
    if photo.id == largest.id:
        mark = _("Largest")
    else:
        mark = _("Same bytes") if photo.sha256 == largest.sha256 else ""
    return {
        "id": photo.id,
        "name": photo.path.name,
        "folder": str(photo.path.parent),
        "alt": description(photo),
        "size": f"{facts.width_px} × {facts.height_px} · {file_size(photo.size_bytes)}",
        "mark": mark,
        "largest": photo.id == largest.id,
        "src": thumbnail_url(library, photo),
    }


def _words() -> dict[str, str]:
    return {"select_others": _("Select all but the largest")}

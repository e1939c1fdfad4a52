"""The atlas on the page: a picture of points and thumbnails that can be zoomed, and a list of its
groups that says the same to who cannot see it.

The points go to the browser once; thumbnails follow as they come into sight.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import streamlit as st
from PIL import Image

from app.i18n.language import _, number
from app.i18n.language import concept as in_words
from app.ui import url_state
from app.ui.component import draw
from app.ui.data_url import jpeg_url
from indexer.errors import PhotoNotFound
from indexer.explore.atlas import Atlas
from indexer.library.library import Library

KEY: Final = "atlas"
PICTURES: Final = "atlas_pictures"
ANSWERED: Final = "atlas_answered"  # in the session: the last request for thumbnails
SCALE: Final = 65_535  # places travel as 16-bit numbers
THUMBNAIL_PX: Final = 96
THUMBNAILS_AT_ONCE: Final = 150
THUMBNAILS_KEPT: Final = 5_000  # some 3 kB each


def atlas_view(library: Library, atlas: Atlas) -> None:
    """Show it, and what of it the address chooses; the address follows what a person chooses."""
    data = {
        "points": packed_points(atlas),
        "groups": _groups(atlas),
        "words": _words(atlas),
        "group": url_state.group(),
        "area": url_state.area(),
    }
    handlers = {
        "group": _choose,
        "area": lambda area: url_state.choose(area=area),
        "opened": lambda photo: url_state.open_photo(int(photo)),
        "wanted": None,
    }
    shown = draw("explore/atlas", KEY, data, handlers)
    _pictures(library, shown["wanted"])


def _choose(group: int) -> None:
    url_state.choose(group=group if group >= 0 else None)


def _pictures(library: Library, wanted: Mapping[str, Any] | None) -> None:
    """The thumbnails that the picture wants, once; apart, so that the points stay at home.

    `wanted`: the numbers of the photos, and the `turn` that tells one request from the next.
    """
    numbers: list[int] = []
    if wanted and wanted["turn"] != st.session_state.get(ANSWERED):
        st.session_state[ANSWERED] = wanted["turn"]
        numbers = [int(one) for one in wanted["photos"][:THUMBNAILS_AT_ONCE]]
    with st.container(key="atlas_pictures_box"):
        pictures = _thumbnails(library, numbers)
        draw("explore/atlas_pictures", PICTURES, {"pictures": pictures})


def _thumbnails(library: Library, photo_ids: Sequence[int]) -> dict[int, str | None]:
    """A URL for each; None for those that have none."""
    found: dict[int, str | None] = dict.fromkeys(photo_ids)
    for photo_id in photo_ids:
        try:
            photo = library.photo(photo_id)
        except PhotoNotFound:  # removed since the atlas was drawn
            continue
        if jpeg := library.thumbnail(photo):
            found[photo_id] = jpeg_url(_small(jpeg))
    return found


@lru_cache(THUMBNAILS_KEPT)
def _small(jpeg: bytes) -> bytes:
    """A thumbnail made so small that hundreds of them may be looked at together."""
    with Image.open(io.BytesIO(jpeg)) as image:
        image.draft("RGB", (THUMBNAIL_PX, THUMBNAIL_PX))
        image.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
        made = io.BytesIO()
        image.convert("RGB").save(made, "JPEG", quality=75)
    return made.getvalue()


def packed_points(atlas: Atlas) -> dict[str, str]:
    """The points as atlas_points.js unpacks them: each array as base64 of little-endian numbers."""
    arrays = {
        "x": (atlas.places[:, 0] * SCALE).astype("<u2"),
        "y": (atlas.places[:, 1] * SCALE).astype("<u2"),
        "group": atlas.groups.astype("<u1"),
        "year": atlas.years.astype("<i2"),
        "id": atlas.photo_ids.astype("<u4"),
    }
    return {name: base64.b64encode(array.tobytes()).decode() for name, array in arrays.items()}


def _groups(atlas: Atlas) -> list[dict[str, Any]]:
    """For each group its name, how many photos it has, and where its name is to stand."""
    return [
        {
            "name": in_words(name),
            "count": number(int((atlas.groups == group).sum())),
            "place": np.median(atlas.places[atlas.groups == group], axis=0).round(4).tolist(),
        }
        for group, name in enumerate(atlas.names)
    ]


def _words(atlas: Atlas) -> dict[str, str]:
    count = number(len(atlas.photo_ids))
    return {
        "picture": _(
            "A map of {count} photos; similar ones lie close together. The list of groups "
            "shows the same. Arrow keys move it, plus and minus zoom."
        ).format(count=count),
        "groups": _("Groups"),
        "by_group": _("By group"),
        "by_year": _("By year"),
        "colour": _("Colour"),
        "lasso": _("Draw around photos to select them"),
        "nearer": _("Zoom in"),
        "farther": _("Zoom out"),
        "whole": _("Show all"),
    }

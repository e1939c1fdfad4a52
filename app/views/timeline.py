"""The timeline: years and months with their numbers of photos, and the photos of a span of them.

The address has the span: ?months=2017-11..2018-02, both within it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import streamlit as st

from app.i18n.language import _, month, ngettext, one_language
from app.photos.by_month import EVERY_PHOTO, grid_by_month
from app.ui import url_state
from app.ui.component import draw
from app.ui.facets_cache import overview
from indexer.library.library import Library

KEY: Final = "timeline"
GRID: Final = "timeline_grid"
MONTH: Final = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])", re.ASCII)

Span = tuple[str, str]  # the first and the last month


@st.fragment
@one_language()
def timeline_page(library: Library) -> None:
    """Everything below the title. Raises IndexerError."""
    months = overview(library).months
    if not months:
        st.caption(_("No photos yet"))
        return
    chosen = span()
    _scrubber(months, chosen)
    st.caption(_told(months, chosen))
    grid_by_month(library, query(chosen), GRID)


def span() -> Span | None:
    """The months that the address asks for; None where it asks for none, or for what is none."""
    first, _dots, last = (url_state.value("months") or "").partition("..")
    if MONTH.fullmatch(first) and MONTH.fullmatch(last) and "0001" <= first <= last < "9999":
        return first, last
    return None


def query(chosen: Span | None) -> str:
    """What lists the photos of this span, newest first; of none, all there are."""
    if chosen is None:
        return EVERY_PHOTO
    first, last = chosen
    year, number = int(last[:4]), int(last[5:])
    after = f"{year + number // 12:04}-{number % 12 + 1:02}"
    return f"after:{first} before:{after}"


def _told(months: Mapping[str, int], chosen: Span | None) -> str:
    first, last = chosen or (min(months), max(months))
    count = sum(number for name, number in months.items() if first <= name <= last)
    photos = ngettext("{count} photo", "{count} photos", count)
    if first == last:
        return f"{_name(first)} · {photos}"
    return f"{_name(first)} – {_name(last)} · {photos}"


def _name(name: str) -> str:
    return month(datetime.fromisoformat(f"{name}-01"))


def _scrubber(months: Mapping[str, int], chosen: Span | None) -> None:
    draw("views/timeline", KEY, scrubber_data(months, chosen), {"span": _choose})


def scrubber_data(months: Mapping[str, int], chosen: Span | None) -> dict[str, Any]:
    """The data for timeline.js."""
    return {
        "months": [
            {
                "month": name,
                "photos": count,
                "label": f"{_name(name)}: {ngettext('{count} photo', '{count} photos', count)}",
            }
            for name, count in sorted(months.items())
        ],
        "chosen": chosen,
        "words": {"all": _("All years"), "timeline": _("Timeline")},
    }


def _choose(chosen: str) -> None:
    url_state.close_photo()
    url_state.put("months", None if chosen == "all" else chosen)

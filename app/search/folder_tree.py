"""The view of the filter of folders: their tree, and those of most photos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import streamlit as st

from app.i18n.language import LOCALES, _, language
from app.search.filter_view import Candidate, Sidebar, candidate
from app.search.filter_widgets import refine
from app.search.query_text import values_of
from app.ui.component import draw
from indexer.query.query import Filter
from indexer.records.results import Facets

SUGGESTED: Final = 1_500  # what the browser is sent stays below 0.2 MB


def folder_name(path: str) -> str:
    """The last part of a path, which may be typed in part."""
    return path.strip("/").rpartition("/")[2] or path


def folders_of_most_photos(facets: Facets) -> Iterator[Candidate]:
    """Those of most photos first."""
    for path, photos in sorted(tree(facets).items(), key=lambda one: -one[1])[:SUGGESTED]:
        yield candidate(folder_name(path), photos, Filter("folder", path))


def tree(facets: Facets) -> Counter[str]:
    """The photos below each folder, those that only have folders in them included."""
    below = Counter[str]()
    for path, photos in facets.counts["folder"].items():
        parts = path.strip("/").split("/")
        for depth in range(1, len(parts) + 1):
            below["/" + "/".join(parts[:depth]) + "/"] += photos
    return below


def folders_widget(sidebar: Sidebar) -> None:
    """The tree, in which one folder is chosen."""
    if len(sidebar.facets.counts["folder"]) < 2:
        return
    st.subheader(_("Folders"), anchor=False)
    data = {
        "folders": sorted(tree(sidebar.facets).items(), key=lambda one: one[0].casefold()),
        "chosen": values_of(sidebar.query, "folder"),
        "locale": LOCALES[language()].replace("_", "-"),
        "off": sidebar.is_off,
        "words": {"unfold": _("Folders in {folder}")},
    }
    handlers = {"chosen": lambda path: refine(sidebar.query, folder=path or None)}
    draw("search/folder_tree", "folder_tree", data, handlers)

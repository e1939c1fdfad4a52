"""Suggestions while one types: values of this library, and filters.

Each is (icon, text, label, photos): query_box.js puts the text into the query.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.i18n.language import _
from app.search.filter_views import ANY, VIEWS
from indexer.records.results import Facets

Suggestion = tuple[str, str, str, int]


def suggestions(facets: Facets) -> list[Suggestion]:
    """All there are, in the order in which equal ones are shown."""
    whole = [
        (view.icon.name, *candidate)
        for view in VIEWS.values()
        for candidate in view.candidates(facets)
    ]
    return [*whole, *_hints()]


def _hints() -> Iterator[Suggestion]:
    """What goes on being typed, and the order."""
    for view in VIEWS.values():
        if view.hint:
            yield ANY.name, f"{view.name}:", _(view.hint), 0
    yield ANY.name, "sort:date ", _("Newest first"), 0


def icons() -> dict[str, str]:
    """The paths of the views' icons by their names, which query_box.js draws."""
    return {view.icon.name: view.icon.path for view in VIEWS.values() if view.icon.path}

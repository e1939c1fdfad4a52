"""The view of each filter: its icon, its words, its widget, and its suggestions.

The order is that of the sidebar and of equal suggestions.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from app.i18n.language import _, month_name, number
from app.search import places
from app.search.dates import from_day, months_widget, until_day, years_and_months
from app.search.filter_view import Candidate, FilterView, Icon, candidate, counted
from app.search.filter_widgets import choice, pills
from app.search.folder_tree import folder_name, folders_of_most_photos, folders_widget
from clipcore.messages import N_
from indexer.query.query import Filter
from indexer.records.results import Facets

TIME: Final = Icon("time", "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4")
FOLDER: Final = Icon("folder", "M3 6h6l2 3h10v11H3z")
PLACE: Final = Icon(
    "place",
    "M12 21s-6.5-6.6-6.5-11a6.5 6.5 0 0 1 13 0c0 4.4-6.5 11-6.5 11z"
    "M12 12.4a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8z",
)
CAMERA: Final = Icon(
    "camera", "M4 8h4l2-3h4l2 3h4v11H4zM12 16.5a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4z"
)
FILM: Final = Icon("film", "M4 5h16v14H4zM8 5v14M16 5v14M4 9.7h4M4 14.3h4M16 9.7h4M16 14.3h4")
SHAPE: Final = Icon("shape", "M4 7h16v10H4z")
PICTURE: Final = Icon("picture")
ANY: Final = Icon("filter")

TYPES: Final = {"photo": N_("Photos"), "video": N_("Videos"), "raw": N_("RAW")}
SHAPES: Final = {
    "portrait": N_("Portrait"),
    "landscape": N_("Landscape"),
    "square": N_("Square"),
    "panorama": N_("Panorama"),
}
KNOWN: Final = {
    "gps": N_("With a place"),
    "date": N_("With a date"),
    "camera": N_("With a camera"),
    "lens": N_("With a lens"),
}


STACKED: Final = {
    "off": N_("Each file of RAW+JPEG and Live Photos"),
    "on": N_("RAW+JPEG and Live Photos as one"),
}


def _type(kind: str) -> str:
    return _(TYPES[kind])


def _shape(shape: str) -> str:
    return _(SHAPES[shape])


def _known_facts(_facets: Facets) -> Iterator[Candidate]:
    for fact, label in KNOWN.items():
        yield candidate(_(label), 0, Filter("has", fact))


def _each_file(_facets: Facets) -> Iterator[Candidate]:
    yield candidate(_(STACKED["off"]), 0, Filter("stack", "off"))


# a new filter: one more here, and its spec in indexer/query/filters.py
VIEWS: Final[dict[str, FilterView[Any]]] = {
    view.name: view
    for view in (
        FilterView(name="year", icon=TIME, words=str, candidates=years_and_months),
        FilterView(name="month", icon=TIME, words=lambda number: month_name(date(2000, number, 1))),
        FilterView(
            name="after",
            icon=TIME,
            words=from_day,
            hint=N_("Taken from this day on"),
            widget=months_widget,
        ),
        FilterView(name="before", icon=TIME, words=until_day, hint=N_("Taken before this day")),
        FilterView(
            name="folder",
            icon=FOLDER,
            words=folder_name,
            hint=N_("In a folder"),
            widget=folders_widget,
            candidates=folders_of_most_photos,
        ),
        FilterView(
            name="name",
            icon=PICTURE,
            words=lambda part: _("File name: {name}").format(name=part),
            hint=N_("With this in the file's name"),
        ),
        FilterView(
            name="near",
            icon=PLACE,
            words=places.in_words,
            hint=N_("Near a town"),
            widget=places.map_widget,
            candidates=places.cities,
        ),
        FilterView(
            name="camera",
            icon=CAMERA,
            words=str,
            hint=N_("With this camera"),
            widget=choice("camera", N_("Camera"), N_("Any camera")),
            candidates=counted("camera", str),
        ),
        FilterView(
            name="lens",
            icon=CAMERA,
            words=str,
            hint=N_("With this lens"),
            widget=choice("lens", N_("Lens"), N_("Any lens")),
            candidates=counted("lens", str),
        ),
        FilterView(
            name="type",
            icon=FILM,
            words=_type,
            widget=pills("type", N_("Type"), _type),
            candidates=counted("type", _type),
        ),
        FilterView(
            name="shape",
            icon=SHAPE,
            words=_shape,
            widget=pills("shape", N_("Shape"), _shape),
            candidates=counted("shape", _shape),
        ),
        FilterView(name="ext", icon=ANY, words=str, candidates=counted("ext", str.upper)),
        FilterView(
            name="larger",
            icon=SHAPE,
            words=lambda count: _("{count} megapixels and more").format(count=number(count)),
            hint=N_("At least this many megapixels"),
        ),
        FilterView(
            name="has",
            icon=ANY,
            words=lambda fact: _(KNOWN[fact]),
            candidates=_known_facts,
        ),
        FilterView(
            name="stack",
            icon=ANY,
            words=lambda how: _(STACKED[how]),
            candidates=_each_file,
        ),
    )
}

"""What may be meant while one types: what this library has, and what can be asked of it.

Each is (kind, text, label, photos): query_box.js puts the text into the query.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from math import ceil
from typing import Final

import numpy as np

from app.i18n.language import N_, _, month, place_name
from app.search.chips import KNOWN, SHAPES
from indexer.query.cities import City, city_at, distance_km, reach_km, unique_name
from indexer.query.filter_values import FIRST_YEAR, Circle
from indexer.query.query import Filter, Query
from indexer.records.results import Facets

Suggestion = tuple[str, str, str, int]

FOLDERS: Final = 1_500  # what the browser is sent stays below 0.2 MB
NAMES: Final = 300
PLACE_KM: Final = 4.0  # how far photos of one place are from its middle: it has 5.6 km a side
SYNTAX: Final = {
    "after:": N_("Taken from this day on"),
    "before:": N_("Taken before this day"),
    "folder:": N_("In a folder"),
    "name:": N_("With this in the file's name"),
    "camera:": N_("With this camera"),
    "lens:": N_("With this lens"),
    "larger:": N_("At least so many megapixels"),
    "near:": N_("Near a town"),
    "sort:date ": N_("Newest first"),
}


def suggestions(facets: Facets) -> list[Suggestion]:
    """All there are, in the order in which equal ones are shown."""
    return [
        *_times(facets),
        *_folders(facets),
        *_places(facets),
        *_names(facets),
        *_syntax(),
    ]


def _times(facets: Facets) -> Iterator[Suggestion]:
    years = Counter[int]()
    for name, photos in facets.months.items():
        years[int(name[:4])] += photos
    can_be_asked = range(FIRST_YEAR, date.today().year + 2)
    for year in sorted(years, reverse=True):
        if year in can_be_asked:
            yield "time", _typed(Filter("year", year)), str(year), years[year]
    for name in reversed(list(facets.months)):
        first = date(int(name[:4]), int(name[5:]), 1)
        if first.year not in can_be_asked:
            continue
        span = _typed(Filter("year", first.year), Filter("month", first.month))
        yield "time", span, month(first), facets.months[name]


def _folders(facets: Facets) -> Iterator[Suggestion]:
    for path, photos in sorted(tree(facets).items(), key=lambda one: -one[1])[:FOLDERS]:
        yield "folder", _typed(Filter("folder", path)), path.strip("/").rpartition("/")[2], photos


def tree(facets: Facets) -> Counter[str]:
    """The photos below each folder, those that only have folders in them included."""
    below = Counter[str]()
    for path, photos in facets.counts["folder"].items():
        parts = path.strip("/").split("/")
        for depth in range(1, len(parts) + 1):
            below["/" + "/".join(parts[:depth]) + "/"] += photos
    return below


def _places(facets: Facets) -> Iterator[Suggestion]:
    """The cities that photos were taken in or near, each with all photos as far as its farthest."""
    if not facets.places:
        return
    latitudes = np.array([place.latitude_deg for place in facets.places])
    longitudes = np.array([place.longitude_deg for place in facets.places])
    photos = np.array([place.photos for place in facets.places])
    around: dict[City, list[int]] = {}
    for at, place in enumerate(facets.places):
        if city := city_at(place.latitude_deg, place.longitude_deg):
            around.setdefault(city, []).append(at)
    found = []
    for city, its in around.items():
        km = distance_km(city.latitude_deg, city.longitude_deg, latitudes, longitudes)
        radius = ceil(max(reach_km(city.population), km[its].max() + PLACE_KM))
        circle = Circle(city.latitude_deg, city.longitude_deg, float(radius), unique_name(city))
        found.append((int(photos[km <= radius].sum()), city, circle))
    for count, city, circle in sorted(found, key=lambda one: -one[0])[:NAMES]:
        yield "place", _typed(Filter("near", circle)), place_name(city), count


def _names(facets: Facets) -> Iterator[Suggestion]:
    for kind in ("camera", "lens"):
        for name, photos in list(facets.counts[kind].items())[:NAMES]:
            yield "camera", _typed(Filter(kind, name)), name, photos
    for shape, photos in facets.counts["shape"].items():
        yield "shape", _typed(Filter("shape", shape)), _(SHAPES[shape]), photos
    for suffix, photos in list(facets.counts["ext"].items())[:NAMES]:
        yield "filter", _typed(Filter("ext", suffix)), suffix.upper(), photos


def _syntax() -> Iterator[Suggestion]:
    for fact, label in KNOWN.items():
        yield "filter", _typed(Filter("has", fact)), _(label), 0
    for text, label in SYNTAX.items():
        yield "filter", text, _(label), 0


def _typed(*filters: Filter) -> str:
    return f"{Query(filters=filters)} "

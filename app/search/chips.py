"""What holds for the results, each in a few words, and the query without it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import reduce
from typing import Any, Final

from app.http.thumbnail_urls import thumbnail_url
from app.i18n.language import N_, _, day, month, month_name, number, place_name
from app.search.query_text import without
from indexer.errors import PhotoNotFound
from indexer.library.library import Library
from indexer.query.cities import city_at, city_named
from indexer.query.filter_values import Box, Circle, Single, Span, singles
from indexer.query.query import Filter, LibraryPhoto, Query, Term

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
CITY_KM: Final = 4.0  # a smaller circle is around something within a city
ICONS: Final = {
    "after": "time",
    "before": "time",
    "year": "time",
    "month": "time",
    "folder": "folder",
    "name": "picture",
    "camera": "camera",
    "lens": "camera",
    "near": "place",
    "shape": "shape",
    "larger": "shape",
}


def chips(library: Library, query: Query) -> list[dict[str, Any]]:
    """What query_box.js needs to know of each filter, and of each photo that is looked for."""
    return [*_photos(library, query), *(_of_filter(query, one) for one in query.filters)]


def in_words(one: Filter) -> str:
    """What a filter asks for, for people."""
    told = reduce(either, (_meaning(one.name, value) for value in singles(one.value)))
    return _("Not: {filter}").format(filter=told) if one.negated else told


def either(one: str, other: str) -> str:
    """Two names of which one will do."""
    return _("{one} or {other}").format(one=one, other=other)


def _meaning(name: str, value: Single) -> str:
    match name, value:
        case "after", date() as first:
            return _("From {date}").format(date=_date(first))
        case "before", date() as end:
            return _("Until {date}").format(date=_date(end, is_end=True))
        case "month", int() as number_of_month:
            return month_name(date(2000, number_of_month, 1))
        case _name, Span(first, last):
            return _span(*(None if end is None else _meaning(name, end) for end in (first, last)))
        case "name", str() as part:
            return _("File name: {name}").format(name=part)
        case "folder", str() as path:
            return path.strip("/").rpartition("/")[2] or path
        case "shape", str() as shape:
            return _(SHAPES[shape])
        case "has", str() as fact:
            return _(KNOWN[fact])
        case "larger", float() as megapixels:
            return _("{count} megapixels and more").format(count=number(megapixels))
        case "near", Circle() as circle:
            return _("Within {distance} km of {place}").format(
                distance=number(round(circle.radius_km, 3)), place=_middle(circle)
            )
        case "near", Box() as box:
            return _("On the map: {place}").format(place=_middle_of_box(box))
        case _other:
            return str(value)


def _span(first: str | None, last: str | None) -> str:
    if first is None:
        return _("Until {date}").format(date=last)
    if last is None:
        return _("From {date}").format(date=first)
    return _("{first} to {last}").format(first=first, last=last)


def _middle(circle: Circle) -> str:
    """The city that a wide circle is around, of a narrow one the point."""
    if circle.city and (named := city_named(circle.city)):
        return place_name(named)
    city = city_at(circle.latitude_deg, circle.longitude_deg)
    if city and circle.radius_km >= CITY_KM:
        return place_name(city)
    return f"{number(round(circle.latitude_deg, 3))}, {number(round(circle.longitude_deg, 3))}"


def _middle_of_box(box: Box) -> str:
    latitude, longitude = (box.south_deg + box.north_deg) / 2, (box.west_deg + box.east_deg) / 2
    if city := city_at(latitude, longitude):
        return place_name(city)
    return f"{number(round(latitude, 3))}, {number(round(longitude, 3))}"


def _date(moment: date, *, is_end: bool = False) -> str:
    """The month, where one begins or ends there, else the day; the end is the day before."""
    last = moment - timedelta(days=1) if is_end and moment > date.min else moment
    return month(last) if moment.day == 1 else day(last)


def _of_filter(query: Query, one: Filter) -> dict[str, Any]:
    return {
        "label": in_words(one),
        "kind": ICONS.get(one.name, "filter"),
        "rest": without(query, one),
        "src": None,
    }


def _photos(library: Library, query: Query) -> Iterator[dict[str, Any]]:
    for term in query.terms:
        if isinstance(term.content, LibraryPhoto):
            yield _of_photo(library, query, term, term.content.id)


def _of_photo(library: Library, query: Query, term: Term, photo_id: int) -> dict[str, Any]:
    try:
        src = thumbnail_url(library, library.photo(photo_id))
    except PhotoNotFound:
        src = None
    told = _("Not like this photo") if term.weight < 0 else _("Like this photo")
    return {"label": told, "kind": "photo", "rest": without(query, term), "src": src}

"""Filters of the query language as SQL conditions on a library's rows.

Knows the tables photos, contents and roots; runs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Integer,
    String,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from indexer.formats import RAWS
from indexer.location import folded
from indexer.query.cities import EARTH_RADIUS_KM
from indexer.query.conditions import (
    A_FILM,
    A_RAW,
    A_STILL,
    ASPECT,
    FILE_NAME,
    FOLDER,
    KIND,
    MONTH,
    PATH,
    PIXELS,
    SUFFIX,
    TIME,
    Anything,
    Bound,
    Condition,
    Contains,
    Either,
    EndsWith,
    Known,
    OneOf,
    Quantity,
    Range,
    Within,
)
from indexer.query.filter_values import Box, Circle
from indexer.query.filters import FILTERS
from indexer.query.query import Filter, lists_each_file
from indexer.records.photos import Root
from indexer.records.results import CELLS_PER_DEG
from indexer.store.dialects import Folded, LocalTime
from indexer.store.rows import PRESENT, SHOWN
from indexer.store.schema import contents, photos

Clause = ColumnElement[bool]

BOX_MARGIN_DEG: Final = 1e-6  # 0.1 m, far above what rounding can do

# Local time as text: what EXIF says, else the file's modification time.
photo_time: Final[ColumnElement[str]] = LocalTime(contents.c.taken_at, photos.c.mtime_ns)
# The folder that a file lies in, within its root: "" or with a slash at its end.
directory: Final[Any] = func.rtrim(photos.c.path, func.replace(photos.c.path, "/", ""))
file_name: Final[Any] = func.substr(photos.c.path, func.length(directory) + 1)

COMPUTED: Final[Mapping[Quantity, Any]] = {
    TIME: photo_time,
    MONTH: cast(func.substr(photo_time, len("2019-") + 1, 2), Integer),
    KIND: case(
        (contents.c.duration_s.is_not(None), A_FILM),
        (contents.c.format.in_(RAWS), A_RAW),
        else_=A_STILL,
    ),
    PATH: photos.c.path,
    FILE_NAME: file_name,
    SUFFIX: func.replace(
        photos.c.path, func.rtrim(photos.c.path, func.replace(photos.c.path, ".", "")), ""
    ),
    PIXELS: cast(contents.c.width_px, BigInteger) * contents.c.height_px,
    ASPECT: cast(contents.c.width_px, Float(53)) / func.nullif(contents.c.height_px, 0),
}


def matching(filters: Collection[Filter], roots: Collection[Root]) -> Clause:
    """The condition that a row of photos and contents is shown and passes all filters."""
    shown = true() if lists_each_file(filters) else SHOWN
    return and_(shown, *(_passes(one, filters, roots) for one in filters))


def _passes(one: Filter, filters: Collection[Filter], roots: Collection[Root]) -> Clause:
    spec = FILTERS[one.name]
    holds = clause(Either(spec.conditions_of_file(one.value, any_file=False)), roots)
    if of_any := spec.conditions_of_file(one.value, any_file=True):
        holds = or_(holds, of_any_file(clause(Either(of_any), roots), filters))
    # an unknown fact fails a filter, and passes its opposite
    return ~func.coalesce(holds, False) if one.negated else holds


def of_any_file(holds: Clause, filters: Collection[Filter]) -> Clause:
    """Whether it holds of the file, or of one in whose place it is shown."""
    if lists_each_file(filters):
        return holds
    others = (
        select(photos.c.stack_of)
        .select_from(photos.join(contents, contents.c.id == photos.c.content_id))
        .where(photos.c.stack_of.is_not(None), PRESENT, holds)
        .correlate(None)  # these are other rows
    )
    return holds | photos.c.id.in_(others)


def clause(condition: Condition, roots: Collection[Root]) -> Clause:
    """The condition in SQL."""
    match condition:
        case Range(quantity, first, end):
            column = value_of(quantity, roots)
            since = true() if first is None else column >= _bound(first)
            return and_(since, true() if end is None else column < _bound(end))
        case OneOf(quantity, numbers):
            return or_(value_of(quantity, roots).in_(numbers))
        case Contains(quantity, part):
            return Folded(value_of(quantity, roots)).contains(folded(part), autoescape=True)
        case EndsWith(quantity, ending):
            return Folded(value_of(quantity, roots)).endswith(folded(ending), autoescape=True)
        case Known(quantities):
            return and_(*(value_of(quantity, roots).is_not(None) for quantity in quantities))
        case Within(place):
            return _is_near(place)
        case Anything():
            return true()
        case Either(conditions):
            return or_(false(), *(clause(one, roots) for one in conditions))


def _bound(bound: Bound) -> Any:
    """As it is compared: times are texts."""
    return bound.isoformat() if isinstance(bound, date) else bound


def value_of(quantity: Quantity, roots: Collection[Root]) -> Any:
    """The quantity of a row of photos and contents; NULL where it is unknown."""
    if quantity == FOLDER:
        return _folder(roots)
    return COMPUTED[quantity] if quantity in COMPUTED else contents.c[quantity.name]


def _folder(roots: Collection[Root]) -> Any:
    """From the photo directory's own name down to the file's folder: "/Pictures/2019/Rome/"."""
    paths = [
        (photos.c.root_id == root.id, literal(f"/{root.path.name}/".replace("//", "/")) + directory)
        for root in roots
    ]
    return case(*paths) if paths else literal(None, String())


def called(name: str) -> Clause:
    """Whether this is the file's whole name, with its extension or without."""
    wanted, name_of_file = folded(name), Folded(file_name)
    condition: Clause = name_of_file == wanted
    return condition | name_of_file.startswith(f"{wanted}.", autoescape=True)


def _is_near(place: Circle | Box) -> Clause:
    return _is_in_box(place) if isinstance(place, Box) else _is_in_circle(place)


def cell(degrees: ColumnElement[float]) -> ColumnElement[float]:
    """The row of a latitude, or the column of a longitude, in the grid of small areas."""
    number: ColumnElement[float] = func.floor(degrees * CELLS_PER_DEG)
    return number


def _is_in_box(box: Box) -> Clause:
    """Compared as `cell` computes, or rounding would part a photo on an edge from its cell."""
    latitude, longitude = contents.c.latitude_deg, contents.c.longitude_deg
    edges = (
        (latitude, box.south_deg, box.north_deg, 90),
        (longitude, box.west_deg, box.east_deg, 180),
    )
    return and_(*(_is_between(*edge) for edge in edges))


def _is_between(degrees: ColumnElement[float], low: float, high: float, last: float) -> Clause:
    scaled = degrees * CELLS_PER_DEG
    below = scaled <= high * CELLS_PER_DEG if high >= last else scaled < high * CELLS_PER_DEG
    return (scaled >= low * CELLS_PER_DEG) & below


def _is_in_circle(circle: Circle) -> Clause:
    """Great-circle distance, compared as haversines: sin(angle / 2) squared grows with it."""
    latitude, longitude = (
        func.radians(column) for column in (contents.c.latitude_deg, contents.c.longitude_deg)
    )
    north, east = math.radians(circle.latitude_deg), math.radians(circle.longitude_deg)
    haversine = _haversine(latitude - north) + (
        _haversine(longitude - east) * math.cos(north) * func.cos(latitude)
    )
    limit = math.sin(circle.radius_km / EARTH_RADIUS_KM / 2) ** 2
    return _around(circle) & (haversine <= limit)


def _haversine(angle: ColumnElement[float]) -> ColumnElement[float]:
    sine: ColumnElement[float] = func.sin(angle / 2)
    return sine * sine


def _around(circle: Circle) -> Clause:
    """Latitudes and longitudes around a circle: spares most rows the trigonometry."""
    radius = circle.radius_km / EARTH_RADIUS_KM
    height_deg = math.degrees(radius) + BOX_MARGIN_DEG
    south, north = circle.latitude_deg - height_deg, circle.latitude_deg + height_deg
    box = contents.c.latitude_deg.between(south, north)
    if south <= -90 or north >= 90:
        return box  # a pole lies within: every longitude
    half_width = math.asin(math.sin(radius) / math.cos(math.radians(circle.latitude_deg)))
    width_deg = math.degrees(half_width) + BOX_MARGIN_DEG
    west, east = circle.longitude_deg - width_deg, circle.longitude_deg + width_deg
    turns = (-360, 0, 360)  # across the 180th meridian
    return box & or_(
        *(contents.c.longitude_deg.between(west + turn, east + turn) for turn in turns)
    )

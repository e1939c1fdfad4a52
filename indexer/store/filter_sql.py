"""What a filter of the query language means for the rows of a library, as SQL conditions.

Knows the tables photos, contents and roots; runs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, and_, cast, false, func, or_, true

from indexer.query.filter_values import EARTH_RADIUS_KM, Circle, Single, Span, months_of, singles
from indexer.query.query import Filter
from indexer.records.photos import Root
from indexer.store.dialects import Folded, LocalTime
from indexer.store.schema import contents, photos
from indexer.store.sqlite import folded

Condition = ColumnElement[bool]

SQUARE: Final = 1.05  # sides that differ by less than 5 % look equal
PANORAMA: Final = 2.0  # the widest ordinary format is 16:9, 1.78
BOX_MARGIN_DEG: Final = 1e-6  # 0.1 m, far above what rounding can do

# Local time as text: what EXIF says, else the file's modification time.
photo_time: Final[ColumnElement[str]] = LocalTime(contents.c.taken_at, photos.c.mtime_ns)


def matching(filters: Collection[Filter], roots: Collection[Root]) -> Condition:
    """The condition that a row of photos and contents passes all filters."""
    return and_(true(), *(_condition(one, roots) for one in filters))


def _condition(one: Filter, roots: Collection[Root]) -> Condition:
    holds = or_(*(_meaning(one.name, value, roots) for value in singles(one.value)))
    # an unknown fact fails a filter, and passes its opposite
    return ~func.coalesce(holds, False) if one.negated else holds


def _meaning(name: str, value: Single, roots: Collection[Root]) -> Condition:
    return _folder(str(value), roots) if name == "folder" else MEANINGS[name](value)


def called(name: str) -> Condition:
    """Whether this is the file's whole name, with its extension or without."""
    wanted = folded(name)
    file_name = Folded(_file_name())
    condition: Condition = file_name == wanted
    return condition | file_name.startswith(f"{wanted}.", autoescape=True)


def _folder(name: str, roots: Collection[Root]) -> Condition:
    """`name` is part of the path from the photo directory's own name down to the file's folder."""
    return or_(
        false(),
        *(
            (photos.c.root_id == root.id) & _contains(f"/{root.path.name}/" + _directory(), name)
            for root in roots
        ),
    )


def _directory() -> Any:
    """The folder that a file lies in, within its root: "" or with a slash at its end."""
    return func.rtrim(photos.c.path, func.replace(photos.c.path, "/", ""))


def _file_name() -> Any:
    return func.substr(photos.c.path, func.length(_directory()) + 1)


def _contains(column: Any, part: str) -> Condition:
    """Whether a text has this part; upper and lower case are the same."""
    condition: Condition = Folded(column).contains(folded(part), autoescape=True)
    return condition


def _from_day(day: date) -> Condition:
    return photo_time >= day.isoformat()


def _before_day(day: date) -> Condition:
    return photo_time < day.isoformat()


def _in_year(years: int | Span) -> Condition:
    first, last = (years, years) if isinstance(years, int) else (years.first, years.last)
    since = true() if first is None else _from_day(date(first, 1, 1))
    until = true() if last is None else _before_day(date(last + 1, 1, 1))
    return since & until


def _in_month(months: int | Span) -> Condition:
    month: Condition = func.substr(photo_time, len("2019-") + 1, 2)
    return month.in_([f"{number:02}" for number in months_of(months)])


def _has_suffix(suffix: str) -> Condition:
    wanted = "." + folded(suffix).removeprefix(".")
    condition: Condition = Folded(photos.c.path).endswith(wanted, autoescape=True)
    return condition


def _is_shaped(shape: str) -> Condition:
    width, height = contents.c.width_px, contents.c.height_px
    shapes: dict[str, Condition] = {
        "portrait": height >= width * SQUARE,
        "landscape": width >= height * SQUARE,
        "square": (width < height * SQUARE) & (height < width * SQUARE),
        "panorama": (width >= height * PANORAMA) | (height >= width * PANORAMA),
    }
    return shapes[shape]


def _has_megapixels(megapixels: float) -> Condition:
    pixels = cast(contents.c.width_px, BigInteger) * contents.c.height_px
    return pixels >= megapixels * 1e6


def _is_near(circle: Circle) -> Condition:
    """Great-circle distance, compared as haversines: sin(angle / 2) squared grows with it."""
    latitude, longitude = (
        func.radians(column) for column in (contents.c.latitude_deg, contents.c.longitude_deg)
    )
    north, east = math.radians(circle.latitude_deg), math.radians(circle.longitude_deg)
    haversine = _haversine(latitude - north) + (
        _haversine(longitude - east) * math.cos(north) * func.cos(latitude)
    )
    limit = math.sin(circle.radius_km / EARTH_RADIUS_KM / 2) ** 2
    return _in_box(circle) & (haversine <= limit)


def _haversine(angle: ColumnElement[float]) -> ColumnElement[float]:
    sine: ColumnElement[float] = func.sin(angle / 2)
    return sine * sine


def _in_box(circle: Circle) -> Condition:
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


def _has(fact: str) -> Condition:
    columns = {
        "gps": (contents.c.latitude_deg, contents.c.longitude_deg),
        "date": (contents.c.taken_at,),
        "camera": (contents.c.camera,),
        "lens": (contents.c.lens,),
    }
    return and_(*(column.is_not(None) for column in columns[fact]))


MEANINGS: Final[Mapping[str, Callable[[Any], Condition]]] = {
    "after": _from_day,
    "before": _before_day,
    "year": _in_year,
    "month": _in_month,
    "name": lambda name: _contains(_file_name(), name),
    "camera": lambda name: _contains(contents.c.camera, name),
    "lens": lambda name: _contains(contents.c.lens, name),
    "ext": _has_suffix,
    "shape": _is_shaped,
    "larger": _has_megapixels,
    "near": _is_near,
    "has": _has,
}

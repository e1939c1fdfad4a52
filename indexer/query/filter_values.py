"""What the filters of the query language ask for: their values, read and printed.

A reader takes one value as it was typed, without its quotes, and the day that is today. Its
FilterValueError names what the filter takes, its Impossible what is wrong with this value. Knows
nothing of rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from clipcore.messages import N_
from indexer.errors import FilterValueError, Impossible
from indexer.query.named_days import month_number, named_day
from indexer.query.typography import alternatives, ascii_form, quoted

MAX_RADIUS_KM: Final = 20_038.0  # half the equator: no two places are further apart
CITY_KM: Final = 5.0  # around the middle of a small town, where no distance is asked for
FIRST_YEAR: Final = 1826  # of the oldest photograph that is left

NUMBER: Final = r"(?:\d+\.?\d*|\.\d+)"
DATE: Final = re.compile(r"(\d{4})(?:-(\d\d?)(?:-(\d\d?))?)?", re.ASCII)
MEGAPIXELS: Final = re.compile(rf"({NUMBER})(?:mp)?", re.ASCII | re.IGNORECASE)
BARE_NUMBER: Final = re.compile(NUMBER, re.ASCII)
DISTANCE: Final = re.compile(rf"({NUMBER})\s*(km|m)", re.ASCII | re.IGNORECASE)
DEGREES: Final = re.compile(rf"-?{NUMBER}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Circle:
    """The places within `radius_km` of a point, which may be the middle of a `city`."""

    latitude_deg: float
    longitude_deg: float
    radius_km: float
    city: str | None = None  # its name in the table of cities, one that leads to this point


@dataclass(frozen=True, slots=True)
class Box:
    """The places between two latitudes and two longitudes.

    The northern and the eastern edge are the next box's, but for those of the map itself.
    """

    south_deg: float
    west_deg: float
    north_deg: float
    east_deg: float


@dataclass(frozen=True, slots=True)
class Span:
    """The years, or the months, from one to another, both within it; None: as far as there are.

    Months go on after December: from 11 to 2 is a winter.
    """

    first: int | None
    last: int | None


Single = date | int | float | str | Circle | Box | Span


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Two values or more, of which one must hold."""

    values: tuple[Single, ...]


Value = Single | AnyOf


def singles(value: Value) -> tuple[Single, ...]:
    """The alternatives of a value; a value that has none is the only one."""
    return value.values if isinstance(value, AnyOf) else (value,)


def any_of(values: Collection[Single]) -> Value:
    """One value that holds where any of these does; there is at least one."""
    first, *others = values
    return AnyOf(tuple(values)) if others else first


def months_of(value: int | Span) -> list[int]:
    """The months, from 1 to 12, that are meant."""
    if isinstance(value, int):
        return [value]
    first, last = value.first or 1, value.last or 12
    return [(first - 1 + at) % 12 + 1 for at in range((last - first) % 12 + 1)]


def print_span(value: int | Span) -> str:
    """2018, 2018..2020 or 2018..; a number alone as it is."""
    if isinstance(value, int):
        return str(value)
    first, last = value.first, value.last
    return f"{'' if first is None else first}..{'' if last is None else last}"


def print_megapixels(megapixels: float) -> str:
    """8mp."""
    return f"{decimal(megapixels)}mp"


def print_place(place: Circle | Box) -> str:
    """Paris,23km or 48.858,2.294,5km or 48.8..48.9,2.2..2.4."""
    if isinstance(place, Circle):
        return _print_circle(place)
    edges = (place.south_deg, place.north_deg, place.west_deg, place.east_deg)
    return "{}..{},{}..{}".format(*map(decimal, edges))


def _print_circle(circle: Circle) -> str:
    point = f"{decimal(circle.latitude_deg)},{decimal(circle.longitude_deg)}"
    return f"{quoted(circle.city) if circle.city else point},{decimal(circle.radius_km)}km"


def decimal(number: float) -> str:
    """The shortest digits that mean this number, without an exponent."""
    return f"{Decimal(repr(number)):f}".removesuffix(".0")


# reading


def read_date(value: str, today: date) -> date:
    """A day, or the first one of a month or a year."""
    typed = ascii_form(value)
    if match := DATE.fullmatch(typed):
        year, month, day = (int(part or 1) for part in match.groups())
        try:
            return date(year, month, day)
        except ValueError as error:
            raise Impossible(N_("the calendar has no {day}"), day=typed) from error
    try:
        named = named_day(typed, today)
    except ValueError:  # before all dates
        named = None
    if named is None:
        raise FilterValueError(
            N_(
                "a date: 2019, 2019-06, 2019-06-30, yesterday, monday, june, last-week or "
                "3-days-ago"
            )
        )
    return named


def read_year(value: str, today: date) -> int | Span:
    """A year, or years from one to another."""
    last = today.year + 1
    if other := _first_outside(value, FIRST_YEAR, last):
        raise Impossible(
            N_("a year is from {first} to {last}, not {other}"),
            first=FIRST_YEAR,
            last=last,
            other=other,
        )
    found = _number_or_span(value, lambda part: _between(part, FIRST_YEAR, last))
    if found is None:
        raise FilterValueError(
            N_("a year from {first} to {last}, or years: 2018..2020"), first=FIRST_YEAR, last=last
        )
    if isinstance(found, Span) and (found.first or FIRST_YEAR) > (found.last or last):
        raise _backwards(str(found.first), str(found.last))
    return found


def read_month(value: str, today: date) -> int | Span:
    """A month, or months from one to another."""
    if other := _first_outside(value, 1, 12):
        raise Impossible(N_("a month is from 1 to 12, not {other}"), other=other)
    found = _number_or_span(value, lambda part: month_number(part) or _between(part, 1, 12))
    if found is None:
        raise FilterValueError(N_("a month from 1 to 12 or its name, or months: 6..8"))
    return found


def _number_or_span(value: str, read: Callable[[str], int | None]) -> int | Span | None:
    """A number, or two with dots between of which one may be left out; None of anything else."""
    first, dots, last = ascii_form(value).partition("..")
    numbers = [read(part) for part in (first, last)]
    if not dots:
        return numbers[0]
    wanted = [part for part, number in zip((first, last), numbers, strict=True) if number is None]
    return Span(*numbers) if (first or last) and not any(wanted) else None


def _between(text: str, first: int, last: int) -> int | None:
    if text.isascii() and text.isdigit() and len(text) <= 4 and first <= int(text) <= last:
        return int(text)
    return None


def _first_outside(value: str, first: int, last: int) -> str | None:
    """The first end of a range, or the only one, that is a number but not one of these."""
    ends = ascii_form(value).split("..")
    numbers = [end for end in ends if end.isascii() and end.isdigit()]
    return next((end for end in numbers if _between(end, first, last) is None), None)


def _backwards(first: str, last: str) -> Impossible:
    span, turned = f"{first}..{last}", f"{last}..{first}"
    return Impossible(N_("{span} runs backwards: {turned}"), span=span, turned=turned)


def read_name(value: str, _today: date) -> str:
    """Any text that is not blank."""
    if not value.strip():
        raise FilterValueError(N_("a name, without a space before it"))
    return value


def read_one_of(choices: Collection[str]) -> Callable[[str, date], str]:
    """The reader of a word that is one of these."""

    def read(value: str, _today: date) -> str:
        if (chosen := ascii_form(value).lower()) not in choices:
            raise FilterValueError(N_("one of {choices}"), choices=tuple(choices))
        return chosen

    return read


def read_megapixels(value: str, _today: date) -> float:
    """8, 8mp."""
    match = MEGAPIXELS.fullmatch(ascii_form(value))
    if not match:
        raise FilterValueError(N_("megapixels: larger:8mp"))
    return float(match[1])


def read_place(raw: str, _today: date) -> Circle | Box:
    """A town or a point, with a distance, or a box; with the quotes as they were typed."""
    parts = [part.strip() for part in alternatives(raw)]
    if len(parts) == 1:  # all of it in quotes
        parts = [part.strip() for part in ascii_form(parts[0]).split(",")]
    radius_km = _distance_km(parts[-1])
    middle = parts if radius_km is None else parts[:-1]
    place: Circle | Box | None = _around_point(middle, radius_km)
    place = place or _around_city(", ".join(middle), radius_km)
    if place is None and radius_km is None:
        place = _box(parts)
    names_town = any(any(map(str.isalpha, part)) for part in middle)
    if place is None and names_town and BARE_NUMBER.fullmatch(ascii_form(middle[-1])):
        raise Impossible(
            N_("a distance needs a unit: near:{town},{number}km"),
            town=quoted(", ".join(middle[:-1])),
            number=ascii_form(middle[-1]),
        )
    if place is None and names_town:
        raise Impossible(
            N_(
                "no town is called '{name}': a larger one nearby may be known, and "
                "near:48.858,2.294,5km takes any place"
            ),
            name=", ".join(middle),
        )
    if place is None:
        raise FilterValueError(
            N_(
                "a town, or latitude and longitude with a distance: "
                'near:paris, near:"new york",20km, near:48.858,2.294,5km'
            )
        )
    return place


def _distance_km(text: str) -> float | None:
    match = DISTANCE.fullmatch(ascii_form(text))
    if match is None:
        return None
    km = float(match[1]) / (1 if match[2].lower() == "km" else 1000)
    if not 0 < km <= MAX_RADIUS_KM:
        raise Impossible(
            N_("a distance is more than 0 and at most {most} km, not {other}"),
            most=f"{MAX_RADIUS_KM:.0f}",
            other=text,
        )
    return km


def _around_point(middle: list[str], radius_km: float | None) -> Circle | None:
    typed = [ascii_form(part) for part in middle]
    if len(typed) != 2 or not all(map(DEGREES.fullmatch, typed)):
        return None
    latitude, longitude = _latitude(typed[0]), _longitude(typed[1])
    if radius_km is None:
        raise Impossible(
            N_("latitude and longitude need a distance: near:{place},5km"), place=",".join(typed)
        )
    return Circle(latitude, longitude, radius_km)


def _box(parts: list[str]) -> Box | None:
    """Latitudes and longitudes, each from one to another: 48.8..48.9,2.2..2.4."""
    edges = [ascii_form(part).partition("..")[::2] for part in parts]
    if len(edges) != 2 or not all(DEGREES.fullmatch(edge) for pair in edges for edge in pair):
        return None
    south, north = map(_latitude, edges[0])
    west, east = map(_longitude, edges[1])
    for turned, pair in zip((south > north, west > east), edges, strict=True):
        if turned:
            raise _backwards(*pair)
    return Box(south, west, north, east)


def _latitude(typed: str) -> float:
    if abs(float(typed)) > 90:
        raise Impossible(N_("a latitude is from -90 to 90, not {other}"), other=typed)
    return float(typed)


def _longitude(typed: str) -> float:
    if abs(float(typed)) > 180:
        raise Impossible(N_("a longitude is from -180 to 180, not {other}"), other=typed)
    return float(typed)


def _around_city(name: str, radius_km: float | None) -> Circle | None:
    # most queries name no city, and the table takes a while to read
    from indexer.query.cities import city_named, reach_km, unique_name

    if (city := city_named(name)) is None:
        return None
    if radius_km is None:
        radius_km = float(round(max(CITY_KM, reach_km(city.population))))
    return Circle(city.latitude_deg, city.longitude_deg, radius_km, unique_name(city))

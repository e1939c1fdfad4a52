"""The filters of the query language, each with what all others know of it.

Here stands what a filter asks for and which fact of a photo answers it; filter_values.py reads
and prints the values, and store/filter_sql.py makes SQL of the conditions.
"""

from __future__ import annotations

import math
from datetime import date
from typing import Any, Final

from indexer.query.conditions import (
    A_FILM,
    A_RAW,
    A_STILL,
    ASPECT,
    CAMERA,
    DURATION,
    FILE_NAME,
    FOLDER,
    KIND,
    LATITUDE,
    LENS,
    LONGITUDE,
    MONTH,
    PATH,
    PIXELS,
    SUFFIX,
    TAKEN_AT,
    TIME,
    Anything,
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
from indexer.query.filter_spec import ByChoice, ByValue, FilterSpec, Help, always
from indexer.query.filter_values import (
    Span,
    months_of,
    print_megapixels,
    print_place,
    print_span,
    read_date,
    read_megapixels,
    read_month,
    read_name,
    read_one_of,
    read_place,
    read_year,
)
from indexer.query.typography import quoted

# Width by height. Sides that differ by less than 5 % look equal; the widest ordinary format is
# 16:9, 1.78. The next number after a bound puts the bound itself within.
LANDSCAPE: Final = Range(ASPECT, 21 / 20)
PORTRAIT: Final = Range(ASPECT, None, math.nextafter(20 / 21, 1))
SQUARE: Final = Range(ASPECT, PORTRAIT.end, LANDSCAPE.first)
PANORAMA: Final = Either((Range(ASPECT, 2.0), Range(ASPECT, None, math.nextafter(0.5, 1))))
SHAPES: Final[dict[str, Condition]] = {
    "portrait": PORTRAIT,
    "landscape": LANDSCAPE,
    "square": SQUARE,
    "panorama": PANORAMA,
}
RAW: Final = "raw"
TYPES: Final[dict[str, Condition]] = {
    "photo": OneOf(KIND, (A_STILL, A_RAW)),
    "video": OneOf(KIND, (A_FILM,)),
    RAW: OneOf(KIND, (A_RAW,)),
}
KNOWN_FACTS: Final[dict[str, tuple[Quantity, ...]]] = {
    "gps": (LATITUDE, LONGITUDE),
    "date": (TAKEN_AT,),
    "camera": (CAMERA,),
    "lens": (LENS,),
}
STACK: Final = "stack"
ON, OFF = "on", "off"


def _in_years(years: int | Span) -> Condition:
    first, last = (years, years) if isinstance(years, int) else (years.first, years.last)
    return Range(
        TIME,
        None if first is None else date(first, 1, 1),
        None if last is None else date(last + 1, 1, 1),
    )


def _in_months(months: int | Span) -> Condition:
    return OneOf(MONTH, tuple(months_of(months)))


# a new filter: one more here, and its view in app/search/filter_views.py
FILTERS: Final[dict[str, FilterSpec[Any]]] = {
    spec.name: spec
    for spec in (
        FilterSpec(
            name="after",
            parse=read_date,
            print=str,
            condition=lambda day: Range(TIME, day),
            help=Help(
                ("after:2019-06", "after:yesterday"),
                "from this day on",
                more=("after:last-week", "after:june"),
                details="from this day on; a weekday or a month is the latest that has begun",
            ),
            is_single=True,
        ),
        FilterSpec(
            name="before",
            parse=read_date,
            print=str,
            condition=lambda day: Range(TIME, None, day),
            help=Help(
                ("before:2020", "before:3-days-ago"),
                "before this day",
                more=("before:monday",),
            ),
            is_single=True,
        ),
        FilterSpec(
            name="year",
            parse=read_year,
            print=print_span,
            condition=_in_years,
            help=Help(
                ("year:2021", "year:2018..2020"),
                "in that year, in these years; also 2018..",
                more=("year:2018..",),
                details="taken in that year, in these years",
            ),
        ),
        FilterSpec(
            name="month",
            parse=read_month,
            print=print_span,
            condition=_in_months,
            help=Help(
                ("month:august", "month:11..2"), "in any August, in any winter", more=("month:8",)
            ),
        ),
        FilterSpec(
            name="folder",
            parse=read_name,
            print=quoted,
            condition=lambda part: Contains(FOLDER, part),
            help=Help(
                ('folder:"Italy 2019"',),
                "in a folder with this in its path",
                details="this is in its path, from the photo directory's own name down",
            ),
            facet=ByValue(FOLDER, str, in_order=True),
        ),
        FilterSpec(
            name="name",
            parse=read_name,
            print=quoted,
            condition=lambda part: Contains(FILE_NAME, part),
            help=Help(("name:0720",), "the file's name has this in it"),
            of_any_file=always,
        ),
        FilterSpec(
            name="camera",
            parse=read_name,
            print=quoted,
            condition=lambda part: Contains(CAMERA, part),
            help=Help(("camera:nikon",), "the EXIF name has this in it"),
            facet=ByValue(CAMERA, str),
            exported=(CAMERA,),
        ),
        FilterSpec(
            name="lens",
            parse=read_name,
            print=quoted,
            condition=lambda part: Contains(LENS, part),
            help=Help(("lens:50mm",), "the EXIF name has this in it"),
            facet=ByValue(LENS, str),
        ),
        FilterSpec(
            name="ext",
            parse=read_name,
            print=quoted,
            condition=lambda suffix: EndsWith(PATH, f".{suffix.removeprefix('.')}"),
            help=Help(("ext:heic",), "the file's extension"),
            facet=ByValue(SUFFIX, str.lower),
            of_any_file=always,
        ),
        FilterSpec(
            name="type",
            parse=read_one_of(TYPES),
            print=quoted,
            condition=TYPES.__getitem__,
            help=Help(
                ("type:video",),
                "videos alone; also photo, raw",
                more=("type:photo", "type:raw"),
                details="videos alone, photos alone, or those of which a RAW file is there",
            ),
            facet=ByChoice(tuple(TYPES)),
            of_any_file=lambda kind: kind == RAW,
            exported=(DURATION,),
        ),
        FilterSpec(
            name="shape",
            parse=read_one_of(SHAPES),
            print=quoted,
            condition=SHAPES.__getitem__,
            help=Help(
                ("shape:portrait",),
                "also landscape, square, panorama",
                more=("shape:landscape", "shape:square", "shape:panorama"),
                details="a panorama is at least twice as long as high, or as high as long",
            ),
            facet=ByChoice(tuple(SHAPES)),
        ),
        FilterSpec(
            name="larger",
            parse=read_megapixels,
            print=print_megapixels,
            condition=lambda megapixels: Range(PIXELS, megapixels * 1e6),
            help=Help(("larger:8mp",), "at least this many megapixels"),
            is_single=True,
        ),
        FilterSpec(
            name="near",
            parse=read_place,
            print=print_place,
            condition=Within,
            help=Help(
                ("near:paris", "near:48.8,2.3,5km"),
                "taken around there; also near:paris,20km",
                more=('near:"new york",20km', 'near:"paris, us"', "near:48.8..48.9,2.2..2.4"),
                details="around the largest town of this name, within so many km or m of it or of "
                "a point, or between latitudes and longitudes, as a click on the map asks",
            ),
            is_single=True,
            reads_quotes=True,
            exported=(LATITUDE, LONGITUDE),
        ),
        FilterSpec(
            name="has",
            parse=read_one_of(KNOWN_FACTS),
            print=quoted,
            condition=lambda fact: Known(KNOWN_FACTS[fact]),
            help=Help(
                ("has:gps",),
                "in the EXIF data; also date, camera, lens",
                more=("has:date", "has:camera", "has:lens"),
                details="the EXIF data tell it",
            ),
        ),
        FilterSpec(
            name=STACK,
            parse=read_one_of((ON, OFF)),
            print=quoted,
            condition=lambda _how: Anything(),
            help=Help(
                ("stack:off",),
                "each file of RAW+JPEG and Live Photos",
                details="lists each file by itself: a RAW next to its JPEG, the video of a Live "
                "Photo next to its still",
            ),
            is_single=True,
            is_switch=True,
        ),
    )
}

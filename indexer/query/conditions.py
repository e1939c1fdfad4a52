"""Conditions of filters, as small values.

store/filter_sql.py turns them into SQL; conflicts.py finds those that exclude each other. Knows
neither the names of filters nor tables.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

from indexer.query.filter_values import Box, Circle

DEGREE_DIGITS: Final = 6  # 0.1 m: what EXIF has at most


@dataclass(frozen=True, slots=True)
class Quantity:
    """A fact of a photo: a column of the table `contents`, unless the store computes it.

    `is_universal`: every photo has it. `first`, `end`: all values are `first` or more and less than
    `end`. `digits`: the decimals that mean something.
    """

    name: str
    is_universal: bool = False
    first: float = -math.inf
    end: float = math.inf
    digits: int | None = None


TIME: Final = Quantity("time", is_universal=True)  # local; compared with days
MONTH: Final = Quantity("month", is_universal=True, first=1, end=13)
PATH: Final = Quantity("path", is_universal=True)
FOLDER: Final = Quantity("folder", is_universal=True)  # from the photo directory's own name down
FILE_NAME: Final = Quantity("file_name", is_universal=True)
SUFFIX: Final = Quantity("suffix", is_universal=True)
PIXELS: Final = Quantity("pixels", is_universal=True)
ASPECT: Final = Quantity("aspect", is_universal=True)  # width by height
KIND: Final = Quantity("kind", is_universal=True, first=0, end=3)  # one of the next three
A_STILL, A_FILM, A_RAW = 0, 1, 2
CAMERA: Final = Quantity("camera")
LENS: Final = Quantity("lens")
TAKEN_AT: Final = Quantity("taken_at")
LATITUDE: Final = Quantity("latitude_deg", digits=DEGREE_DIGITS)
LONGITUDE: Final = Quantity("longitude_deg", digits=DEGREE_DIGITS)
DURATION: Final = Quantity("duration_s", digits=3)

Bound: TypeAlias = date | int | float


@dataclass(frozen=True, slots=True)
class Range:
    """A quantity is `first` or more and less than `end`; None: no bound on that side."""

    quantity: Quantity
    first: Bound | None = None
    end: Bound | None = None


@dataclass(frozen=True, slots=True)
class OneOf:
    """A quantity of whole numbers is one of these."""

    quantity: Quantity
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """A text has this part; upper and lower case are the same."""

    quantity: Quantity
    part: str


@dataclass(frozen=True, slots=True)
class EndsWith:
    """A text has this ending; upper and lower case are the same."""

    quantity: Quantity
    ending: str


@dataclass(frozen=True, slots=True)
class Known:
    """All of these quantities are known of the photo."""

    quantities: tuple[Quantity, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """The photo was taken there."""

    place: Circle | Box


@dataclass(frozen=True, slots=True)
class Anything:
    """Any photo."""


@dataclass(frozen=True, slots=True)
class Either:
    """One of these conditions holds, or several do."""

    conditions: tuple[Condition, ...]


Condition: TypeAlias = Range | OneOf | Contains | EndsWith | Known | Within | Anything | Either

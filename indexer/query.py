"""The query language: what a person types -> a Query, and back.

    two parrots on a branch                          words: what the photo shows
    horse + stripes - 0.5:people                     parts, added or subtracted, with weights
    ./pool.jpg + 2:"golden retriever" + #1234        photos too: a file, or one of the library
    after:2019-06 -folder:screenshots sort:date      filters, anywhere; "-" turns one round

Knows the grammar only: nothing of vectors, of SQL, or of which photos there are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from indexer.errors import QueryError

SHAPES: Final = ("portrait", "landscape", "square", "panorama")
KNOWN_FACTS: Final = ("gps", "date", "camera", "lens")
MAX_WEIGHT: Final = 1000.0
MAX_RADIUS_KM: Final = 20_038.0  # half the equator: no two places are further apart

NUMBER: Final = r"(?:\d+\.?\d*|\.\d+)"
QUOTED: Final = re.compile(r'"((?:[^"]|"")*)"')  # a quote between quotes is doubled
WORD: Final = re.compile(rf'(?:[^\s"]|{QUOTED.pattern})+')
FILE: Final = re.compile(r"(?:\.{0,2}|~)/.|[A-Za-z]:[\\/]", re.DOTALL)
FILTER_NAME: Final = re.compile(rf"(?P<minus>-?)(?!{FILE.pattern})(?P<name>[^\W\d_]+):")
WEIGHT: Final = re.compile(rf"({NUMBER}):", re.ASCII)
LIBRARY_PHOTO: Final = re.compile(r"#\d+", re.ASCII)
DATE: Final = re.compile(r"(\d{4})(?:-(\d\d?)(?:-(\d\d?))?)?", re.ASCII)
MEGAPIXELS: Final = re.compile(rf"({NUMBER})(?:mp)?", re.ASCII | re.IGNORECASE)
CIRCLE: Final = re.compile(rf"(-?{NUMBER}),(-?{NUMBER}),({NUMBER})(km|m)", re.ASCII | re.IGNORECASE)

Sort = Literal["relevance", "date"]


@dataclass(frozen=True, slots=True)
class Text:
    """Words; not blank, and not beginning like a path."""

    text: str


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A photo somewhere on this machine, by its path as it was typed."""

    path: str


@dataclass(frozen=True, slots=True)
class LibraryPhoto:
    """A photo of the library, by its number."""

    id: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was given, as its (D,) embedding by the model `model_id`; it has no name.

    The only content that cannot be typed.
    """

    model_id: str
    embedding: tuple[float, ...]


Content = Text | PhotoFile | LibraryPhoto | Picture


@dataclass(frozen=True, slots=True)
class Term:
    """A part of what is looked for; a negative weight subtracts it."""

    content: Content
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Circle:
    """The places within `radius_km` of a point."""

    latitude_deg: float
    longitude_deg: float
    radius_km: float


Value = date | int | float | str | Circle


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a photo's facts. `name` is one of FILTERS, which tells the value's type."""

    name: str
    value: Value
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for, among which photos, and in which order."""

    terms: tuple[Term, ...] = ()
    filters: tuple[Filter, ...] = ()
    sort: Sort = "relevance"

    def __str__(self) -> str:
        """The query as it could have been typed: parse(str(query)) == query, without a Picture."""
        parts = [_printed_term(term, first=not at) for at, term in enumerate(self.terms)]
        parts += [_printed_filter(one) for one in self.filters]
        parts += ["sort:date"] if self.sort == "date" else []
        return " ".join(parts)


def parse(text: str) -> Query:
    """The query that `text` means. Raises QueryError with the column of what is wrong."""
    parser = _Parser(text)
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif name := FILTER_NAME.match(text, at):
            at = parser.take_filter(name)
        elif text[at] in "+-":
            at = parser.take_sign(at)
        else:
            at = parser.take_word(at)
    return parser.finish()


class _Parser:
    """What has been read so far: whole terms and filters, and the term that is still open.

    Each `take_` reads one thing and returns the column behind it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.terms: list[Term] = []
        self.filters: list[Filter] = []
        self.sort: Sort = "relevance"
        self._open("+")

    def _open(self, sign: str, dangling: int | None = None) -> None:
        self.words: list[str] = []
        self.sign = sign
        self.weight: float | None = None
        self.dangling = dangling  # the column of a sign or weight that still lacks its words

    def take_filter(self, name: re.Match[str]) -> int:
        """The words before and after a filter belong together."""
        raw, value = self._read(name.end())
        try:
            self._filter(name["name"].lower(), value, bool(name["minus"]))
        except KeyError as error:
            raise self._error(
                f"there is no filter {error}: there are {', '.join(FILTERS)} and sort; "
                "words with a colon go in quotes",
                name.start(),
            ) from error
        except ValueError as error:
            raise self._error(f"'{name['name']}:' takes {error}", name.end()) from error
        return name.end() + len(raw)

    def _filter(self, name: str, value: str, negated: bool) -> None:
        if name == "sort":
            if value.lower() != "date" or negated:
                raise ValueError("date: sort:date")
            self.sort = "date"
        else:
            self.filters.append(Filter(name, FILTERS[name](value), negated))

    def take_sign(self, at: int) -> int:
        self._close()
        self._open(self.text[at], at)
        return at + 1

    def take_word(self, at: int) -> int:
        if not self.words and self.weight is None and (weight := WEIGHT.match(self.text, at)):
            return self._take_weight(weight)
        raw, value = self._read(at)
        if LIBRARY_PHOTO.fullmatch(raw):
            self._take_photo(LibraryPhoto(self._photo_id(raw, at)))
        elif FILE.match(value):
            self._take_photo(PhotoFile(value))
        elif not value.strip():
            raise self._error("there is nothing between the quotes", at)
        else:
            self.words.append(value)
            self.dangling = None
        return at + len(raw)

    def _take_weight(self, match: re.Match[str]) -> int:
        self.weight, self.dangling = float(match[1]), match.start()
        if not 0 < self.weight <= MAX_WEIGHT:
            raise self._error(f"a weight is more than 0 and at most {MAX_WEIGHT:g}", match.start())
        return match.end()

    def _take_photo(self, photo: PhotoFile | LibraryPhoto) -> None:
        if self.words:
            self._close()
        self._add(photo)

    def _photo_id(self, raw: str, at: int) -> int:
        if len(raw) > len("#") + 18:  # what a database's integer surely holds
            raise self._error("no photo has such a number", at)
        return int(raw[1:])

    def _read(self, at: int) -> tuple[str, str]:
        """The word at this column: as it was typed, and without its quotes."""
        match = WORD.match(self.text, at)
        raw = match[0] if match else ""
        if self.text.startswith('"', at + len(raw)):
            raise self._error("this quote is never closed", at + len(raw))
        return raw, QUOTED.sub(lambda quoted: quoted[1].replace('""', '"'), raw)

    def _close(self) -> None:
        if self.dangling is not None:
            raise self._error("nothing follows to which this belongs", self.dangling)
        if self.words:
            self._add(Text(" ".join(self.words)))

    def _add(self, content: Content) -> None:
        weight = 1.0 if self.weight is None else self.weight
        self.terms.append(Term(content, -weight if self.sign == "-" else weight))
        self._open("+")

    def finish(self) -> Query:
        self._close()
        if not self.terms and not self.filters and self.sort != "date":
            raise QueryError("the query is empty: type what the photo shows")
        return Query(tuple(self.terms), tuple(self.filters), self.sort)

    def _error(self, what: str, at: int) -> QueryError:
        return QueryError(f"{what} (column {at + 1})", self.text, at)


# How each filter reads its value. A ValueError tells what it takes.


def _date(value: str) -> date:
    year, month, day = match.groups() if (match := DATE.fullmatch(value)) else ("0", "", "")
    try:
        return date(int(year), int(month or 1), int(day or 1))
    except ValueError as error:
        raise ValueError("a date: 2019, 2019-06 or 2019-06-30") from error


def _number(first: int, last: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if value.isascii() and value.isdigit() and len(value) <= 4:
            number = int(value)
            if first <= number <= last:
                return number
        raise ValueError(f"a number from {first} to {last}")

    return read


def _name(value: str) -> str:
    if not value.strip():
        raise ValueError("a name, without a space before it")
    return value


def _one_of(choices: Collection[str]) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.lower() not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return value.lower()

    return read


def _megapixels(value: str) -> float:
    match = MEGAPIXELS.fullmatch(value)
    if not match:
        raise ValueError("megapixels: larger:8mp")
    return float(match[1])


def _circle(value: str) -> Circle:
    match = CIRCLE.fullmatch(value)
    if match:
        unit_km = 1.0 if match[4].lower() == "km" else 0.001
        circle = Circle(float(match[1]), float(match[2]), float(match[3]) * unit_km)
        if (
            abs(circle.latitude_deg) <= 90
            and abs(circle.longitude_deg) <= 180
            and 0 < circle.radius_km <= MAX_RADIUS_KM
        ):
            return circle
    raise ValueError("latitude, longitude and distance: near:48.858,2.294,5km")


FILTERS: Final[Mapping[str, Callable[[str], Value]]] = {
    "after": _date,  # from that day on
    "before": _date,  # until the day before it
    "year": _number(1, 9998),
    "month": _number(1, 12),
    "folder": _name,
    "camera": _name,
    "lens": _name,
    "ext": _name,
    "shape": _one_of(SHAPES),
    "larger": _megapixels,
    "near": _circle,
    "has": _one_of(KNOWN_FACTS),
}


# printing


def _printed_term(term: Term, *, first: bool) -> str:
    sign = "- " if term.weight < 0 else "" if first else "+ "
    weight = "" if abs(term.weight) == 1 else f"{_decimal(abs(term.weight))}:"
    match term.content:
        case LibraryPhoto(id):
            content = f"#{id}"
        case PhotoFile(path):
            content = _quoted(path)
        case Picture():
            content = "(picture)"
        case Text(text):
            plain = " ".join(text.split()) == text and all(map(_is_plain, text.split()))
            content = text if plain else _quoted(text, always=True)
    return f"{sign}{weight}{content}"


def _is_plain(word: str) -> bool:
    """Whether a word stays a word without quotes."""
    return word[0] not in "+-#" and not re.search('[":]', word) and not FILE.match(word)


def _printed_filter(one: Filter) -> str:
    match one.value:
        case Circle(latitude, longitude, radius):
            value = f"{_decimal(latitude)},{_decimal(longitude)},{_decimal(radius)}km"
        case float(number):
            value = f"{_decimal(number)}mp"
        case str(name):
            value = _quoted(name)
        case other:
            value = str(other)
    return f"{'-' if one.negated else ''}{one.name}:{value}"


def _quoted(text: str, *, always: bool = False) -> str:
    if always or re.search(r'[\s"]', text):
        return '"' + text.replace('"', '""') + '"'
    return text


def _decimal(number: float) -> str:
    """The shortest digits that mean this number, without an exponent."""
    return f"{Decimal(repr(number)):f}".removesuffix(".0")

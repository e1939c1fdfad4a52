"""The query language: what a person types -> a Query, and back.

    two parrots on a branch                          words: what the photo shows
    horse + stripes - 0.5:people                     parts, added or subtracted, with weights
    ./pool.jpg + 2:"golden retriever" + #1234        photos too: a file, or one of the library
    after:2019-06 -folder:screenshots sort:date      filters, anywhere; "-" turns one round

Knows the grammar only: nothing of vectors, of SQL, or of which photos there are.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from clipcore.messages import N_, Message
from indexer.errors import FilterValueError, Impossible, QueryError
from indexer.query.filter_values import NUMBER, Value, decimal
from indexer.query.filters import FILTERS, OFF, STACK
from indexer.query.typography import QUOTED, QUOTES, ascii_form, quoted, unquoted

MAX_WEIGHT: Final = 1000.0

WORD: Final = re.compile(rf"(?:[^\s{QUOTES}]|{QUOTED})+")
FILE: Final = re.compile(r"(?:\.{0,2}|~)/.|[A-Za-z]:[\\/]|[A-Za-z][A-Za-z0-9+.-]*://.", re.DOTALL)
FILTER_NAME: Final = re.compile(rf"(?P<minus>-?)(?!{FILE.pattern})(?P<name>[^\W\d_]+):")
WEIGHT: Final = re.compile(rf"({NUMBER}):", re.ASCII)
LIBRARY_PHOTO: Final = re.compile(r"#\d+", re.ASCII)

Sort = Literal["relevance", "date"]


@dataclass(frozen=True, slots=True)
class Text:
    """Words; not blank, and not beginning like a path."""

    text: str


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A photo somewhere on this machine or behind a URL, by its path as it was typed."""

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
class Filter:
    """A condition on a photo's facts. `name` is one of FILTERS, which knows the value's type."""

    name: str
    value: Value
    negated: bool = False


def lists_each_file(filters: Collection[Filter]) -> bool:
    """Whether a query with these filters lists each file, where a photo has several."""
    return any(one.name == STACK and one.value == OFF for one in filters)


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: terms, filters and order."""

    terms: tuple[Term, ...] = ()
    filters: tuple[Filter, ...] = ()
    sort: Sort = "relevance"

    def __str__(self) -> str:
        """The query as it could have been typed: parse(str(query)) == query, without a Picture."""
        parts = [_printed_term(term, first=not at) for at, term in enumerate(self.terms)]
        parts += [_printed_filter(one) for one in self.filters]
        parts += ["sort:date"] if self.sort == "date" else []
        return " ".join(parts)


def parse(text: str, today: date | None = None) -> Query:
    """The query that `text` means. Raises QueryError with the column of what is wrong.

    `today`, for days that are named by it, is that of this machine's clock.
    """
    parser = _Parser(text, today or date.today())
    at = 0
    while at < len(text):  # each step reads a character at least, or raises
        at = parser.take(at)
    return parser.finish()


class _Parser:
    """What has been read so far: whole terms and filters, and the term that is still open.

    Each `take` reads one thing and returns the column behind it. What is a sign is looked for in
    `signs`, where it stands in ASCII; names and words are taken from `text`.
    """

    def __init__(self, text: str, today: date) -> None:
        self.text = text
        self.signs = ascii_form(text)
        self.today = today
        self.terms: list[Term] = []
        self.filters: list[Filter] = []
        self.sort: Sort = "relevance"
        self._open("+")

    def _open(self, sign: str, dangling: int | None = None) -> None:
        self.words: list[str] = []
        self.sign = sign
        self.weight: float | None = None
        self.dangling = dangling  # the column of a sign or weight that still lacks its words

    def take(self, at: int) -> int:
        if self.text[at].isspace():
            return at + 1
        if name := self._filter_name(at):
            return self._take_filter(name)
        if self.signs[at] in "+-":
            return self._take_sign(at)
        return self._take_word(at)

    def _filter_name(self, at: int) -> re.Match[str] | None:
        """A full-width colon ends the names of filters alone: it stands in sentences as well."""
        match = FILTER_NAME.match(self.signs, at)
        if match and self.text[match.end() - 1] != ":":
            return match if match["name"].lower() in {*FILTERS, "sort"} else None
        return match

    def _take_filter(self, name: re.Match[str]) -> int:
        """The words before and after a filter belong together."""
        raw = self._read(name.end())
        try:
            self._filter(name["name"].lower(), raw, bool(name["minus"]))
        except KeyError as error:
            no_filter = Message(
                N_(
                    "there is no filter '{name}': there are {names} and sort; words with a colon "
                    "go in quotes"
                ),
                name=name["name"].lower(),
                names=tuple(FILTERS),
            )
            raise self._error(no_filter, name.start()) from error
        except Impossible as error:
            raise self._error(error.message, name.end()) from error
        except FilterValueError as error:
            takes = Message(N_("'{filter}:' expects {values}"), filter=name["name"], values=error)
            raise self._error(takes, name.end()) from error
        return name.end() + len(raw)

    def _filter(self, name: str, raw: str, negated: bool) -> None:
        if name == "sort":
            if ascii_form(unquoted(raw)).lower() != "date" or negated:
                raise FilterValueError(N_("date: sort:date"))
            self.sort = "date"
        else:
            spec = FILTERS[name]
            if negated and spec.is_switch:
                raise FilterValueError(N_("no minus in front of it"))
            self.filters.append(Filter(name, spec.read(raw, self.today), negated))

    def _take_sign(self, at: int) -> int:
        self._close()
        self._open(self.signs[at], at)
        return at + 1

    def _take_word(self, at: int) -> int:
        if not self.words and self.weight is None and (weight := WEIGHT.match(self.signs, at)):
            return self._take_weight(weight)
        raw = self._read(at)
        value = unquoted(raw)
        if LIBRARY_PHOTO.fullmatch(ascii_form(raw)):
            self._take_photo(LibraryPhoto(self._photo_id(ascii_form(raw), at)))
        elif FILE.match(value):
            self._take_photo(PhotoFile(value))
        elif not value.strip():
            raise self._error(Message(N_("there is nothing between the quotes")), at)
        else:
            self.words.append(value)
            self.dangling = None
        return at + len(raw)

    def _take_weight(self, match: re.Match[str]) -> int:
        self.weight, self.dangling = float(match[1]), match.start()
        if not 0 < self.weight <= MAX_WEIGHT:
            raise self._error(
                Message(N_("a weight is more than 0 and at most {most}"), most=f"{MAX_WEIGHT:g}"),
                match.start(),
            )
        return match.end()

    def _take_photo(self, photo: PhotoFile | LibraryPhoto) -> None:
        if self.words:
            self._close()
        self._add(photo)

    def _photo_id(self, raw: str, at: int) -> int:
        if len(raw) > len("#") + 18:  # what a database's integer surely holds
            raise self._error(Message(N_("no photo has this number")), at)
        return int(raw[1:])

    def _read(self, at: int) -> str:
        """The word at this column as it was typed."""
        match = WORD.match(self.text, at)
        raw = match[0] if match else ""
        end = at + len(raw)
        if self.text[end : end + 1] in tuple(QUOTES):
            raise self._error(Message(N_("this quote is never closed")), end)
        return raw

    def _close(self) -> None:
        if self.dangling is not None:
            raise self._error(Message(N_("nothing follows this")), self.dangling)
        if self.words:
            self._add(Text(" ".join(self.words)))

    def _add(self, content: Content) -> None:
        weight = 1.0 if self.weight is None else self.weight
        self.terms.append(Term(content, -weight if self.sign == "-" else weight))
        self._open("+")

    def finish(self) -> Query:
        self._close()
        if not self.terms and not self.filters and self.sort != "date":
            raise QueryError(N_("the query is empty: type what the photo shows"))
        return Query(tuple(self.terms), tuple(self.filters), self.sort)

    def _error(self, problem: Message, at: int) -> QueryError:
        return QueryError(problem, query=self.text, column=at)


# printing


def _printed_term(term: Term, *, first: bool) -> str:
    sign = "- " if term.weight < 0 else "" if first else "+ "
    weight = "" if abs(term.weight) == 1 else f"{decimal(abs(term.weight))}:"
    match term.content:
        case LibraryPhoto(id):
            content = f"#{id}"
        case PhotoFile(path):
            content = quoted(path)
        case Picture():
            content = "(picture)"
        case Text(text):
            plain = " ".join(text.split()) == text and all(map(_is_plain, text.split()))
            content = text if plain else quoted(text, always=True)
    return f"{sign}{weight}{content}"


def _is_plain(word: str) -> bool:
    """Whether a word stays a word without quotes."""
    signs = ascii_form(word)
    return not (signs[0] in "+-#" or re.search(f"[:{QUOTES}]", signs) or FILE.match(word))


def _printed_filter(one: Filter) -> str:
    return f"{'-' if one.negated else ''}{one.name}:{FILTERS[one.name].printed(one.value)}"

"""The form of a filter: all that the query language, the store and the exports know of one.

filters.py has the filters themselves; what the page shows of one is its view in app/search.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from clipcore.messages import N_
from indexer.errors import FilterValueError
from indexer.query.conditions import Condition, Quantity
from indexer.query.filter_values import Single, Value, any_of, singles
from indexer.query.typography import alternatives, unquoted

T = TypeVar("T", bound=Single)


def always(_value: object) -> bool:
    """Of each value of a filter."""
    return True


def never(_value: object) -> bool:
    """Of no value of a filter."""
    return False


@dataclass(frozen=True, slots=True)
class Help:
    """What `indexer search --help` says: one or two examples, and what they ask for.

    The documentation has `more` examples, and `details` in the place of the meaning.
    """

    examples: tuple[str, ...]
    meaning: str
    more: tuple[str, ...] = ()
    details: str = ""


@dataclass(frozen=True, slots=True)
class ByValue(Generic[T]):
    """Photos are counted by a quantity, each value of which `read` turns into one of the filter."""

    quantity: Quantity
    read: Callable[[Any], T]
    in_order: bool = False  # of the values; else those of most photos come first


@dataclass(frozen=True, slots=True)
class ByChoice(Generic[T]):
    """Photos are counted by these values of the filter, of which a photo may pass several."""

    choices: tuple[T, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterSpec(Generic[T]):
    """One filter of the query language.

    `parse` takes one value as it was typed, without its quotes, and today's date; its
    FilterValueError names what the filter takes. `print` is its inverse and adds the unit.
    """

    name: str  # letters alone
    parse: Callable[[str, date], T]
    print: Callable[[T], str]
    condition: Callable[[T], Condition]
    help: Help
    is_single: bool = False  # takes no alternatives between commas
    reads_quotes: bool = False  # `parse` gets a value with its quotes; only where it is single
    facet: ByValue[T] | ByChoice[T] | None = None
    of_any_file: Callable[[T], bool] = never  # such a value passes photos one file of which does
    is_switch: bool = False  # says how photos are listed, not which: it has no opposite
    exported: tuple[Quantity, ...] = ()  # columns of `contents` that stand in tables of photos

    def read(self, raw: str, today: date) -> Value:
        """What was typed behind the colon. Raises FilterValueError."""
        if self.is_single:
            return self.parse(raw if self.reads_quotes else unquoted(raw), today)
        parts = alternatives(raw)
        if len(parts) > 1 and "" in parts:
            raise FilterValueError(N_("a value on each side of a comma"))
        return any_of([self.parse(part, today) for part in parts])

    def printed(self, value: Value) -> str:
        """The value as it may be typed."""
        values: tuple[Any, ...] = singles(value)
        return ",".join(map(self.print, values))

    def conditions(self, value: Value) -> list[Condition]:
        """Those of which one must hold."""
        return [condition for condition, _ in self._alternatives(value)]

    def conditions_of_file(self, value: Value, *, any_file: bool) -> tuple[Condition, ...]:
        """Those of them that must hold of any of a photo's files, or of the one that is shown."""
        return tuple(one for one, of_any in self._alternatives(value) if of_any == any_file)

    def _alternatives(self, value: Value) -> list[tuple[Condition, bool]]:
        values: tuple[Any, ...] = singles(value)
        return [(self.condition(one), self.of_any_file(one)) for one in values]

"""Days and months by their names: yesterday, last week, monday, august, 3 days ago. Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SHORTEST: Final = 3  # letters of a name: aug, tue
AGO: Final = re.compile(r"(\d{1,4}) (day|week|month|year)s? ago")
PERIOD: Final = re.compile(r"(this|last) (week|month|year)")


def named_day(text: str, today: date) -> date | None:
    """The day with this name, or the first one of a named week, month or year; None of no name.

    A weekday or a month is the latest that has begun.
    """
    name = " ".join(re.split(r"[\s_-]+", text.strip().lower()))
    if name in ("today", "yesterday"):
        return today - timedelta(days=name == "yesterday")
    if match := AGO.fullmatch(name):
        return _ago(int(match[1]), match[2], today)
    if match := PERIOD.fullmatch(name):
        return _beginning(match[2], today, before=match[1] == "last")
    if (weekday := _place(name, WEEKDAYS)) is not None:
        return today - timedelta(days=(today.weekday() - weekday) % 7)
    if (month := month_number(name)) is not None:
        return date(today.year - (month > today.month), month, 1)
    return None


def month_number(name: str) -> int | None:
    """1 to 12 of an English name, which may be shortened; None of no name."""
    place = _place(name.lower(), MONTHS)
    return None if place is None else place + 1


def _place(name: str, names: tuple[str, ...]) -> int | None:
    found = [at for at, one in enumerate(names) if one.startswith(name)]
    return found[0] if len(name) >= SHORTEST and found else None


def _beginning(period: str, today: date, *, before: bool) -> date:
    """The first day of this week, month or year, or of the one before."""
    if period == "week":
        return today - timedelta(days=today.weekday() + 7 * before)
    if period == "month":
        return _months_before(today.replace(day=1), before)
    return date(today.year - before, 1, 1)


def _ago(count: int, unit: str, today: date) -> date | None:
    if unit in ("day", "week"):
        return today - timedelta(days=count * (7 if unit == "week" else 1))
    return _months_before(today, count * (12 if unit == "year" else 1))


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or its last one where it has none."""
    number = 12 * day.year + day.month - 1 - months
    first = date(number // 12, number % 12 + 1, 1)
    length = (first + timedelta(days=31)).replace(day=1) - first
    return first.replace(day=min(day.day, length.days))

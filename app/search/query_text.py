"""Changing the query text, which is the one truth about filters: they are read out of it and
written into it here, through the query language. Pure.
"""

from __future__ import annotations

from dataclasses import replace

from indexer.errors import QueryError
from indexer.query.filter_values import Single, Value, singles
from indexer.query.query import Filter, Query, Sort, Term, parse


def read(text: str) -> Query:
    """The query that a text means; an empty one asks for nothing. Raises QueryError."""
    return parse(text) if text.strip() else Query()


def readable(text: str) -> Query | None:
    """The query that a text means, or None where it is wrong."""
    try:
        return read(text)
    except QueryError:
        return None


def value_of(query: Query, name: str) -> Value | None:
    """The values of the last filter of this name; negated ones do not count."""
    values = [one.value for one in query.filters if one.name == name and not one.negated]
    return values[-1] if values else None


def values_of(query: Query, name: str) -> tuple[Single, ...]:
    """Its alternatives; none where there is no such filter."""
    value = value_of(query, name)
    return () if value is None else singles(value)


def with_filters(query: Query, **values: Value | None) -> str:
    """The text with one filter of each name, or with none where the value is None."""
    others = [one for one in query.filters if one.negated or one.name not in values]
    put = [Filter(name, value) for name, value in values.items() if value is not None]
    return str(replace(query, filters=(*others, *put)))


def without(query: Query, part: Filter | Term) -> str:
    """The text without this filter or term."""
    return str(
        replace(
            query,
            terms=tuple(one for one in query.terms if one is not part),
            filters=tuple(one for one in query.filters if one is not part),
        )
    )


def sorted_by(query: Query, sort: Sort) -> str:
    """The text that asks for this order."""
    return str(replace(query, sort=sort))

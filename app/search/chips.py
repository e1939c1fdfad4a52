"""Chips: each filter of the results in a few words, and the query without it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any

from app.http.thumbnail_urls import thumbnail_url
from app.i18n.language import _
from app.search.filter_view import either
from app.search.filter_views import VIEWS
from app.search.query_text import without
from indexer.errors import PhotoNotFound
from indexer.library.library import Library
from indexer.query.filter_values import Single, Span, singles
from indexer.query.query import Filter, LibraryPhoto, Query, Term


def chips(library: Library, query: Query) -> list[dict[str, Any]]:
    """The data of each filter, and of each photo in the query, for query_box.js."""
    return [*_photos(library, query), *(_of_filter(query, one) for one in query.filters)]


def in_words(one: Filter) -> str:
    """A filter in words."""
    words = reduce(either, (_value(one.name, value) for value in singles(one.value)))
    return _("Not: {filter}").format(filter=words) if one.negated else words


def _value(name: str, value: Single) -> str:
    if not isinstance(value, Span):
        return VIEWS[name].words(value)
    first, last = (None if end is None else _value(name, end) for end in (value.first, value.last))
    if first is None:
        return _("Until {date}").format(date=last)
    if last is None:
        return _("From {date}").format(date=first)
    return _("{first} to {last}").format(first=first, last=last)


def _of_filter(query: Query, one: Filter) -> dict[str, Any]:
    return {
        "label": in_words(one),
        "kind": VIEWS[one.name].icon.name,
        "rest": without(query, one),
        "src": None,
    }


def _photos(library: Library, query: Query) -> Iterator[dict[str, Any]]:
    for term in query.terms:
        if isinstance(term.content, LibraryPhoto):
            yield _of_photo(library, query, term, term.content.id)


def _of_photo(library: Library, query: Query, term: Term, photo_id: int) -> dict[str, Any]:
    try:
        src = thumbnail_url(library, library.photo(photo_id))
    except PhotoNotFound:
        src = None
    label = _("Not like this photo") if term.weight < 0 else _("Like this photo")
    return {"label": label, "kind": "photo", "rest": without(query, term), "src": src}

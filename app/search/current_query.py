"""The current query: the text in the URL and the visitor's picture."""

from __future__ import annotations

from dataclasses import replace

from app.search import image_query
from app.search.query_text import read
from app.ui import url_state
from clipcore.messages import N_
from indexer.errors import QueryError
from indexer.query.query import PhotoFile, Query, Term


def current_query() -> Query:
    """The query to answer. Raises QueryError, for what the page must not open too."""
    query = read(url_state.query())
    if any(isinstance(term.content, PhotoFile) for term in query.terms):
        raise QueryError(N_("the page opens no file by its path: drop the picture into it instead"))
    if picture := image_query.current():
        return replace(query, terms=(Term(picture.picture), *query.terms))
    return query


def is_asked() -> bool:
    """Whether there is anything to search for."""
    return bool(url_state.query()) or image_query.current() is not None

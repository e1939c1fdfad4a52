"""What is asked for: the query that the address spells, and the picture that was given."""

from __future__ import annotations

from dataclasses import replace

from app import address
from app.given_picture import given
from app.language import _
from app.query_text import read
from indexer.errors import QueryError
from indexer.query import PhotoFile, Query, Term


def asked() -> Query:
    """The query to answer. Raises QueryError, for what the page must not open too."""
    query = read(address.query())
    if any(isinstance(term.content, PhotoFile) for term in query.terms):
        raise QueryError(_("the page opens no file by its path: drop the picture into it instead"))
    if picture := given():
        return replace(query, terms=(Term(picture.picture), *query.terms))
    return query


def is_asked() -> bool:
    """Whether there is anything to search for."""
    return bool(address.query()) or given() is not None

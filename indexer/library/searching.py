"""A search of the page or the command line: checked, answered by the model in use, timed."""

from __future__ import annotations

import time
from collections.abc import Callable

from clipcore.messages import N_
from indexer.errors import QueryError
from indexer.library.session import ModelInUse
from indexer.location import is_utf8
from indexer.query.query import Query, parse
from indexer.records.results import SearchResult


def search(
    in_use: ModelInUse,
    query: str | Query,
    top: int,
    min_strength: float,
    preparing: Callable[[], None],
) -> SearchResult:
    """See Library.search."""
    started = time.perf_counter()
    if isinstance(query, str) and not is_utf8(query):
        raise QueryError(N_("the query is not valid UTF-8: type it in this terminal's encoding"))
    parsed = parse(query) if isinstance(query, str) else query
    if top < 1:
        raise QueryError(N_("the number of results must be at least 1, not {top}"), top=top)
    session, change_token = in_use.current()
    if parsed.terms:
        if not session.generic.are_known:
            preparing()
        session.load(change_token)
    index = session.index(change_token)
    verdict, hits = session.searcher.search(parsed, index, top, min_strength)
    took_ms = 1000 * (time.perf_counter() - started)
    return SearchResult(str(query), session.store.model_id, took_ms, hits, verdict)

"""The query language in a few lines, for the command line's --help and the documentation."""

from __future__ import annotations

from typing import Final

from indexer.query.filter_spec import Help
from indexer.query.filters import FILTERS

TERMS: Final = (
    ("two parrots on a branch", "photos that show this"),
    ("mountains + snow - 0.5:people", "parts added, subtracted, weighted"),
    ("./pool.jpg  #1234", "photos like this file, like that photo"),
    ("IMG_0720.jpg", "the photo whose file has this name"),
)
OF_ALL: Final = (
    ("camera:nikon,canon", "one of these"),
    ("-folder:screenshots", "a minus turns any filter round"),
    ("sort:date", "the newest first"),
)


def rows() -> list[tuple[str, str]]:
    """What can be typed, and what it asks for; two spaces stand between examples."""
    helps = (spec.help for spec in FILTERS.values())
    return [*TERMS, *(("  ".join(help.examples), help.meaning) for help in helps), *OF_ALL]


def table() -> str:
    """The rows as lines of two columns."""
    width = max(len(typed) for typed, _meaning in rows())
    return "\n".join(f"{typed:{width}}  {meaning}" for typed, meaning in rows())


def manual() -> str:
    """The rows about filters of the table in the documentation, in Markdown."""
    return "\n".join(_manual_row(spec.help) for spec in FILTERS.values())


def _manual_row(help: Help) -> str:
    examples = ", ".join(f"`{example}`" for example in (*help.examples, *help.more))
    return f"| {examples} | {help.details or help.meaning} |"


def text() -> str:
    """The part of `indexer search --help` about the query."""
    return (
        "Find the photos that match a sentence best.\n\n"
        "Several words are one query. Commas stand between alternatives, dots between the ends of "
        "a range. The shell takes quotes away: put a query with quotes in single ones.\n\n"
        f"\b\n{table()}"
    )

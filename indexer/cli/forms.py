"""The forms in which a command prints its answer: text for people, JSON, CSV, or paths alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto
from typing import Annotated, Any

import typer

from indexer.cli.terminal import print_csv, print_json, print_lines, print_paths
from indexer.location import Location

Table = tuple[Sequence[str], Iterable[Sequence[Any]]]  # the names of the columns, and the rows

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
PathsOption = Annotated[bool, typer.Option("--paths", help="Print the paths alone, one a line.")]
Print0Option = Annotated[
    bool,
    typer.Option(
        "--print0", "-0", help="Print the paths alone, a NUL after each, as 'xargs -0' reads them."
    ),
]
CsvOption = Annotated[
    bool,
    typer.Option(
        "--csv", help="Print a table for spreadsheets. What would be a formula begins with '."
    ),
]


class Form(Enum):
    """One way to print an answer."""

    TEXT = auto()
    JSON = auto()
    PATHS = auto()
    NULLS = auto()
    CSV = auto()


def form_of(
    *, as_json: bool = False, paths: bool = False, print0: bool = False, csv: bool = False
) -> Form:
    """The form that the options name. Raises BadParameter if there are several."""
    options = {
        Form.JSON: as_json,
        Form.PATHS: paths and not print0,
        Form.NULLS: print0,
        Form.CSV: csv,
    }
    named = [form for form, is_given in options.items() if is_given]
    if len(named) > 1:
        raise typer.BadParameter("choose one of --json, --csv, --paths and --print0")
    return named[0] if named else Form.TEXT


def print_as(
    value: Any, document: Callable[[Any], Any], text: Callable[[Any], list[str]], as_json: bool
) -> None:
    """Print a value as one JSON document or as lines of text. Raises OutputError."""
    if as_json:
        print_json(document(value))
    else:
        print_lines(text(value))


def print_in(
    form: Form,
    value: Any,
    document: Callable[[Any], Any],
    text: Callable[[Any], list[str]],
    paths: Iterable[Location],
    table: Callable[[Any], Table] | None = None,
) -> None:
    """Print a value that has paths in the form asked for. Raises OutputError."""
    if form is Form.CSV and table is not None:
        print_csv(*table(value))
    elif form in (Form.PATHS, Form.NULLS):
        print_paths(map(str, paths), null=form is Form.NULLS)
    else:
        print_as(value, document, text, form is Form.JSON)

"""The commands around photo directories: list them, add one, remove one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from indexer.cli import output
from indexer.cli.forms import JsonOption, Print0Option, form_of, print_in
from indexer.cli.options import LibraryOption, library_at, some
from indexer.cli.terminal import print_lines
from indexer.location import location

app = typer.Typer(help="List, add or remove photo folders.")

Directory = Annotated[str, typer.Argument(parser=some, metavar="DIR|URL")]


@app.callback()
def roots(
    context: typer.Context,
    library: LibraryOption,
    as_json: JsonOption = False,
    print0: Print0Option = False,
) -> None:
    """List the photo folders, and what each excludes."""
    if context.invoked_subcommand is None:
        _list(library, as_json, print0)


@app.command("list")
def roots_list(
    library: LibraryOption, as_json: JsonOption = False, print0: Print0Option = False
) -> None:
    """List the photo folders, and what each excludes."""
    _list(library, as_json, print0)


def _list(library: Path, as_json: bool, print0: bool) -> None:
    form = form_of(as_json=as_json, print0=print0)
    with library_at(library) as opened:
        found = opened.roots()
    paths = [root.path for root in found]
    print_in(form, found, output.roots_document, output.roots_text, paths)


def _pattern(text: str) -> str:
    if text and not text.strip():
        raise typer.BadParameter("a blank pattern excludes nothing: '' removes all patterns")
    return text


@app.command("add")
def roots_add(
    directory: Directory,
    library: LibraryOption,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            parser=_pattern,
            help="Exclude what matches, as in .gitignore (repeatable; replaces earlier patterns, "
            "'' removes all).",
        ),
    ] = None,
) -> None:
    """Add a photo folder; the next rebuild or the daemon indexes it."""
    with library_at(library, create=True, directories=[directory]) as opened:
        print_lines(output.root_text(opened.add_root(location(directory), exclude or None)))


@app.command("remove")
def roots_remove(directory: Directory, library: LibraryOption) -> None:
    """Remove a photo folder. Its photos disappear from the results; no file is changed."""
    with library_at(library) as opened, opened.exclusive():
        opened.remove_root(location(directory))

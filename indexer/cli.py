"""The command line. Turns errors into one line and an exit code; holds no logic of its own.

Exit codes: 0 done, 1 an error told in one line on stderr, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import logging
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from clipcore.errors import ClipcoreError
from indexer import cli_daemon, cli_models, report
from indexer.cli_options import (
    Directories,
    EngineOption,
    IndexChoice,
    IndexOption,
    JsonOption,
    LibraryOption,
    ModelOption,
    NiceOption,
    RayOption,
    add_roots,
    configure_logging,
    hired,
    library_at,
    one_answer,
    print_as,
    stopped_by_signals,
)
from indexer.errors import IndexerError, LibraryBusy, QueryError
from indexer.location import location
from indexer.places import library_directory

if TYPE_CHECKING:  # imported where needed: `indexer --help` must not wait for torch and FAISS
    from indexer.library import Library

INTERRUPTED = 130  # what a shell calls a process that Ctrl-C ended
MINUS_FIRST = re.compile(r"-(?!-)(\w+:|.*\s)")  # a filter, or more than one word

app = typer.Typer(
    name="indexer",
    help="Recollect: type what you remember, see the photo.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
roots_app = typer.Typer(help="List, add or remove photo directories.")
app.add_typer(roots_app, name="roots", invoke_without_command=True)
app.add_typer(cli_models.models_app, name="models", invoke_without_command=True)
app.add_typer(cli_models.app)
app.add_typer(cli_daemon.app)
app.add_typer(cli_daemon.service_app, name="service")


def main() -> None:
    """The entry point of the `indexer` command."""
    try:
        app()
    except (IndexerError, ClipcoreError) as error:
        typer.echo(f"indexer: {error}", err=True)
        if isinstance(error, QueryError) and error.column is not None:
            typer.echo(report.pointer(error.query, error.column), err=True)
        sys.exit(1)
    except BrokenPipeError:  # `indexer search ... | head`
        sys.stderr.close()
        sys.exit(1)


@app.command()
def rebuild(
    library: LibraryOption,
    directories: Directories = None,
    reembed: Annotated[
        bool, typer.Option("--reembed", help="Compute every embedding again.")
    ] = False,
    accept_gone: Annotated[
        bool,
        typer.Option("--accept-gone", help="Believe that many photos have gone from a folder."),
    ] = False,
    model: ModelOption = "auto",
    engine: EngineOption = None,
    index: IndexOption = IndexChoice.AUTO,
    ray: RayOption = None,
) -> None:
    """Bring the library in line with its photo directories and rewrite its index."""
    from indexer.progress import progress_on

    configure_logging(logging.WARNING)
    hire = hired(ray)
    # what fails is counted below and listed by `failures`
    for module in ("ingest", "shard"):
        logging.getLogger(f"indexer.{module}").setLevel(logging.ERROR)
    with (
        stopped_by_signals() as stopped,
        library_at(
            library, create=True, model=model, engine=engine, index=index, switch=True
        ) as opened,
        opened.writing(),
    ):
        add_roots(opened, directories)
        if model != "auto":
            opened.models.withdraw()  # the last word counts
        with progress_on(sys.stderr) as progress:
            done = opened.rebuild(
                progress,
                reembed=reembed,
                accept_gone=accept_gone,
                stop=stopped.is_set,
                hire=hire,
            )
        for notice in done.notices:
            typer.echo(f"indexer: {notice}", err=True)
        typer.echo(report.ingest_text(done))
        if stopped.is_set():
            raise typer.Exit(INTERRUPTED)


class QueryCommand(TyperCommand):
    """A command whose query may begin with a minus, as in `-folder:screenshots cat`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take what can be no option for the query, wherever it stands."""
        if "--" not in args:
            queries = [argument for argument in args if MINUS_FIRST.match(argument)]
            args = [argument for argument in args if argument not in queries]
            args += ["--", *queries] if queries else []
        return super().parse_args(ctx, args)


@app.command(cls=QueryCommand)
def search(
    query: Annotated[str, typer.Argument(help="What the photo shows; see the README.")],
    library: LibraryOption,
    top: Annotated[int, typer.Option("--top", "-n", min=1, help="How many hits.")] = 20,
    min_strength: Annotated[
        float,
        typer.Option(
            "--min-strength", min=0, max=1, help="Leave out weaker hits; 0.5 keeps the relevant."
        ),
    ] = 0.0,
    model: ModelOption = "auto",
    index: IndexOption = IndexChoice.AUTO,
    as_json: JsonOption = False,
) -> None:
    """Find the photos that match a sentence best."""
    configure_logging(logging.WARNING)
    with one_answer():
        with library_at(library, model=model, index=index) as opened:
            result = opened.search(query, top, min_strength=min_strength)
        print_as(result, report.search_document, report.search_text, as_json)


@app.command()
def status(library: LibraryOption, as_json: JsonOption = False) -> None:
    """Show the library in numbers."""
    configure_logging(logging.WARNING)
    with library_at(library) as opened:
        print_as(opened.status(), report.status_document, report.status_text, as_json)


@app.command()
def explore(library: LibraryOption, nice: NiceOption = 10) -> None:
    """Draw the picture of the library that the page's Explore shows, and find look-alikes.

    The page does so by itself when it is opened; a large library takes minutes.
    """
    from indexer.priority import lower_priority

    configure_logging(logging.WARNING)
    lower_priority(nice)
    with library_at(library) as opened:
        opened.explore(typer.echo)


@app.command()
def failures(
    library: LibraryOption,
    as_json: JsonOption = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Try these files again, though they stand still.")
    ] = False,
) -> None:
    """List the files that could not be taken in, with the reason and since when."""
    configure_logging(logging.ERROR)
    with library_at(library) as opened:
        if retry:
            _retry_failures(opened)
        print_as(opened.failures(), report.failures_document, report.failures_text, as_json)


def _retry_failures(opened: Library) -> None:
    from indexer.progress import progress_on

    try:
        with opened.writing(), progress_on(sys.stderr) as progress:
            done = opened.retry_failures(progress)
        typer.echo(report.ingest_text(done), err=True)
    except LibraryBusy as busy:
        opened.forget_failures()
        typer.echo(f"indexer: they will be tried at the next full look: {busy}", err=True)


def _age(text: str) -> timedelta:
    units = {"h": "hours", "d": "days", "w": "weeks"}
    if text[:-1].isdecimal() and text[-1] in units:
        return timedelta(**{units[text[-1]]: int(text[:-1])})
    raise typer.BadParameter(f"{text!r} is no age: write 12h, 30d or 8w")


@app.command()
def prune(
    library: LibraryOption,
    older_than: Annotated[
        timedelta,
        typer.Option(parser=_age, metavar="AGE", help="Gone for longer than this: 12h, 30d, 8w."),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be removed.")
    ] = False,
) -> None:
    """Remove photos that are gone for good from the library; no file of yours is touched."""
    configure_logging(logging.WARNING)
    with library_at(library) as opened:
        if dry_run:
            typer.echo(report.prune_text(opened.prune(older_than, dry_run=True), dry_run=True))
            return
        with opened.alone():
            typer.echo(report.prune_text(opened.prune(older_than, dry_run=True), dry_run=True))
            typer.echo(report.prune_text(opened.prune(older_than)).splitlines()[-1])


Place = Annotated[Path, typer.Argument(parser=library_directory, metavar="PATH|URL")]


@app.command("copy")
def copy_command(source: Place, target: Place) -> None:
    """Make at the second place the library that is at the first, on SQLite or PostgreSQL.

    Broken off, it goes on where it was. The daemon must not run meanwhile.
    """
    from indexer.copying import copy_library
    from indexer.progress import progress_on
    from indexer.shared_home import home_of

    configure_logging(logging.INFO)
    from_, to = home_of(source.absolute()), home_of(target.absolute())
    with progress_on(sys.stderr) as progress:
        copied = copy_library(from_, to, progress)
    typer.echo(report.copied_text(copied, to.name))


@roots_app.callback()
def roots(context: typer.Context, library: LibraryOption) -> None:
    """List the photo directories."""
    if context.invoked_subcommand is None:
        with library_at(library) as opened:
            for root in opened.roots():
                typer.echo(report.root_text(root))


@roots_app.command("add")
def roots_add(
    directory: str,
    library: LibraryOption,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="Leave out what matches, as in .gitignore (repeatable); said again for a known "
            "directory it takes the place of what was said before, '' of all.",
        ),
    ] = None,
) -> None:
    """Make a directory a photo directory; the next rebuild or the daemon takes it in."""
    with library_at(library, create=True) as opened:
        typer.echo(report.root_text(opened.add_root(location(directory), exclude or None)))


@roots_app.command("remove")
def roots_remove(directory: str, library: LibraryOption) -> None:
    """Forget a photo directory. Its photos leave the results; no file is touched."""
    with library_at(library) as opened, opened.alone():
        opened.remove_root(location(directory))


if __name__ == "__main__":
    main()

"""The command line. Turns errors into one line and an exit code; holds no logic of its own.

Exit codes: 0 done, 1 an error in one line on stderr, 2 wrong usage, 3 nothing found where
`--exit-code` asks for that, 130 interrupted.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperCommand

from clipcore.errors import ClipcoreError
from clipcore.messages import Message
from indexer import clock
from indexer.cli import daemon, models, output, roots, stacks
from indexer.cli.forms import (
    CsvOption,
    Form,
    JsonOption,
    PathsOption,
    Print0Option,
    form_of,
    print_as,
    print_in,
)
from indexer.cli.options import (
    INTERRUPTED,
    Commands,
    Directories,
    EngineOption,
    IndexChoice,
    IndexOption,
    LibraryOption,
    ModelOption,
    NiceOption,
    OneAnswer,
    RayOption,
    add_roots,
    as_query,
    configure_logging,
    errors_alone,
    library_at,
    library_place,
    one_answer,
    pool_factory,
    stopped_by_signals,
    stops_with,
)
from indexer.cli.status_output import status_document, status_text
from indexer.cli.terminal import (
    complain,
    give_up_output,
    prepare_streams,
    print_json,
    print_lines,
    print_paths,
    say,
)
from indexer.errors import IndexerError, LibraryBusy, QueryError
from indexer.query import help
from indexer.records.status import ExploreProgress

if TYPE_CHECKING:  # imported where needed: `indexer --help` must not wait for torch and FAISS
    from indexer.library.library import Library

NOTHING_FOUND: Final = 3
PREPARING: Final = "preparing the model for searches: once, up to a minute"

app = typer.Typer(
    name="indexer",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(roots.app, name="roots", invoke_without_command=True)
app.add_typer(models.models_app, name="models", invoke_without_command=True)
app.add_typer(models.app)
app.add_typer(daemon.app)
app.add_typer(stacks.app)
app.add_typer(daemon.service_app, name="service")


def main() -> None:
    """The entry point of the `indexer` command."""
    prepare_streams()
    answer = OneAnswer()
    code = run(answer)
    if answer.held is None:
        sys.exit(code)
    os._exit(code)


def run(answer: OneAnswer | None = None) -> int:
    """Run the command that sys.argv names; returns its exit code.

    Says what is wrong in one line on standard error. `answer`: of a process that ends with the
    command.
    """
    try:
        return _exit_code(answer)
    except (IndexerError, ClipcoreError) as error:
        complain(str(error))
        if isinstance(error, QueryError) and error.column is not None:
            for line in output.pointer(error.query, error.column):
                say(line)
    except BrokenPipeError:  # `indexer search ... | head`
        pass
    except OSError as error:
        complain(_named(error))
    give_up_output()  # what waits for it would fail once more at the end
    return 1


def _exit_code(answer: OneAnswer | None) -> int:
    """The exit code of the command, once its output is written."""
    code: object = 0
    try:
        app(obj=answer)
    except SystemExit as ended:
        code = ended.code
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else 0


def _named(error: OSError) -> str:
    """The error in one line, with the file that it is about."""
    why = error.strerror or str(error)
    return why if error.filename is None else f"{error.filename}: {why}"


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print_lines([f"Recollect {version('recollect-photos')}"])
        raise typer.Exit


@app.callback()
def recollect(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Recollect: type what you remember, see the photo."""


@app.command()
def rebuild(
    library: LibraryOption,
    directories: Directories = None,
    reembed: Annotated[
        bool, typer.Option("--reembed", help="Compute every embedding again.")
    ] = False,
    accept_missing: Annotated[
        bool,
        typer.Option("--accept-missing", help="Accept that many photos are missing from a folder."),
    ] = False,
    accept_gone: Annotated[bool, typer.Option("--accept-gone", hidden=True)] = False,
    model: ModelOption = "auto",
    engine: EngineOption = None,
    index: IndexOption = IndexChoice.AUTO,
    ray: RayOption = None,
) -> None:
    """Bring the library in line with its photo folders and rewrite its index."""
    from indexer.cli.progress import progress_shown
    from indexer.library.indexing import RebuildOptions

    configure_logging(logging.WARNING)
    open_pool = pool_factory(ray)
    with (
        errors_alone("indexer.ingest.ingest", "indexer.ingest.shard"),  # failures are counted below
        stopped_by_signals() as stopped,
        library_at(
            library,
            create=bool(directories),
            directories=directories or (),
            model=model,
            engine=engine,
            index=index,
            switch=True,
        ) as opened,
        opened.writing(),
    ):
        add_roots(opened, directories)
        if model != "auto":
            opened.models.cancel_request()  # the last word counts
        with progress_shown() as progress:
            options = RebuildOptions(
                progress,
                reembed,
                accept_missing or accept_gone,
                stop=stopped.is_set,
                open_pool=open_pool,
                preparing=partial(say, PREPARING),
            )
            done = opened.rebuild(options)
        for notice in done.notices:
            complain(str(notice))
        print_lines([output.ingest_text(done)])
        if stopped.is_set():
            complain(output.stopped_text(done.left))
            raise typer.Exit(INTERRUPTED)


class QueryCommand(TyperCommand):
    """A command whose query may begin with a minus, as in `-folder:screenshots cat`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """What can be no option is a part of the query: a space before it says so."""
        if "--" not in args:
            no_query = self._no_query(ctx)
            args = [one if no_query.fullmatch(one) else f" {one}" for one in args]
        return super().parse_args(ctx, args)

    def _no_query(self, ctx: Any) -> re.Pattern[str]:
        """What is left as it is: no minus first, a long option, a number, short options.

        One letter is a mistyped option rather than a word.
        """
        letters: dict[bool, str] = {False: "", True: ""}
        for option in self.get_params(ctx):
            short = [name[1] for name in option.opts if re.fullmatch(r"-[^-]", name)]
            letters[getattr(option, "is_flag", False)] += "".join(short)
        flags, valued = letters[True], letters[False]
        short_options = rf"[{flags}]*(?:[{valued}](?:=?\d+)?)?|[a-zA-Z]"
        return re.compile(rf"[^-].*|-(?:-.*|[\d.]+|{short_options})|", re.DOTALL | re.ASCII)


@app.command(cls=QueryCommand, help=help.text())
def search(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="QUERY", help="What the photo shows.")],
    library: LibraryOption,
    top: Annotated[int, typer.Option("--top", "-n", min=1, help="How many hits.")] = 20,
    min_strength: Annotated[
        float,
        typer.Option(
            "--min-strength", min=0, max=1, help="Exclude weaker hits; 0.5 keeps strong matches."
        ),
    ] = 0.0,
    model: ModelOption = "auto",
    index: IndexOption = IndexChoice.AUTO,
    as_json: JsonOption = False,
    csv: CsvOption = False,
    paths: PathsOption = False,
    print0: Print0Option = False,
    exit_code: Annotated[
        bool,
        typer.Option("--exit-code", help="Exit with 3 if no photo is a strong match."),
    ] = False,
) -> None:
    configure_logging(logging.WARNING)
    form = form_of(as_json=as_json, csv=csv, paths=paths, print0=print0)
    answer = one_answer(context)
    with library_at(library, model=model, index=index) as opened:
        query, preparing = as_query(words), partial(say, PREPARING)
        result = opened.search(query, top, min_strength=min_strength, preparing=preparing)
        if notice := opened.language_notice(query):
            complain(str(notice))
        answer.hold(opened)
    found = [file.path for hit in result.hits for file in hit.item.files]
    forms = output.search_document, output.search_text
    print_in(form, result, *forms, found, output.search_table)
    if exit_code and (result.verdict == "none" or not found):
        raise typer.Exit(NOTHING_FOUND)


@app.command()
def status(library: LibraryOption, as_json: JsonOption = False) -> None:
    """Show the library in numbers."""
    configure_logging(logging.WARNING)
    with library_at(library) as opened:
        print_as(opened.status(), status_document, status_text, as_json)


@app.command()
def explore(library: LibraryOption, nice: NiceOption = 10, as_json: JsonOption = False) -> None:
    """Draw the embedding map that the page's Explore shows, and find near-duplicates.

    The page does so by itself when it is opened; a large library takes minutes.
    """
    from indexer.daemon.priority import lower_priority

    configure_logging(logging.WARNING)
    lower_priority(nice)
    interruptible = stops_with("nothing has changed; the next 'indexer explore' starts over")

    def begins(step: Message) -> None:
        _print_line(ExploreProgress(step).to_json() if as_json else str(step))

    try:
        with library_at(library) as opened, interruptible:
            opened.explore(begins)
    except (IndexerError, ClipcoreError) as error:
        if as_json:
            _print_line(ExploreProgress(error=error.message).to_json())
        raise


@app.command()
def failures(
    library: LibraryOption,
    as_json: JsonOption = False,
    print0: Print0Option = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try these files again now.")] = False,
) -> None:
    """List files that could not be indexed, with reason and time; then those with warnings."""
    configure_logging(logging.ERROR)
    form = form_of(as_json=as_json, print0=print0)
    with library_at(library) as opened:
        if retry:
            with stops_with("the next rebuild tries the remaining files"):
                _retry_failures(opened)
        listed = opened.failures(), opened.oddities()
    paths = [one.path for one in listed[0]]
    print_in(form, listed, output.failures_document, output.failures_text, paths)


def _retry_failures(opened: Library) -> None:
    from indexer.cli.progress import progress_shown

    try:
        with opened.writing(), progress_shown() as progress:
            done = opened.retry_failures(progress)
        say(output.ingest_text(done))
    except LibraryBusy as busy:
        opened.forget_failures()
        complain(f"they will be tried at the next full scan: {busy}")


def _age(text: str) -> timedelta:
    units = {"h": "hours", "d": "days", "w": "weeks"}
    if text[:-1].isdecimal() and text[-1] in units:
        try:
            age = timedelta(**{units[text[-1]]: int(text[:-1])})
            clock.now() - age  # the store compares with this day: there must be one
        except (OverflowError, ValueError) as error:  # int() takes 4300 digits at most
            raise typer.BadParameter(
                "this age is too long: write a shorter one, like 12h, 30d or 8w"
            ) from error
        return age
    raise typer.BadParameter(f"{text!r} is not an age: write 12h, 30d or 8w")


@app.command()
def prune(
    library: LibraryOption,
    older_than: Annotated[
        timedelta,
        typer.Option(
            parser=_age, metavar="AGE", help="Missing for longer than this: 12h, 30d, 8w."
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed; remove nothing.")
    ] = False,
    as_json: JsonOption = False,
    print0: Print0Option = False,
) -> None:
    """Remove long-missing photos from the library for good; no file is changed."""
    configure_logging(logging.WARNING)
    form = form_of(as_json=as_json, print0=print0)
    with library_at(library) as opened, nullcontext() if dry_run else opened.exclusive():
        planned = opened.prune(older_than, dry_run=True)
        if form is Form.JSON:
            pruned = planned if dry_run else opened.prune(older_than)
            print_json(output.prune_document(pruned, dry_run=dry_run))
            return
        print_paths(map(str, planned.paths), null=form is Form.NULLS)
        summed = say if form is Form.NULLS else _print_line
        for line in output.prune_text(planned, dry_run=True):
            summed(line)
        if not dry_run:
            summed(output.prune_text(opened.prune(older_than))[0])


def _print_line(line: str) -> None:
    print_lines([line])


Place = Annotated[Path, typer.Argument(parser=library_place, metavar="PATH|URL")]


@app.command("copy")
def copy_command(source: Place, target: Place) -> None:
    """Copy a library to another place, on SQLite or PostgreSQL.

    After an interruption, the same command continues where it stopped. Stop the daemon first.
    """
    from indexer.cli.progress import progress_shown
    from indexer.library.copying import copy_library
    from indexer.library.directory import LibraryDirectory

    configure_logging(logging.INFO)
    from_, to = LibraryDirectory(source.absolute()), LibraryDirectory(target.absolute())
    with (
        stops_with("copied data stays; the same command continues"),
        progress_shown() as progress,
    ):
        copied = copy_library(from_, to, progress)
    _print_line(output.copied_text(copied, to.name))


if __name__ == "__main__":
    main()

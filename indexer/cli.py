"""The command line. Turns errors into one line and an exit code; holds no logic of its own.

Exit codes: 0 done, 1 an error told in one line on stderr, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clipcore.errors import ClipcoreError
from indexer import report
from indexer.errors import IndexerError, RootError
from indexer.places import default_library

if TYPE_CHECKING:  # imported where needed: `indexer --help` must not wait for torch and FAISS
    from indexer.daemon import Daemon
    from indexer.library import Library

app = typer.Typer(
    name="indexer",
    help="Recollect: type what you remember, see the photo.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
roots_app = typer.Typer(help="List, add or remove photo directories.")
app.add_typer(roots_app, name="roots", invoke_without_command=True)
models_app = typer.Typer(help="List the models, or download one ahead.")
app.add_typer(models_app, name="models", invoke_without_command=True)

LibraryOption = Annotated[
    Path,
    typer.Option(
        "--library",
        default_factory=default_library,
        show_default="the platform's data directory",
        help="Where the library lies; RECOLLECT_LIBRARY sets the default.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        help="'starter', a name that `indexer models` lists, or a path. 'auto': the library's own; "
        "for a new one the default checkpoint if it can be had, else the starter.",
    ),
]
Directories = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[DIR]...", help="Photo directories; those it knows, if none is given."),
]


def main() -> None:
    """The entry point of the `indexer` command."""
    try:
        app()
    except (IndexerError, ClipcoreError) as error:
        typer.echo(f"indexer: {error}", err=True)
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
) -> None:
    """Bring the library in line with its photo directories and rewrite its index."""
    from indexer.progress import progress_on

    _configure_logging(logging.WARNING)
    # what fails is counted below and listed by `failures`
    logging.getLogger("indexer.ingest").setLevel(logging.ERROR)
    with _opened(library, create=True, model=model, switch=True) as opened, opened.writing():
        _add_roots(opened, directories)
        with progress_on(sys.stderr) as progress:
            done = opened.rebuild(progress, reembed=reembed, accept_gone=accept_gone)
        for notice in done.notices:
            typer.echo(f"indexer: {notice}", err=True)
        typer.echo(report.ingest_text(done))


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What the photo shows.")],
    library: LibraryOption,
    top: Annotated[int, typer.Option("--top", "-n", min=1, help="How many hits.")] = 20,
    model: ModelOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Find the photos that match a sentence best."""
    _configure_logging(logging.WARNING)
    with _opened(library, model=model) as opened:
        result = opened.search(query, top)
    _print(result, report.search_document, report.search_text, as_json)


@app.command()
def status(library: LibraryOption, as_json: JsonOption = False) -> None:
    """Show the library in numbers."""
    _configure_logging(logging.WARNING)
    with _opened(library) as opened:
        _print(opened.status(), report.status_document, report.status_text, as_json)


@app.command()
def failures(library: LibraryOption, as_json: JsonOption = False) -> None:
    """List the files that could not be taken in, with the reason and since when."""
    with _opened(library) as opened:
        _print(opened.failures(), report.failures_document, report.failures_text, as_json)


@roots_app.callback()
def roots(context: typer.Context, library: LibraryOption) -> None:
    """List the photo directories."""
    if context.invoked_subcommand is None:
        with _opened(library) as opened:
            for root in opened.roots():
                typer.echo(report.root_text(root))


@roots_app.command("add")
def roots_add(
    directory: Path,
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
    with _opened(library, create=True) as opened:
        typer.echo(report.root_text(opened.add_root(directory, exclude or None)))


@roots_app.command("remove")
def roots_remove(directory: Path, library: LibraryOption) -> None:
    """Forget a photo directory. Its photos leave the results; no file is touched."""
    with _opened(library) as opened, opened.writing():
        opened.remove_root(directory)


@models_app.callback()
def models(context: typer.Context, library: LibraryOption, as_json: JsonOption = False) -> None:
    """List the models: size, published accuracy, whether it is here, which one is in use."""
    from clipcore.checkpoints import list_models

    if context.invoked_subcommand is not None:
        return
    in_use = None
    if (library / "library.db").exists():
        with _opened(library) as opened:
            in_use = opened.model.source
    _print((list_models(), in_use), report.models_document, report.models_text, as_json)


@models_app.command("pull")
def models_pull(name: str) -> None:
    """Download a model ahead, so that it is here when there is no network."""
    from clipcore.checkpoints import pull

    typer.echo(pull(name).weights)


@app.command()
def watch(
    library: LibraryOption, directories: Directories = None, model: ModelOption = "auto"
) -> None:
    """Keep the library in line with its photo directories until stopped."""
    from indexer.daemon import Daemon

    _configure_logging(logging.INFO)
    with _opened(library, create=True, model=model) as opened:
        _add_roots(opened, directories)
        daemon = Daemon(opened)
        with _stopped_by_signals(daemon):
            daemon.run()


@app.command()
def serve(
    library: LibraryOption,
    directories: Directories = None,
    model: ModelOption = "auto",
    port: Annotated[int, typer.Option(help="The page's port on 127.0.0.1.")] = 8501,
) -> None:
    """Serve the page and keep the library in line with its directories until stopped."""
    from indexer.daemon import Daemon
    from indexer.serve import page_served

    _configure_logging(logging.INFO)
    with _opened(library, create=True, model=model) as opened:
        if directories:
            _add_roots(opened, directories)
        daemon = Daemon(opened)
        with _stopped_by_signals(daemon), page_served(opened.path, port, on_exit=daemon.stop):
            typer.echo(f"The page: http://127.0.0.1:{port}  (Ctrl-C stops it)")
            daemon.run()


@contextmanager
def _opened(
    path: Path, *, create: bool = False, model: str = "auto", switch: bool = False
) -> Iterator[Library]:
    from indexer.library import open_library

    library = open_library(path, create=create, model=model, switch=switch)
    try:
        yield library
    finally:
        library.close()


def _add_roots(library: Library, directories: list[Path] | None) -> None:
    for directory in directories or ():
        library.add_root(directory)
    if not library.roots():
        raise RootError("the library has no photo directory yet: name one")


@contextmanager
def _stopped_by_signals(daemon: Daemon) -> Iterator[None]:
    def stop(_signal: int, _frame: object) -> None:
        daemon.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print(
    value: Any, document: Callable[[Any], Any], text: Callable[[Any], str], as_json: bool
) -> None:
    typer.echo(
        json.dumps(document(value), ensure_ascii=False, indent=2) if as_json else text(value)
    )


def _configure_logging(level: int) -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    for package in ("app", "indexer", "clipcore"):
        logging.getLogger(package).setLevel(level)
    # Pillow warns of oddities in files that it reads all the same
    warnings.filterwarnings("ignore", module=r"PIL\.")

"""Shared by the commands: options, an open library, logging, a clean stop."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from clipcore.messages import N_
from indexer.cli.terminal import OneLine, complain
from indexer.errors import RootError
from indexer.index.policy import IndexPolicy
from indexer.location import location
from indexer.paths import VARIABLE, default_library, library_directory
from indexer.postgres_url import has_password, is_url
from indexer.query.query import FILE
from indexer.query.typography import quoted

if TYPE_CHECKING:  # imported where needed: `indexer --help` must not wait for torch and FAISS
    from indexer.ingest.workers import PoolFactory
    from indexer.library.library import Library


INTERRUPTED: Final = 130  # what a shell calls a process that Ctrl-C ended


def some(text: str) -> str:
    """An argument that may not be empty, or else it would mean the current directory."""
    if not text.strip():
        raise typer.BadParameter("it is empty: name something")
    return text


def library_place(named: str | Path) -> Path:
    """The directory of the library that an argument names; the default is one already."""
    place = some(str(named))
    if is_url(place) and has_password(place):
        _warn_of_password()
    return library_directory(place)


@cache
def _warn_of_password() -> None:
    complain(
        "warning: everybody on this machine can see the password of this URL in the list of "
        f"processes: put it into ~/.pgpass, or the URL into {VARIABLE}"
    )


def _default_library() -> Path:
    if not os.environ.get(VARIABLE, VARIABLE).strip():
        raise typer.BadParameter(f"{VARIABLE} is empty: name a library, or unset it")
    return default_library()


LibraryOption = Annotated[
    Path,
    typer.Option(
        "--library",
        parser=library_place,
        metavar="PATH|URL",
        default_factory=_default_library,
        show_default="the platform's data directory",
        help="The library: a directory, or postgresql://USER@HOST/DATABASE; RECOLLECT_LIBRARY sets "
        "the default.",
    ),
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        parser=some,
        metavar="NAME|PATH",
        help="'starter', a name that `indexer models` lists, or a path. 'auto': the library's own; "
        "for a new one the default checkpoint if it can be had, else the starter.",
    ),
]


def _engine(name: str) -> str:
    from clipcore.engines.engines import check_name
    from clipcore.errors import EngineRefused

    try:
        check_name(name)
    except EngineRefused as refused:
        raise typer.BadParameter(str(refused)) from refused
    return name


EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        parser=_engine,
        metavar="NAME",
        help="What embeds photos: a name that `indexer doctor` lists, or openvino-int8. Queries "
        "always take the fastest that agrees.",
        show_default="the fastest that agrees with float32",
    ),
]


class IndexChoice(StrEnum):
    """The values of --index."""

    AUTO = "auto"
    EXACT = "exact"


IndexOption = Annotated[
    IndexChoice,
    typer.Option(
        "--index",
        help="'exact' compares every photo, however many; 'auto' chooses by their number.",
    ),
]
NiceOption = Annotated[
    int,
    typer.Option(min=0, max=19, help="Nice value: the higher, the more other programs go first."),
]
RayOption = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="local|HOST:PORT",
        help="Embed on the Ray cluster with this head; 'local' starts one here for this run.",
    ),
]
Directories = Annotated[
    list[str] | None,
    typer.Argument(
        parser=some,
        metavar="[DIR]...",
        help="Photo folders, or URLs (s3://bucket/folder). Default: those of the library.",
    ),
]


@contextmanager
def library_at(
    path: Path,
    *,
    create: bool = False,
    directories: Iterable[str] = (),
    model: str = "auto",
    engine: str | None = None,
    index: IndexChoice = IndexChoice.AUTO,
    switch: bool = False,
) -> Iterator[Library]:
    """The open library; closed again at the end.

    `directories` are for `open_library`: none that is unfit lets a new library be made.
    """
    from clipcore import open_encoder
    from indexer.library.library import open_library

    opener = partial(open_encoder, engine=engine)
    library = open_library(
        path,
        create=create,
        directories=[location(directory) for directory in directories],
        model=model,
        switch=switch,
        open_encoder=opener,
        index_policy=IndexPolicy(exact_only=index is IndexChoice.EXACT),
    )
    try:
        yield library
    except (ValueError, TypeError, LookupError):
        library.check()  # rows of a damaged database may hold anything
        raise
    finally:
        library.close()


def as_query(words: Iterable[str]) -> str:
    """One query of all words; the path of a file with spaces in it needs no quotes of its own."""
    parts = (word.removeprefix(" ") for word in words)
    return " ".join(quoted(part) if _is_file(part) else part for part in parts)


def _is_file(text: str) -> bool:
    """Whether this is the path of a file that the shell has handed over in one piece."""
    try:
        return bool(FILE.match(text)) and Path(text).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):  # too long, with a NUL, of nobody's home
        return False


class OneAnswer:
    """How a command ends that is the last one of its process and has somebody wait for it.

    Of a cold query a tenth went into the search for garbage, which an import leaves little of, and
    a sixth into giving back the model's memory piece by piece.
    """

    def __init__(self) -> None:
        self.held: object | None = None

    def hold(self, library: Library) -> None:
        """Keep what the library has in memory: the process ends with the answer, at once."""
        self.held = library


def one_answer(context: typer.Context) -> OneAnswer:
    """The answer after which `main` ends the process; one without effect where others go on."""
    answer = context.find_object(OneAnswer)
    if answer is None:
        return OneAnswer()
    gc.disable()
    return answer


def pool_factory(ray: str | None) -> PoolFactory:
    """The pool factory of a rebuild. Raises for an impossible address before any scan."""
    from indexer.ingest.workers import local_pool

    if ray is None:
        return local_pool
    from indexer.ingest.ray_cluster import check
    from indexer.ingest.ray_workers import ray_pool

    check(ray)
    return partial(ray_pool, ray)


def add_roots(library: Library, directories: list[str] | None) -> None:
    """Add the photo directories given. Raises RootError if the library has none then."""
    for directory in directories or ():
        library.add_root(location(directory))
    if not library.roots():
        raise RootError(N_("the library has no photo directory yet: name one"))


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set: what is in hand is finished, then it ends."""
    stopped = threading.Event()

    def stop(_signal: int, _frame: object) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Commands(TyperGroup):
    """The commands; Ctrl-C ends each with one line and the exit code that shells expect."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the arguments name."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stopped:
            complain(f"stopped: {stopped}" if str(stopped) else "stopped")
            raise typer.Exit(INTERRUPTED) from None


@contextmanager
def stops_with(left: str) -> Iterator[None]:
    """Ctrl-C within this block ends the command with this text: what is done, and what is left."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(left) from None


@contextmanager
def errors_alone(*loggers: str) -> Iterator[None]:
    """Log no warnings of these: the command prints what they warn of."""
    before = {name: logging.getLogger(name).level for name in loggers}
    for name in loggers:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def configure_logging(level: int) -> None:
    """Log what our packages say from `level` on, and what others warn of."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        OneLine("%(asctime)s %(levelname)s %(message)s", is_terminal=sys.stderr.isatty)
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    for package in ("app", "indexer", "clipcore"):
        logging.getLogger(package).setLevel(level)
    # Pillow warns of oddities in files that it reads all the same
    warnings.filterwarnings("ignore", module=r"PIL\.")

"""The commands around the daemon: run it, with or without the page; pause it; make it a service."""

from __future__ import annotations

import logging
import threading
import warnings
from contextlib import ExitStack
from enum import StrEnum
from getpass import GetPassWarning, getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from clipcore.messages import N_
from indexer.cli import output
from indexer.cli.options import (
    Directories,
    EngineOption,
    IndexChoice,
    IndexOption,
    LibraryOption,
    ModelOption,
    NiceOption,
    add_roots,
    configure_logging,
    library_at,
    some,
    stopped_by_signals,
    stops_with,
)
from indexer.cli.terminal import complain, print_lines
from indexer.daemon.schedule import EVERY_MIN
from indexer.errors import AccessError, LibraryBusy
from indexer.location import expanded
from indexer.serving.access import LOOPBACK, Access

if TYPE_CHECKING:
    from indexer.library.library import Library


class OnBattery(StrEnum):
    """The daemon's behaviour while the machine runs on battery."""

    run = "run"
    pause = "pause"


log = logging.getLogger(__name__)

LAST_PORT: Final = 65_535

app = typer.Typer()
service_app = typer.Typer(help="Run the daemon as a service of this machine.", no_args_is_help=True)

EveryOption = Annotated[
    float, typer.Option(metavar="MINUTES", min=0.1, help="How often to scan all folders.")
]
ThreadsOption = Annotated[
    int | None,
    typer.Option(min=1, help="Threads the encoder computes with.", show_default="all processors"),
]
BatteryOption = Annotated[
    OnBattery, typer.Option(help="'pause': index nothing while the machine runs on battery.")
]
MetricsOption = Annotated[
    int | None,
    typer.Option(
        "--metrics",
        metavar="PORT",
        min=0,
        max=LAST_PORT,
        help="Prometheus text at 127.0.0.1:PORT/metrics; 0 picks a free port.",
    ),
]


@app.command()
def watch(
    library: LibraryOption,
    directories: Directories = None,
    model: ModelOption = "auto",
    engine: EngineOption = None,
    index: IndexOption = IndexChoice.AUTO,
    every: EveryOption = EVERY_MIN,
    nice: NiceOption = 10,
    threads: ThreadsOption = None,
    battery: BatteryOption = OnBattery.run,
    metrics: MetricsOption = None,
) -> None:
    """Keep the library in line with its photo folders until stopped."""
    from indexer.daemon.priority import limit_threads, lower_priority

    configure_logging(logging.INFO)
    lower_priority(nice)
    if threads:
        limit_threads(threads)
    with (
        stopped_by_signals() as stopped,
        library_at(
            library,
            create=bool(directories),
            directories=directories or (),
            model=model,
            engine=engine,
            index=index,
        ) as opened,
    ):
        add_roots(opened, directories)
        with ExitStack() as background:
            _serve_metrics(background, opened, metrics)
            _run_daemon(opened, stopped, every, battery)


@app.command()
def serve(
    library: LibraryOption,
    directories: Directories = None,
    model: ModelOption = "auto",
    engine: EngineOption = None,
    index: IndexOption = IndexChoice.AUTO,
    port: Annotated[
        int, typer.Option(min=0, max=LAST_PORT, help="The page's port; 0 picks a free one.")
    ] = 8501,
    host: Annotated[
        str,
        typer.Option(
            help="The address the page listens on; 0.0.0.0 is every address of this machine. "
            "Beyond 127.0.0.1 it requires a password (`indexer password`) or --oidc."
        ),
    ] = LOOPBACK,
    oidc: Annotated[
        str | None,
        typer.Option(
            parser=some,
            metavar="FILE",
            help="People log in with an OpenID provider, as this file describes.",
        ),
    ] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="A proxy in front of the page, by address or network: its X-Forwarded-For and "
            "X-Forwarded-Proto are trusted. Repeatable.",
        ),
    ] = None,
    every: EveryOption = EVERY_MIN,
    nice: NiceOption = 10,
    threads: ThreadsOption = None,
    battery: BatteryOption = OnBattery.run,
    metrics: MetricsOption = None,
) -> None:
    """Serve the page and keep the library in line with its photo folders until stopped.

    If a daemon is already running, only the page is served.
    """
    from indexer.daemon.priority import limit_threads, lower_priority
    from indexer.serving.serve import page_served

    configure_logging(logging.INFO)
    with (
        stopped_by_signals() as stopped,
        library_at(
            library,
            create=True,
            directories=directories or (),
            model=model,
            engine=engine,
            index=index,
        ) as opened,
    ):
        if directories:
            add_roots(opened, directories)
        with ExitStack() as background:
            config = expanded(Path(oidc)).absolute() if oidc else None
            access = Access(host, config, tuple(proxy or ()))
            port = background.enter_context(
                page_served(opened.path, port, stopped.set, index, access)
            )
            _serve_metrics(background, opened, metrics)
            # after the page has started: it must answer as quickly as ever
            lower_priority(nice)
            if threads:
                limit_threads(threads)
            print_lines(output.page_text(access, port))
            try:
                _run_daemon(opened, stopped, every, battery)
            except LibraryBusy as busy:
                complain(f"serving only the page: {busy}")
                stopped.wait()


@app.command()
def password(
    library: LibraryOption,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the password.")] = False,
) -> None:
    """Set or remove the password of the page."""
    from indexer.serving.password import remove_password, set_password

    with library_at(library) as opened:
        if remove:
            remove_password(opened.path)
        else:
            with stops_with("no password was set"):
                set_password(opened.path, _typed_password())


def _typed_password() -> str:
    """A password, typed twice and unseen at a terminal. Raises AccessError."""
    try:
        with warnings.catch_warnings(action="error", category=GetPassWarning):  # it would be seen
            while True:
                typed = getpass("Password: ")
                if typed == getpass("Repeat: "):
                    return typed
                complain("the passwords differ: try again")
    except (EOFError, GetPassWarning):
        raise AccessError(N_("no password was given: type it in a terminal")) from None


@app.command()
def pause(library: LibraryOption) -> None:
    """Pause indexing until `indexer resume`, across restarts."""
    with library_at(library) as opened:
        opened.control.pause()


@app.command()
def resume(library: LibraryOption) -> None:
    """Resume indexing."""
    with library_at(library) as opened:
        opened.control.resume()


@service_app.command("install")
def service_install(library: LibraryOption) -> None:
    """Start the daemon now and whenever you log in."""
    from indexer.daemon.service import service_of

    with library_at(library) as opened:
        roots = [root.path for root in opened.roots() if isinstance(root.path, Path)]
        print_lines([service_of(opened.path, roots).install()])


@service_app.command("status")
def service_status(library: LibraryOption) -> None:
    """Show whether the daemon is a service, and whether it runs."""
    from indexer.daemon.service import service_of

    print_lines([service_of(library.absolute()).status()])


@service_app.command("uninstall")
def service_uninstall(library: LibraryOption) -> None:
    """Stop the service and remove it; the library stays."""
    from indexer.daemon.service import service_of

    print_lines([service_of(library.absolute()).uninstall()])


def _serve_metrics(background: ExitStack, library: Library, port: int | None) -> None:
    if port is not None:
        from indexer.daemon.metrics import metrics_served

        port = background.enter_context(metrics_served(library, port))
        log.info("metrics at http://%s:%d/metrics", LOOPBACK, port)


def _run_daemon(
    library: Library, stopped: threading.Event, every_min: float, battery: OnBattery
) -> None:
    from indexer.daemon.daemon import Daemon
    from indexer.daemon.priority import on_battery

    if battery is OnBattery.pause:
        Daemon(library, 60 * every_min, on_battery, stopped).run()
    else:
        Daemon(library, 60 * every_min, stopped=stopped).run()

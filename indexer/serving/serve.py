"""Runs the page as a process of its own beside the daemon."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from clipcore.messages import N_
from indexer.environment import INDEX, LIBRARY, OIDC
from indexer.errors import IndexerError
from indexer.serving.access import LOOPBACK, Access

HOST: Final = LOOPBACK
STOP_S: Final = 5


def server_command(port: int, access: Access = Access()) -> list[str]:  # noqa: B008 - frozen
    """The command that serves the page. The page itself is not imported."""
    spec = importlib.util.find_spec("app")
    if spec is None or spec.origin is None:
        raise IndexerError(
            N_("the page's package is not installed: install recollect-photos again")
        )
    where = str(Path(spec.origin).parents[1])
    # not -m: it would take whatever package lies in the working directory under this name
    start = f"import sys; sys.path.insert(0, {where!r}); from app.http_server import main; main()"
    return [sys.executable, "-P", "-c", start, *server_arguments(port, access)]


def server_arguments(port: int, access: Access = Access()) -> list[str]:  # noqa: B008 - frozen
    """The arguments of app/http_server.py: where it listens, and the proxies that it believes."""
    proxies = [part for proxy in access.proxies for part in ("--proxy", proxy)]
    return ["--host", access.host, "--port", str(port), *proxies]


@contextmanager
def page_served(
    library: Path,
    port: int,
    on_exit: Callable[[], None],
    index: str = "auto",
    access: Access = Access(),  # noqa: B008 - frozen
) -> Iterator[int]:
    """Serve the page meanwhile, at the port that this yields; `on_exit` is called when it ends by
    itself.

    `port` 0 takes a free one. `index` is the kind of index that the page searches: "auto" or
    "exact".

    Raises IndexerError if the port is taken, AccessError if the page would be open to anybody.
    """
    access.check(library)
    port = _usable(access.host, port)
    environment = {**os.environ, LIBRARY: str(library), INDEX: index}
    if access.oidc:
        environment[OIDC] = str(access.oidc)
    command = server_command(port, access)
    # a session of its own: Ctrl-C in the terminal is ours to pass on, once
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    threading.Thread(target=_when_ended, args=(process, on_exit), daemon=True).start()
    try:
        yield port
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _when_ended(process: subprocess.Popen[bytes], on_exit: Callable[[], None]) -> None:
    process.wait()
    on_exit()


def _usable(host: str, port: int) -> int:
    """The port, or a free one for 0. Raises IndexerError if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise IndexerError(
                N_("port {port} on {host} cannot be used ({why}): choose another with --port"),
                port=port,
                host=host,
                why=error.strerror,
            ) from error
        return int(probe.getsockname()[1])

"""The page served to a browser, and what a person does first on it."""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, expect

from indexer.environment import FOLDERS
from indexer.serving.access import Access
from indexer.serving.serve import HOST, server_arguments
from tests import forks
from tests.app.chromium import WAIT_MS
from tests.waiting import eventually

EXPLORED_MS = 5 * WAIT_MS  # Explore draws at the lowest priority

_new: Final = multiprocessing.get_context("spawn")  # where what it imports is of interest
_ports: Final[list[int]] = []  # of servers; what a browser has loaded from one, it has for the next


@contextmanager
def served(
    library: Path,
    access: Access = Access(),  # noqa: B008
    *,
    errors: Path | None = None,
    first: Callable[[], None] | None = None,
    **environment: str,
) -> Iterator[str]:
    """The page's address while it is served; `errors` has what it says of errors.

    The server calls `first` before all else: its imports come after it.
    """
    port = free_port()
    settings = {
        **os.environ,
        "RECOLLECT_LIBRARY": str(library),
        FOLDERS: str(library.parent / "home"),  # where folders may be chosen
        **environment,
    }
    arguments = server_arguments(port, access)
    context = _new if first else forks.context
    server = context.Process(target=_serve, args=(arguments, settings, errors, first))
    server.start()
    try:
        wait_for(server, port)
        yield f"http://{HOST}:{port}/"
    finally:
        server.terminate()
        server.join()


def free_port() -> int:
    """A port that a server had before, if none listens there now."""
    for port in (*_ports, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            if not port:
                _ports.append(probe.getsockname()[1])
            return int(probe.getsockname()[1])
    raise OSError("no port is free")


def _serve(
    arguments: list[str],
    environment: Mapping[str, str],
    errors: Path | None,
    first: Callable[[], None] | None,
) -> None:
    """Be the server, as the command of indexer/serving/serve.py is it."""
    if first:
        first()
    from app.http_server import main

    os.environ.clear()
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if errors:
        os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    sys.argv = ["app.http_server", *arguments]
    main()


def wait_for(server: BaseProcess, port: int) -> None:
    """Until it takes connections."""
    eventually(lambda: not server.is_alive() or answers(port))
    assert server.is_alive(), "the server has ended"


def answers(port: int) -> bool:
    """Whether something takes connections there."""
    try:
        socket.create_connection((HOST, port), 1).close()
    except OSError:
        return False
    return True


def search(page: Page, query: str) -> None:
    """Type a query into the box and press Enter."""
    box = page.get_by_label("Search your photos")
    box.fill(query)
    box.press("Enter")


def names(page: Page) -> list[str]:
    """The names of the photos that were found, once there are any."""
    expect(page.locator(".st-key-newest")).to_have_count(0)
    page.locator(".opener").first.wait_for()
    return page.locator(".opener .name").all_inner_texts()

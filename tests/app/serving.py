"""The page served to a browser, and what a person does first on it."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from playwright.sync_api import Page, expect

from indexer.environment import FOLDERS
from indexer.serving.access import Access
from indexer.serving.serve import HOST, server_command
from tests.app.chromium import WAIT_MS
from tests.waiting import eventually

EXPLORED_MS = 5 * WAIT_MS  # Explore draws at the lowest priority


@contextmanager
def served(
    library: Path,
    access: Access = Access(),  # noqa: B008
    *,
    errors: Path | None = None,
    **environment: str,
) -> Iterator[str]:
    """The page's address while it is served; `errors` has what it says of errors."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    settings = {
        **os.environ,
        "RECOLLECT_LIBRARY": str(library),
        FOLDERS: str(library.parent / "home"),  # where folders may be chosen
        **environment,
    }
    command = server_command(port, access)
    with errors.open("w") if errors else nullcontext() as log:
        server = subprocess.Popen(command, env=settings, stdout=subprocess.DEVNULL, stderr=log)
    try:
        _wait_for(server, port)
        yield f"http://{HOST}:{port}/"
    finally:
        server.terminate()
        server.wait()


def _wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    eventually(lambda: server.poll() is not None or answers(port))
    assert server.poll() is None, "the server has ended"


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

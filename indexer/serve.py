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

from indexer.access import LOOPBACK, OIDC_VARIABLE, Access, needs_login
from indexer.errors import IndexerError

HOST: Final = LOOPBACK
OWN_NAMES: Final = ("localhost", LOOPBACK, "::1")
STOP_S: Final = 5
# A config.toml is read from the working directory only: everything goes along as options.
SERVER_FLAGS: Final = (
    *("--server.headless", "true"),
    *("--server.fileWatcherType", "none"),
    *("--browser.gatherUsageStats", "false"),
    *("--client.toolbarMode", "minimal"),
    *("--logger.hideWelcomeMessage", "true"),
    *("--client.showErrorDetails", "none"),  # tracebacks go to the log, not to the page
    *("--server.enableCORS", "true"),  # other sites may not speak to the page
    *("--server.enableXsrfProtection", "true"),
    *("--theme.baseRadius", "0.5rem"),
    *("--theme.light.primaryColor", "#b4460f"),
    *("--theme.light.backgroundColor", "#fffdfa"),
    *("--theme.light.secondaryBackgroundColor", "#f5f0e9"),
    *("--theme.light.textColor", "#2a2420"),
    *("--theme.light.borderColor", "#e2d9cd"),
    *("--theme.dark.primaryColor", "#f0935a"),
    *("--theme.dark.backgroundColor", "#161412"),
    *("--theme.dark.secondaryBackgroundColor", "#221f1c"),
    *("--theme.dark.textColor", "#efe9e2"),
    *("--theme.dark.borderColor", "#3b3630"),
)


def server_command(port: int, access: Access = Access()) -> list[str]:  # noqa: B008 - frozen
    """The command that serves the page. The page itself is not imported."""
    spec = importlib.util.find_spec("app")
    if spec is None or spec.origin is None:
        raise IndexerError("the page's package is not installed: install recollect-photos again")
    page = Path(spec.origin).with_name("server.py")
    address = ["--server.address", access.host, "--server.port", str(port)]
    if access.oidc:
        address += ["--secrets.files", str(access.oidc)]
    return [sys.executable, "-m", "streamlit", "run", str(page), *address, *SERVER_FLAGS]


@contextmanager
def page_served(
    library: Path,
    port: int,
    on_exit: Callable[[], None],
    index: str = "auto",
    access: Access = Access(),  # noqa: B008 - frozen
) -> Iterator[None]:
    """Serve the page meanwhile; `on_exit` is called when it ends by itself.

    `index` is the kind of index that the page searches: "auto" or "exact".

    Raises IndexerError if the port is taken, AccessError if the page would be open to anybody.
    """
    access.check(library)
    _refuse_taken(access.host, port)
    environment = {**os.environ, "RECOLLECT_LIBRARY": str(library), "RECOLLECT_INDEX": index}
    if access.oidc:
        environment[OIDC_VARIABLE] = str(access.oidc)
    command = [*server_command(port, access), *_names(access, library)]
    # a session of its own: Ctrl-C in the terminal is ours to pass on, once
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    threading.Thread(target=_when_ended, args=(process, on_exit), daemon=True).start()
    try:
        yield
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


def _names(access: Access, library: Path) -> list[str]:
    """Options that bind a page without a login to this machine's own names: a site elsewhere whose
    name is made to mean 127.0.0.1 could read it otherwise."""
    if needs_login(access.host, library):
        return []
    return [part for name in OWN_NAMES for part in ("--server.allowedHosts", name)]


def _refuse_taken(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise IndexerError(
                f"port {port} on {host} cannot be used ({error.strerror}): "
                "choose another with --port"
            ) from error

"""Serves the web application over HTTP: `python -m app.http_server --port 8501`.

Uvicorn with bounds on what a connection may take, and Streamlit's options. Knows nothing of what
is served.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import math
import resource
import socket
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import uvicorn
from streamlit.config import get_config_options
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.http.guard import MESSAGE_BYTES
from app.server import page_app

SILENT: Final = 64  # connections from which no request has come yet
SILENT_S: Final = 10.0  # a browser sends its request at once
REQUEST_BYTES: Final = 32_000  # a request's head; uvicorn's own limit is twice that
CONNECTIONS: Final = 600
OPEN_FILES: Final = 4_096
STOP_S: Final = 2
PING_S: Final = 30  # a page that does not answer for so long is gone
MESSAGE_MB: Final = 200  # to the browser: the picture of a large library is sent as one
WIDGETS_MB: Final = math.ceil(MESSAGE_BYTES / 1_000_000)
# Streamlit's own.
OPTIONS: Final[Mapping[str, object]] = {
    "server.fileWatcherType": "none",
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.enableWebsocketCompression": False,
    "server.maxUploadSize": 1,
    "server.maxMessageSize": MESSAGE_MB,
    "server.maxWidgetStateSize": WIDGETS_MB,
    "runner.fastReruns": False,  # a run that ends would take the events of the next one along
    "runner.postScriptGC": False,  # the models' heap is large: a fifth of a second for each event
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",  # tracebacks go to the log, not to the page
    "logger.enableRich": False,  # it writes them to standard output, in colours
    "logger.level": "error",  # nothing that a browser sends fills the log
    "logger.hideWelcomeMessage": True,
    "theme.baseRadius": "0.5rem",
    "theme.light.primaryColor": "#b4460f",
    "theme.light.backgroundColor": "#fffdfa",
    "theme.light.secondaryBackgroundColor": "#f5f0e9",
    "theme.light.textColor": "#2a2420",
    "theme.light.borderColor": "#e2d9cd",
    "theme.dark.primaryColor": "#f0935a",
    "theme.dark.backgroundColor": "#161412",
    "theme.dark.secondaryBackgroundColor": "#221f1c",
    "theme.dark.textColor": "#efe9e2",
    "theme.dark.borderColor": "#3b3630",
}


class BoundedProtocol(H11Protocol):
    """HTTP of one connection, which ends where no request comes.

    Of those that wait for their first request, or go slowly about it, the oldest gives way.
    """

    silent: ClassVar[OrderedDict[BoundedProtocol, asyncio.TimerHandle]] = OrderedDict()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection; where there are too many, end it, or a silent one."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS:
            transport.abort()
            return
        self._expect_request()
        if len(self.silent) > SILENT:
            oldest, _ = next(iter(self.silent.items()))
            oldest.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._stop_waiting()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Bytes have come: of a whole request, or of a part of one."""
        before = self.scope
        super().handle_events()
        if self.scope is not before:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """The next request is waited for."""
        if self.transport is not None and not self.transport.is_closing():
            self._expect_request()
        super().on_response_complete()

    def drop(self) -> None:
        """End the connection."""
        self._stop_waiting()
        self.transport.abort()

    def _expect_request(self) -> None:
        self._stop_waiting()
        self.silent[self] = self.loop.call_later(SILENT_S, self.drop)

    def _stop_waiting(self) -> None:
        if timer := self.silent.pop(self, None):
            timer.cancel()


def run(host: str, port: int, proxies: list[str]) -> None:
    """Serve until the process is asked to end. `proxies` are believed of whom they speak for."""
    set_options(host, port)
    _allow_open_files()
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # else strangers fill the log
    config = uvicorn.Config(
        page_app(host),
        http=BoundedProtocol,
        h11_max_incomplete_event_size=REQUEST_BYTES,
        ws="websockets-sansio",
        ws_max_size=MESSAGE_BYTES,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        ws_per_message_deflate=False,  # a few bytes would become many
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        server_header=False,
        log_config=None,  # Streamlit's
        access_log=False,
        timeout_graceful_shutdown=STOP_S,
    )
    with _listening(host, port) as listening:
        uvicorn.Server(config).run([listening])


def set_options(host: str, port: int) -> None:
    """Streamlit's options, over those of any config.toml."""
    where = {"server.address": host, "server.port": port, "server.headless": True}
    get_config_options(force_reparse=True, options_from_flags={**OPTIONS, **where})


def _allow_open_files() -> None:
    """Sessions and their databases take more than the 1,024 files that a process may open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _listening(host: str, port: int) -> socket.socket:
    """On :: for IPv4 too."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both: dict[str, Any] = {"dualstack_ipv6": True} if host == "::" else {}
    return socket.create_server((host, port), family=family, **both)


def main() -> None:
    """The arguments are those of a process that `indexer serve` starts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--proxy", action="append", default=[])
    arguments = parser.parse_args()
    run(arguments.host, arguments.port, arguments.proxy)


if __name__ == "__main__":
    main()

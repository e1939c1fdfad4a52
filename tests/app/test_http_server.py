"""Connections to the server: believed proxies, and what Streamlit is told."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from app.http_server import OPTIONS, SILENT, BoundedProtocol
from benchmarks.attack import Target
from indexer import environment
from indexer.errors import AccessError
from indexer.serving.access import Access
from indexer.serving.serve import HOST
from tests.app.chromium import WAIT_MS
from tests.app.serving import served

pytestmark = pytest.mark.slow

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server behind a proxy on this machine. Nobody logs in: it needs no library."""
    library = tmp_path_factory.mktemp("proxied") / "library"
    access = Access("0.0.0.0", proxies=("127.0.0.0/8",))
    with served(library, access, **{environment.PASSWORD: PASSWORD}) as address:
        host, _, port = address.removeprefix("http://").strip("/").partition(":")
        yield Target(host, int(port))


def test_named_proxy_is_believed_of_whom_it_speaks_for(target: Target) -> None:
    statuses = [
        target.log_in("wrong", X_Forwarded_For=address)[0]
        for address in ("10.0.0.1", "10.0.0.2", "10.0.0.2", "2001:db8::1", "2001:db8::2")
    ]
    assert statuses == [401, 401, 429, 401, 429]


def test_origin_has_the_scheme_that_the_proxy_speaks(target: Target) -> None:
    origin = {"Origin": f"https://{target.authority}", "Accept": "text/html"}
    assert target.ask("GET", "/", origin)[0] == 403
    assert target.ask("GET", "/", {**origin, "X-Forwarded-Proto": "https"})[0] == 401


def test_of_very_many_silent_connections_the_oldest_are_closed(target: Target) -> None:
    opened = [socket.create_connection((target.host, target.port)) for _ in range(2 * SILENT)]
    try:
        opened[0].settimeout(WAIT_MS / 1000)
        with suppress(ConnectionResetError):
            assert opened[0].recv(1) == b""
        opened[-1].sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert opened[-1].recv(12) == b"HTTP/1.1 401"
    finally:
        for connection in opened:
            connection.close()


@contextmanager
def served_here() -> Iterator[tuple[str, int]]:
    """Where a thread serves an application that has no pages."""
    with socket.create_server((HOST, 0)) as listening:
        config = uvicorn.Config(Starlette(), http=BoundedProtocol, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield listening.getsockname()
        finally:
            server.should_exit = True
            thread.join()


def test_of_very_many_connections_no_more_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.http_server.CONNECTIONS", 1)
    with (
        served_here() as place,
        socket.create_connection(place, WAIT_MS / 1000) as first,
        socket.create_connection(place, WAIT_MS / 1000) as second,
    ):
        with suppress(ConnectionResetError):
            assert second.recv(1) == b""
        first.setblocking(False)
        with pytest.raises(BlockingIOError):  # it is open
            first.recv(1)


def test_streamlit_is_told_its_options_over_those_of_a_file(tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    told = "[browser]\ngatherUsageStats = true\n[server]\nenableXsrfProtection = false\n"
    (tmp_path / ".streamlit" / "config.toml").write_text(told)
    code = (
        "from app.http_server import OPTIONS, set_options\n"
        "import streamlit as st\n"
        "set_options('127.0.0.1', 8501)\n"
        "print([name for name, value in OPTIONS.items() if st.get_option(name) != value])\n"
        "print(st.get_option('server.address'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["[]", "127.0.0.1"]
    assert OPTIONS["browser.gatherUsageStats"] is False


@pytest.mark.parametrize("proxy", ["*", "proxy.example", "10.0.0.1/8", ""])
def test_proxy_is_an_address_or_a_network(proxy: str, tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="--proxy"):
        Access(proxies=(proxy,)).check(tmp_path)

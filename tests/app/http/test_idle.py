"""A WebSocket of a page that says nothing any more is closed, whatever else comes over it."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from app.auth.admission import COOKIE, Admission
from app.auth.sessions import Sessions
from app.http.guard import IDLE_S, STREAM, Guard
from app.views.frame import PULSE_S
from indexer.serving.access import LOOPBACK
from indexer.serving.password import password_mark, set_password

pytestmark = pytest.mark.slow

SHORT_S = 2.0
LONG_S = 600.0
WAIT_S = 60.0
EXPECTED = BackMsg(app_heartbeat=True).SerializeToString()
DROPPED = BackMsg(load_git_info=True).SerializeToString()


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands behind the guard: sends back what reaches it."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "bytes": message["bytes"]})


async def draw_on(scope: Scope, receive: Receive, send: Send) -> None:
    """Draws for longer than a page may be idle, after the one message that asked for it."""
    await receive()
    await send({"type": "websocket.accept"})
    await receive()
    for _ in range(8):
        await asyncio.sleep(SHORT_S / 4)
        await send({"type": "websocket.send", "bytes": b"drawn"})
    await send({"type": "websocket.send", "bytes": b"done"})
    while (await receive())["type"] == "websocket.receive":
        pass


class Served:
    """Guarded applications on this machine, each with logins of its own."""

    def __init__(self, library: Path) -> None:
        self.library = library
        self.sessions = Sessions()

    @contextmanager
    def stream(self, app: ASGIApp, idle_s: float) -> Iterator[ClientConnection]:
        """A WebSocket with a login, which answers pings."""
        set_password(self.library, "correct horse")
        token = self.sessions.begin(password_mark(self.library) or "")
        admission = Admission("0.0.0.0", self.library, None, self.sessions)
        nothing: frozenset[str] = frozenset()
        guard = Guard(app, app, admission, nothing, nothing, nothing, idle_s)
        with socket.create_server((LOOPBACK, 0)) as listening:
            config = uvicorn.Config(
                guard, lifespan="off", log_config=None, ws="websockets-sansio", ws_ping_interval=0.5
            )
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, args=([listening],))
            thread.start()
            try:
                url = f"ws://{LOOPBACK}:{listening.getsockname()[1]}{STREAM}"
                cookie = {"Cookie": f"{COOKIE}={token}"}
                with connect(url, additional_headers=cookie, proxy=None) as stream:
                    yield stream
            finally:
                server.should_exit = True
                thread.join()


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return Served(tmp_path)


def ends(stream: ClientConnection, send: Callable[[], object] = lambda: None) -> bool:
    """Whether the server closes it, while `send` is called every now and then."""
    until_s = time.monotonic() + WAIT_S
    while time.monotonic() < until_s:
        try:
            send()
            stream.recv(timeout=0.2)
        except TimeoutError:
            continue
        except ConnectionClosed:
            return True
    return False


def test_page_that_says_nothing_is_closed_though_it_answers_pings(served: Served) -> None:
    with served.stream(echo, SHORT_S) as stream:
        stream.send(EXPECTED)
        assert stream.recv(timeout=WAIT_S) == EXPECTED
        assert ends(stream)


def test_messages_that_the_page_never_sends_keep_nothing_open(served: Served) -> None:
    with served.stream(echo, SHORT_S) as stream:
        stream.send(EXPECTED)
        assert ends(stream, lambda: stream.send(DROPPED))


def test_page_that_sends_stays_open(served: Served) -> None:
    with served.stream(echo, SHORT_S) as stream:
        until_s = time.monotonic() + 2 * SHORT_S
        while time.monotonic() < until_s:
            stream.send(EXPECTED)
            assert stream.recv(timeout=WAIT_S) == EXPECTED
            time.sleep(0.1)


def test_page_that_is_drawn_for_long_is_not_idle(served: Served) -> None:
    with served.stream(draw_on, SHORT_S) as stream:
        stream.send(EXPECTED)
        while stream.recv(timeout=WAIT_S) != b"done":
            pass


@pytest.mark.parametrize("data", [EXPECTED, DROPPED])
def test_end_of_a_login_closes_a_page_that_never_pauses(served: Served, data: bytes) -> None:
    with served.stream(echo, LONG_S) as stream:
        stream.send(EXPECTED)
        assert stream.recv(timeout=WAIT_S) == EXPECTED
        set_password(served.library, "correct horse")
        assert ends(stream, lambda: stream.send(data))


def test_open_page_sends_often_enough() -> None:
    assert 2 * PULSE_S <= IDLE_S  # a browser in the background wakes once a minute

"""A WebSocket of a page that says nothing any more is closed, whatever else comes over it."""

from __future__ import annotations

import asyncio
import logging
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
from app.http.guard import FIRST_MESSAGE_S, IDLE_S, STREAM, Guard
from app.views.frame import PULSE_S
from indexer.serving.access import LOOPBACK
from indexer.serving.password import password_mark, set_password
from tests.waiting import eventually

pytestmark = pytest.mark.slow

WAIT_S = 60.0
EXPECTED = BackMsg(app_heartbeat=True).SerializeToString()
DROPPED = BackMsg(load_git_info=True).SerializeToString()


class Clock:
    """Time for the guard, which goes on where a test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.asked = 0

    def __call__(self) -> float:
        self.asked += 1
        return self.now_s


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands behind the guard: sends back what reaches it."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "bytes": message["bytes"]})


def drawing(clock: Clock) -> ASGIApp:
    """Draws for longer than a page may be idle, after the one message that asked for it."""

    async def draw_on(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        ended = asyncio.create_task(receive())
        for _ in range(4):
            clock.now_s += 0.6 * IDLE_S
            await send({"type": "websocket.send", "bytes": b"drawn"})
            asked = clock.asked
            while clock.asked == asked and not ended.done():  # until the guard has looked
                await asyncio.sleep(0.01)
        await send({"type": "websocket.send", "bytes": b"done"})
        await ended

    return draw_on


class Served:
    """Guarded applications on this machine, each with logins of its own."""

    def __init__(self, library: Path) -> None:
        self.library = library
        self.sessions = Sessions()
        self.clock = Clock()

    @contextmanager
    def stream(self, app: ASGIApp) -> Iterator[ClientConnection]:
        """A WebSocket with a login, which answers pings."""
        set_password(self.library, "correct horse")
        token = self.sessions.begin(password_mark(self.library) or "")
        admission = Admission("0.0.0.0", self.library, None, self.sessions)
        nothing: frozenset[str] = frozenset()
        guard = Guard(app, app, admission, nothing, nothing, nothing, self.clock)
        with socket.create_server((LOOPBACK, 0)) as listening:
            config = uvicorn.Config(
                guard, lifespan="off", log_config=None, ws="websockets-sansio", ws_ping_interval=0.1
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
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Served:
    monkeypatch.setattr("app.http.guard.CHECK_S", 0.1)
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


def test_page_that_says_nothing_is_closed_though_it_answers_pings(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "websockets.client")
    with served.stream(echo) as stream:
        stream.send(EXPECTED)
        assert stream.recv(timeout=WAIT_S) == EXPECTED
        served.clock.now_s += IDLE_S
        caplog.clear()
        eventually(lambda: "> PONG" in caplog.text)
        served.clock.now_s += 1
        assert ends(stream)


def test_page_that_never_says_anything_is_closed(served: Served) -> None:
    with served.stream(echo) as stream:
        served.clock.now_s += FIRST_MESSAGE_S + 1
        assert ends(stream)


def test_messages_that_the_page_never_sends_keep_nothing_open(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with served.stream(echo) as stream:
        stream.send(EXPECTED)
        assert stream.recv(timeout=WAIT_S) == EXPECTED
        served.clock.now_s += IDLE_S
        stream.send(DROPPED)
        eventually(lambda: "was dropped" in caplog.text)
        served.clock.now_s += 1
        assert ends(stream, lambda: stream.send(DROPPED))


def test_page_that_sends_stays_open(served: Served) -> None:
    with served.stream(echo) as stream:
        for _ in range(4):
            stream.send(EXPECTED)
            assert stream.recv(timeout=WAIT_S) == EXPECTED
            served.clock.now_s += 0.6 * IDLE_S


def test_page_that_is_drawn_for_long_is_not_idle(served: Served) -> None:
    with served.stream(drawing(served.clock)) as stream:
        stream.send(EXPECTED)
        while stream.recv(timeout=WAIT_S) != b"done":
            pass


@pytest.mark.parametrize("data", [EXPECTED, DROPPED])
def test_end_of_a_login_closes_a_page_that_never_pauses(served: Served, data: bytes) -> None:
    with served.stream(echo) as stream:
        stream.send(EXPECTED)
        assert stream.recv(timeout=WAIT_S) == EXPECTED
        set_password(served.library, "correct horse")
        assert ends(stream, lambda: stream.send(data))


def test_open_page_sends_often_enough() -> None:
    assert 2 * PULSE_S <= IDLE_S  # a browser in the background wakes once a minute

"""What the guard sends over a WebSocket, and what it keeps from the page behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from app.auth.admission import COOKIE, Admission
from app.auth.sessions import Sessions, name_of
from app.http.guard import IDLE_S, STREAM, Guard
from indexer.serving.access import LOOPBACK
from indexer.serving.password import password_mark, set_password
from tests.app.http.test_guard import OWN, scope

ALIVE: Final = BackMsg(app_heartbeat=True).SerializeToString()
STOP: Final = BackMsg(stop_script=True).SerializeToString()


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    """Behind the guard: sends back twice what comes, until the visitor leaves."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        for _ in range(2):
            await send({"type": "websocket.send", "bytes": message["bytes"]})


def guarded(admission: Admission, clock: Clock | None = None) -> Guard:
    nothing: frozenset[str] = frozenset()
    return Guard(page, page, admission, nothing, frozenset(OWN), nothing, clock or Clock())


async def answers(
    guard: Guard, coming: AsyncIterator[bytes], *, lost: bytes = b"", **headers: str
) -> list[str | bytes]:
    """What a visitor is sent who sends this: bytes, else the kind of the message.

    The connection is lost when these bytes are sent.
    """
    sent: list[str | bytes] = []
    received = messages(coming)

    async def receive() -> Message:
        return await anext(received)

    async def send(message: Message) -> None:
        sent.append(message.get("bytes") or message["type"].removeprefix("websocket."))
        if sent[-1] == lost:
            raise ConnectionResetError

    await guard(scope(STREAM, kind="websocket", **headers), receive, send)
    return sent


async def messages(coming: AsyncIterator[bytes]) -> AsyncIterator[Message]:
    yield {"type": "websocket.connect"}
    async for data in coming:
        yield {"type": "websocket.receive", "bytes": data}
    yield {"type": "websocket.disconnect"}


async def coming(*data: bytes) -> AsyncIterator[bytes]:
    for one in data:
        yield one


def in_a_thread(sent: Coroutine[object, object, list[str | bytes]]) -> list[str | bytes]:
    """Of its own: that of the tests may have the event loop of a browser."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, sent).result()


@pytest.fixture
def own(tmp_path: Path) -> Admission:
    """Of a server that other machines do not reach."""
    return Admission(LOOPBACK, tmp_path, None, Sessions())


def test_of_very_many_pages_no_more_are_opened(
    own: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.http.guard.SESSIONS", 1)
    guard = guarded(own)

    async def meanwhile() -> AsyncIterator[bytes]:
        assert await answers(guard, coming()) == ["close"]
        yield ALIVE

    assert in_a_thread(answers(guard, meanwhile())) == ["accept", ALIVE, ALIVE]
    assert in_a_thread(answers(guard, coming())) == ["accept"]


def test_visitor_who_leaves_while_something_is_sent_is_sent_nothing_more(own: Admission) -> None:
    sent = answers(guarded(own), coming(ALIVE, STOP, ALIVE), lost=STOP)
    assert in_a_thread(sent) == ["accept", ALIVE, ALIVE, STOP]


@pytest.mark.parametrize("is_idle", [True, False])
def test_page_whose_time_or_login_has_ended_is_closed_once_whatever_it_sends(
    tmp_path: Path, is_idle: bool
) -> None:
    set_password(tmp_path, "correct horse")
    sessions, clock = Sessions(), Clock()
    token = sessions.begin(password_mark(tmp_path) or "")
    guard = guarded(Admission("0.0.0.0", tmp_path, None, sessions), clock)

    async def late() -> AsyncIterator[bytes]:
        if is_idle:
            clock.now_s += IDLE_S + 1
        else:
            sessions.end(name_of(token))
        for _ in range(2):
            yield ALIVE

    accepted, *last, closed = in_a_thread(answers(guard, late(), cookie=f"{COOKIE}={token}"))
    assert (accepted, closed) == ("accept", "close")
    assert len(last) == (0 if is_idle else 1)  # the way to the login
    assert ALIVE not in last

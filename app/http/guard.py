"""Checks every request and every message of a WebSocket before Streamlit sees it.

By Host and Origin, by path, by login, and by what the page itself ever sends. Knows nothing of
passwords (login.py), nor of what the pages show.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from google.protobuf.message import DecodeError
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from app.auth.admission import LOGIN_HEADER, Admission
from app.i18n.language import _, language_of, speaking
from clipcore.messages import N_
from indexer.search.query_vector import GIVEN_BYTES

log = logging.getLogger(__name__)

STREAM: Final = "/_stcore/stream"
# Of Streamlit's own paths, those that its script in the browser asks for.
CORE: Final = frozenset((STREAM, "/_stcore/health", "/_stcore/host-config"))
NOT_SERVED: Final = ("_stcore", "auth", "component", "app")  # of Streamlit
METHODS: Final = frozenset(("GET", "HEAD"))
# Of what a browser may send: draw the page, or part of it, again; stop that; is anybody there.
MESSAGES: Final = frozenset(("rerun_script", "stop_script", "app_heartbeat"))
# The largest is a picture to search by, in base64; and some of all else that a page says.
MESSAGE_BYTES: Final = 4 * ((GIVEN_BYTES + 2) // 3) + 1_000_000
WIDGETS: Final = 1_000  # a page has some 30
STATE_BYTES: Final = 4_000_000  # that a session keeps; an event, as a picture is, goes at once
UNUSED_FORMS: Final = ("string_trigger_value", "chat_input_value", "file_uploader_state_value")
EVENT_FORM: Final = "json_trigger_value"
JSON_FORMS: Final = ("json_value", EVENT_FORM)
TEXT_FORM: Final = "string_value"  # for a component Streamlit tries to read it as JSON
SESSIONS: Final = 100  # open at once: each holds four files
FIRST_MESSAGE_S: Final = 20.0  # a browser sends it as soon as it is connected
# Without a message that the page sends, and with nothing to draw: a page that is open sends one
# every PULSE_S, in the background too. One that has slept connects again by itself.
IDLE_S: Final = 300.0
CHECK_S: Final = 1.0  # a login that has ended closes what is open within this time
PORTS: Final = {"http": 80, "https": 443}
SAFE_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "frame-ancestors 'self'",
    "referrer-policy": "same-origin",
}
POLICY_VIOLATION, UNSUPPORTED = 1008, 1003  # RFC 6455


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered, for a person who reads the status."""

    status: int
    reason: str


FOREIGN_HOST: Final = Refusal(403, N_("This page is not served under this name."))
FOREIGN_ORIGIN: Final = Refusal(403, N_("Other sites may not use this page."))
NO_PATH: Final = Refusal(404, N_("Not found."))
NO_METHOD: Final = Refusal(405, N_("Method not allowed."))
NO_LOGIN: Final = Refusal(401, N_("Log in first."))
TOO_MANY: Final = Refusal(503, N_("Too many pages are open: try again in a minute."))


def host_name(host: str) -> str | None:
    """The name in a Host header, in lower case; None for what is no host."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    is_bare = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    return parts.hostname.rstrip(".") if is_bare and parts.hostname else None


def is_same_origin(origin: str, scheme: str, host: str) -> bool:
    """Whether a page of this `origin` came from this server, asked as `scheme`://`host`."""
    try:
        one, other = urlsplit(origin), urlsplit(f"{scheme}://{host}")
        ports = [part.port or PORTS.get(part.scheme) for part in (one, other)]
    except ValueError:
        return False
    is_bare = not (one.path or one.query or one.fragment or "@" in one.netloc)
    same = (one.scheme, one.hostname, ports[0]) == (other.scheme, other.hostname, ports[1])
    return is_bare and same and one.hostname is not None


def is_served(path: str) -> bool:
    """Whether anything that the page needs is at `path`."""
    if path in CORE:
        return True
    start, *parts = path.split("/")
    if start or not parts:  # as in `OPTIONS *`, and in requests to a proxy
        return False
    return parts[0] not in NOT_SERVED and "_stcore" not in parts


def refusal(scope: Scope, names: Iterable[str] | None, posts: Iterable[str]) -> Refusal | None:
    """Why this request is refused, whoever asks; None where it is not.

    `names`: those that the server answers to; None for any. `posts`: paths that take a POST.
    """
    headers = Headers(scope=scope)
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    host = host_name(hosts[0]) if len(hosts) == 1 else None
    if host is None or (names is not None and host not in names):
        return FOREIGN_HOST
    scheme = scope["scheme"].replace("ws", "http")
    if len(origins) > 1 or (origins and not is_same_origin(origins[0], scheme, hosts[0])):
        return FOREIGN_ORIGIN
    if not is_served(scope["path"]):
        return NO_PATH
    if scope["type"] == "websocket":
        return None if scope["path"] == STREAM else NO_PATH
    if scope["method"] in METHODS or (scope["method"] == "POST" and scope["path"] in posts):
        return None
    return NO_METHOD


def is_expected(data: bytes) -> bool:
    """Whether the page sends such messages; what is none at all, Streamlit refuses by itself."""
    if len(data) > MESSAGE_BYTES:
        return False
    message = BackMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return True
    states = message.rerun_script.widget_states.widgets
    stored = sum(state.ByteSize() for state in states if state.WhichOneof("value") != EVENT_FORM)
    is_small = len(states) <= WIDGETS and stored <= STATE_BYTES
    is_known = message.WhichOneof("type") in MESSAGES
    return is_known and is_small and all(map(_is_readable, states))


def _is_readable(state: WidgetState) -> bool:
    """Whether it has a form that the page uses, JSON is JSON, and Streamlit can try to read JSON
    and text: it is not nested too deep, and has no number that is too long.
    """
    form = state.WhichOneof("value")
    if form in UNUSED_FORMS:
        return False
    if form not in (*JSON_FORMS, TEXT_FORM):
        return True
    try:
        json.loads(getattr(state, form))
    except json.JSONDecodeError:
        return form == TEXT_FORM
    except (ValueError, RecursionError):
        return False
    return True


class Guard:
    """The outermost layer of the web application.

    `strangers` is the application that visitors without a login see; `theirs`, its paths after a
    login too. `names` are those that the server answers to where no login is needed: a site
    elsewhere whose name is made to mean 127.0.0.1 could read it otherwise. `posts`: the paths that
    take a POST. `idle_s`: a page that says nothing for so long is closed.
    """

    def __init__(
        self,
        app: ASGIApp,
        strangers: ASGIApp,
        admission: Admission,
        theirs: frozenset[str],
        names: frozenset[str],
        posts: frozenset[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app, self._strangers, self._admission = app, strangers, admission
        self._theirs, self._names, self._posts = theirs, names, posts
        self._clock = clock
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what may be answered, refuse the rest."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        names = None if self._admission.needed() else self._names
        if refused := refusal(scope, names, self._posts):
            return await _refuse(refused, scope, receive, send)
        login = self._admission.login(Headers(scope=scope))
        if scope["type"] == "websocket":
            return await self._websocket(scope, receive, send, login)
        if login is None or scope["path"] in self._theirs:
            return await self._strangers(scope, receive, _with_safe_headers(send))
        return await self._app(_known_as(login, scope), receive, _with_safe_headers(send))

    async def _websocket(
        self, scope: Scope, receive: Receive, send: Send, login: str | None
    ) -> None:
        if login is None:
            return await _refuse(NO_LOGIN, scope, receive, send)
        if self._open >= SESSIONS:
            log.warning("%d pages are open: no more are served at once", self._open)
            return await _refuse(TOO_MANY, scope, receive, send)
        holds = partial(self._admission.holds, login)
        connection = _Connection(receive, send, holds, self._clock)
        self._open += 1
        try:
            await self._app(_known_as(login, scope), connection.receive, connection.send)
        finally:
            self._open -= 1


class _Connection:
    """A WebSocket with a login: open for as long as that holds, and the page is not idle."""

    def __init__(
        self, receive: Receive, send: Send, holds: Callable[[], bool], clock: Callable[[], float]
    ) -> None:
        self._receive, self._send, self._holds, self._clock = receive, send, holds, clock
        self._closed = self._has_begun = self._has_warned = False
        self._until_s = clock() + FIRST_MESSAGE_S

    async def receive(self) -> Message:
        """The next message that Streamlit is to see."""
        while True:
            message = await self._next()
            if message is not None and message["type"] != "websocket.receive":
                return message
            await self._check()
            if message is None or self._closed:
                continue
            if message.get("bytes") is None:
                await self._close(UNSUPPORTED)
            elif is_expected(message["bytes"]):
                self._has_begun = True
                self._stay_open()
                return message
            else:
                self._warn()

    async def _next(self) -> Message | None:
        """None where none has come for a while."""
        try:
            async with asyncio.timeout(CHECK_S):
                return await self._receive()
        except TimeoutError:
            return None

    async def _check(self) -> None:
        """However often messages come: whether there may be more of them."""
        if not self._holds():
            await self._leave()
        elif self._clock() > self._until_s:
            await self._close(POLICY_VIOLATION)

    def _stay_open(self) -> None:
        self._until_s = self._clock() + IDLE_S

    def _warn(self) -> None:
        """Once: nothing that a browser sends fills the log."""
        if not self._has_warned:
            self._has_warned = True
            log.warning("a message that the page never sends was dropped")

    async def send(self, message: Message) -> None:
        """Send, while somebody is there to read it.

        No error tells Streamlit that nobody is: it takes the end from receive(), and has a
        traceback for one that comes any other way.
        """
        if self._closed:
            return
        if self._has_begun:  # what is drawn is not idle
            self._stay_open()
        try:
            await self._send(message)
        except OSError:  # the visitor has left
            self._closed = True

    async def _leave(self) -> None:
        """Let the browser load the page again, which asks for a login now."""
        again = ForwardMsg()
        again.auth_redirect.url = ""
        await self.send({"type": "websocket.send", "bytes": again.SerializeToString()})
        await self._close(POLICY_VIOLATION)

    async def _close(self, code: int) -> None:
        """After this the server says that the connection has ended."""
        if not self._closed:
            self._closed = True
            await self._send({"type": "websocket.close", "code": code})


def _known_as(login: str, scope: Scope) -> Scope:
    """The request as made by this login; nobody else can say so."""
    name = LOGIN_HEADER.encode()
    headers = [one for one in scope["headers"] if one[0].lower() != name]
    state = {**scope.get("state", {}), "login": login}
    return {**scope, "headers": [*headers, (name, login.encode())], "state": state}


def _with_safe_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SAFE_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sent


async def _refuse(refused: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})  # before it is open: 403
    else:
        with speaking(language_of(HTTPConnection(scope))):
            response = PlainTextResponse(_(refused.reason), refused.status)
        await response(scope, receive, _with_safe_headers(send))

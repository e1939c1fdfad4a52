"""The page attacked over raw HTTP and WebSockets, as a stranger would, and after a login."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection

from app.http.guard import is_expected
from app.ui.component_events import EVENTS
from benchmarks.attack import ATTACKS, Target, run_query
from indexer.search.query_vector import GIVEN_BYTES
from indexer.serving.access import Access
from indexer.serving.password import set_password
from tests.app.chromium import WAIT_MS
from tests.app.serving import served
from tests.depth import at_depth
from tests.photos import photo_bytes
from tests.waiting import eventually

pytestmark = [pytest.mark.processes, pytest.mark.slow]

RIGHT = "correct horse"
WAIT_S = WAIT_MS / 1000
FORMS = {PurePosixPath(script).name: events for script, events in EVENTS.items()}


@pytest.fixture(scope="module")
def library(sample_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with a password, which a test may change."""
    library = tmp_path_factory.mktemp("attacked") / "library"
    shutil.copytree(sample_library, library)
    set_password(library, RIGHT)
    return library


@pytest.fixture(scope="module")
def connections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server has connected to: a line each."""
    return tmp_path_factory.mktemp("witness") / "connections"


def note_connections(connections: Path) -> None:
    """From now on this process writes down where it connects to."""

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.getaddrinfo":
            where = arguments[0]
        elif event in ("socket.connect", "socket.sendto"):
            where = arguments[1][0] if isinstance(arguments[1], tuple) else arguments[1]
        else:
            return
        with connections.open("a") as file:
            print(where, file=file)

    sys.addaudithook(note)
    socket.getaddrinfo("localhost", None)


@pytest.fixture(scope="module")
def target(library: Path, connections: Path) -> Iterator[Target]:
    log, first = connections.with_name("errors"), partial(note_connections, connections)
    with served(library, Access("0.0.0.0"), errors=log, first=first) as address:
        host, _, port = address.removeprefix("http://").strip("/").partition(":")
        yield Target(host, int(port))


@pytest.fixture
def cookie(target: Target) -> str:
    """That of a login."""
    return log_in(target)


def log_in(target: Target) -> str:
    """The cookie of a new login; waits while earlier wrong passwords make it wait."""

    def cookie_of_login() -> str:
        status, cookie = target.log_in(RIGHT)
        return cookie if status == 303 else ""

    return eventually(cookie_of_login)


def sign_out(stream: ClientConnection) -> None:
    """As the button on the library page does."""
    seen = read_until_drawn(stream, page="library")
    button = next(text for text in seen if "sign_out" in text)
    message = BackMsg()
    message.rerun_script.page_name = "library"
    message.rerun_script.widget_states.widgets.add(id=button, trigger_value=True)
    stream.send(message.SerializeToString())


def read_until_drawn(stream: ClientConnection, page: str = "") -> list[str]:
    """The ids of the buttons on that page."""
    message = BackMsg()
    message.rerun_script.page_name = page
    stream.send(message.SerializeToString())
    buttons: list[str] = []
    while True:
        answer = ForwardMsg.FromString(stream.recv(timeout=WAIT_S))
        element = answer.delta.new_element
        if element.WhichOneof("type") == "button":
            buttons.append(element.button.id)
        if answer.WhichOneof("type") == "script_finished":
            return buttons


def is_open(stream: ClientConnection, seconds: float) -> bool:
    """Whether the server leaves it open so long."""
    until_s = time.monotonic() + seconds
    try:
        while (left_s := until_s - time.monotonic()) > 0:
            stream.recv(timeout=left_s)
    except TimeoutError:
        return True
    except ConnectionClosed:
        return False
    return True


def thumbnail(stream: ClientConnection) -> str:
    """The URL of one that the page shows."""
    message = BackMsg()
    message.rerun_script.query_string = "q=after:1900"
    stream.send(message.SerializeToString())
    found = ""
    while True:
        answer = ForwardMsg.FromString(stream.recv(timeout=WAIT_S))
        text = answer.SerializeToString().decode("latin-1")
        if "/thumbnails/" in text:
            start = text.index("/thumbnails/")
            found = text[start : text.index('"', start)].rstrip("\\")
        if answer.WhichOneof("type") == "script_finished":
            return found


@pytest.mark.parametrize("name", [name for name in ATTACKS if name != "guesses"])
def test_stranger_is_repelled(target: Target, name: str) -> None:
    assert ATTACKS[name](target) == ""


def test_page_opens_with_the_password_and_searches(target: Target, cookie: str) -> None:
    with target.stream(cookie) as stream:
        run_query(stream, "a bear")


def test_other_origins_are_refused_with_a_login_too(target: Target, cookie: str) -> None:
    with pytest.raises(InvalidHandshake):
        target.stream(cookie, Origin="http://evil.example").close()
    headers = {"Cookie": cookie, "Origin": "http://evil.example"}
    assert target.ask("GET", "/", headers)[0] == 403


@pytest.mark.parametrize("message", [BackMsg(clear_cache=True), BackMsg(load_git_info=True)])
def test_message_that_the_page_never_sends_is_dropped(
    target: Target, cookie: str, message: Any
) -> None:
    with target.stream(cookie) as stream:
        stream.send(message.SerializeToString())
        run_query(stream, "a bear")
    assert target.ask("GET", "/land.json", {"Cookie": cookie})[0] == 200


@pytest.mark.parametrize("data", ["text", b"\xff" * 100, bytes(50_000_000)])
def test_what_is_no_message_ends_its_own_stream_only(
    target: Target, cookie: str, data: str | bytes
) -> None:
    with target.stream(cookie) as other, target.stream(cookie) as stream:
        try:
            stream.send(data)
        except ConnectionClosed:
            pass
        else:
            assert not is_open(stream, WAIT_S)
        run_query(other, "a bear")


def by_signing_out(library: Path, stream: ClientConnection) -> None:
    sign_out(stream)


def by_a_new_password(library: Path, stream: ClientConnection) -> None:
    set_password(library, RIGHT)  # the same words, but another password to the server


@pytest.mark.parametrize("end", [by_signing_out, by_a_new_password])
def test_end_of_a_login_ends_all_that_is_open(
    target: Target, library: Path, end: Callable[[Path, ClientConnection], None]
) -> None:
    cookie = log_in(target)
    with target.stream(cookie) as one, target.stream(cookie) as other:
        url = thumbnail(other)
        assert target.ask("GET", url, {"Cookie": cookie})[0] == 200
        end(library, one)
        assert not is_open(one, WAIT_S)
        assert not is_open(other, WAIT_S)
    assert target.ask("GET", url, {"Cookie": cookie})[0] == 401
    with pytest.raises(InvalidHandshake):
        target.stream(cookie).close()


def test_urls_of_one_login_are_none_of_another(target: Target) -> None:
    anna, otto = log_in(target), log_in(target)
    with target.stream(anna) as stream:
        url = thumbnail(stream)
    assert target.ask("GET", url, {"Cookie": anna})[0] == 200
    assert target.ask("GET", url, {"Cookie": otto})[0] == 410
    assert target.ask("GET", url)[0] == 401


ODD: Final = (
    *("[]", "{}", "null", "7", '"x"', "-1", "1e999", "NaN", "[[[", "not json", "[" * 100_000),
    *('{"photos": 1}', '{"grid": [], "have": "x", "more": 1}', '[{"event": 1, "value": 2}]'),
    *('{"latitude": "x", "longitude": [], "km": {}}', '["x", -1]', "[1, 2, 3]", "9" * 5_000),
)


def as_json(text: str) -> Any:
    """What it says as JSON, or the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def components(stream: ClientConnection, message: BackMsg) -> dict[str, str]:
    """The ids of our components on a page, and their names."""
    stream.send(message.SerializeToString())
    found: dict[str, str] = {}
    while True:
        answer = ForwardMsg.FromString(stream.recv(timeout=WAIT_S))
        element = answer.delta.new_element
        if element.WhichOneof("type") == "bidi_component":
            name = element.bidi_component.component_name
            found[element.bidi_component.id] = name.removeprefix("recollect_")
        if answer.WhichOneof("type") == "script_finished":
            return found


def send(stream: ClientConnection, message: BackMsg) -> None:
    """Send a message, and wait until the page is drawn where the server does not drop it: the
    next one would push it out."""
    if is_expected(message.SerializeToString()):
        answered(stream, message)
    else:
        stream.send(message.SerializeToString())


@pytest.mark.parametrize("page", ["", *at_depth("map")])
def test_events_of_a_wrong_form_give_no_traceback(
    target: Target, cookie: str, connections: Path, page: str
) -> None:
    with target.stream(cookie) as stream:
        message = BackMsg()
        message.rerun_script.page_name = page
        message.rerun_script.query_string = "q=after:1900&photo=1" if not page else ""
        found = components(stream, message)
        assert set(found.values()) & {"grid", "map"}
        for odd in ODD:
            sent = BackMsg()
            sent.CopyFrom(message)
            widgets = sent.rerun_script.widget_states.widgets
            for number, (key, name) in enumerate(found.items()):
                value = as_json(odd)
                state = json.dumps(dict.fromkeys(FORMS[name], value)) if number % 2 else odd
                widgets.add(id=key, json_value=state)
                triggers = [{"event": event, "value": value} for event in FORMS[name]]
                trigger = f"$$STREAMLIT_INTERNAL_KEY_{key}__events"
                widgets.add(id=trigger, json_trigger_value=json.dumps(triggers))
            send(stream, sent)
            for state in widgets:
                state.string_value = odd  # a form that no component of ours sends
            send(stream, sent)
        run_query(stream, "a bear")
    log = connections.with_name("errors").read_text()
    assert "of another form" in log
    assert "Traceback" not in log


@pytest.mark.parametrize(
    ("more_bytes", "is_taken"),
    [pytest.param(-1, True, marks=pytest.mark.long), (0, True), (1, False)],
)
def test_picture_to_search_by_has_at_most_the_bytes_that_the_page_says(
    target: Target, cookie: str, more_bytes: int, is_taken: bool
) -> None:
    png = photo_bytes("blue")
    data = b64encode(png + bytes(GIVEN_BYTES + more_bytes - len(png))).decode()
    with target.stream(cookie) as stream:
        found = components(stream, drawn())
        key = next(key for key, name in found.items() if name == "query_box")
        message = drawn()
        events = [{"event": "picture", "value": {"name": "blue.png", "data": data}}]
        widgets = message.rerun_script.widget_states.widgets
        widgets.add(id=key, json_value="{}")
        events_id = f"$$STREAMLIT_INTERNAL_KEY_{key}__events"
        widgets.add(id=events_id, json_trigger_value=json.dumps(events))
        answer = answered(stream, message)
    assert ("picture=" in answer) is is_taken
    assert ("the picture has more than 30 MB" in answer) is not is_taken


def drawn() -> BackMsg:
    """Asks for the page that one begins with."""
    message = BackMsg()
    message.rerun_script.query_string = ""
    return message


def answered(stream: ClientConnection, message: BackMsg) -> str:
    """All that the page says to a message."""
    stream.send(message.SerializeToString())
    said = ""
    while True:
        answer = ForwardMsg.FromString(stream.recv(timeout=WAIT_S))
        said += answer.SerializeToString().decode("latin-1")
        if answer.WhichOneof("type") == "script_finished":
            return said


def test_wrong_passwords_wait_whatever_address_a_visitor_claims(target: Target) -> None:
    assert ATTACKS["guesses"](target) == ""


def test_visitors_who_leave_while_a_page_is_drawn_give_no_traceback(
    target: Target, cookie: str, connections: Path
) -> None:
    for _ in range(20):
        with target.stream(cookie) as stream:
            stream.send(drawn().SerializeToString())
            stream.recv(timeout=WAIT_S)
            stream.send(drawn().SerializeToString())
    with target.stream(cookie) as stream:
        run_query(stream, "a bear")
    assert "Traceback" not in connections.with_name("errors").read_text()


def test_no_stranger_fills_the_log(target: Target, connections: Path) -> None:
    """After all that came before."""
    assert "Traceback" not in connections.with_name("errors").read_text()


def test_server_has_connected_to_nobody(target: Target, connections: Path) -> None:
    """The last: after all that came before."""
    places = set(connections.read_text().split())
    assert "localhost" in places  # the witness was there
    assert places <= {"127.0.0.1", "::1", "localhost", "0.0.0.0"}

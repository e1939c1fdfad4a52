"""The layer before Streamlit: what it serves, to whom, and which messages it passes on."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from app.http.guard import (
    FOREIGN_HOST,
    FOREIGN_ORIGIN,
    MESSAGE_BYTES,
    NO_METHOD,
    NO_PATH,
    STATE_BYTES,
    UNUSED_FORMS,
    WIDGETS,
    host_name,
    is_expected,
    is_same_origin,
    refusal,
)
from indexer.search.query_vector import GIVEN_BYTES

OWN = ("localhost", "127.0.0.1", "::1")


def scope(path: str = "/", method: str = "GET", kind: str = "http", **headers: str) -> Any:
    named = {"host": "localhost:8501", **headers}
    raw = [(name.encode(), value.encode()) for name, value in named.items()]
    scheme = {"http": "http", "websocket": "ws"}[kind]
    return {"type": kind, "scheme": scheme, "path": path, "method": method, "headers": raw}


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost", "localhost"),
        ("LOCALHOST:8501", "localhost"),
        ("localhost.", "localhost"),
        ("[::1]:8501", "::1"),
        ("", None),
        ("localhost:port", None),
        ("localhost@evil.example", None),
        ("localhost/x", None),
        ("localhost?x", None),
    ],
)
def test_host_is_a_name_and_perhaps_a_port(host: str, name: str | None) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize(
    ("origin", "scheme", "host", "same"),
    [
        ("http://a:1", "http", "a:1", True),
        ("http://A:1", "http", "a:1", True),
        ("http://a", "http", "a:80", True),
        ("https://a", "https", "a", True),
        ("http://[::1]:1", "http", "[::1]:1", True),
        ("https://a:1", "http", "a:1", False),
        ("http://a:2", "http", "a:1", False),
        ("http://b:1", "http", "a:1", False),
        ("http://a:1/", "http", "a:1", False),
        ("http://a:1@b", "http", "a:1", False),
        ("http://a:x", "http", "a:1", False),
        ("null", "http", "a:1", False),
        ("", "http", "", False),
    ],
)
def test_origin_is_ours_by_scheme_name_and_port(
    origin: str, scheme: str, host: str, same: bool
) -> None:
    assert is_same_origin(origin, scheme, host) is same


@pytest.mark.parametrize("path", ["/", "/timeline", "/files/x", "/static/js/index.js", "/media/x"])
def test_what_the_page_needs_is_served(path: str) -> None:
    assert refusal(scope(path), OWN, ()) is None


@pytest.mark.parametrize(
    "path",
    [
        *("/_stcore/metrics", "/_stcore/upload_file/a/b", "/_stcore/agent/openapi.json"),
        *("/_stcore", "/timeline/_stcore/metrics", "/component/x", "/auth/login", "/app/static/x"),
        *("/_stcore/bidi-components/x/y", "//_stcore/metrics"),
        *("*", "", "evil.example:80"),  # as in `OPTIONS *`, and in `CONNECT`
    ],
)
def test_other_routes_of_streamlit_are_closed(path: str) -> None:
    assert refusal(scope(path), OWN, ()) is NO_PATH


def test_only_the_paths_that_take_a_post_take_one() -> None:
    assert refusal(scope("/login", "POST"), OWN, ("/login",)) is None
    for path, method in (("/", "POST"), ("/login", "PUT"), ("/", "DELETE"), ("/", "OPTIONS")):
        assert refusal(scope(path, method), OWN, ("/login",)) is NO_METHOD


def test_streams_are_at_one_path() -> None:
    assert refusal(scope("/_stcore/stream", kind="websocket"), OWN, ()) is None
    assert refusal(scope("/", kind="websocket"), OWN, ()) is NO_PATH


def test_other_names_are_answered_only_where_a_login_is_needed() -> None:
    elsewhere = scope(host="photos.example")
    assert refusal(elsewhere, OWN, ()) is FOREIGN_HOST
    assert refusal(elsewhere, None, ()) is None
    assert refusal(scope(host=""), None, ()) is FOREIGN_HOST


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_other_sites_are_refused(kind: str) -> None:
    path = "/_stcore/stream"
    assert refusal(scope(path, kind=kind, origin="http://localhost:8501"), OWN, ()) is None
    assert refusal(scope(path, kind=kind, origin="http://localhost:9"), OWN, ()) is FOREIGN_ORIGIN
    twice = scope(path, kind=kind, origin="http://localhost:8501")
    twice["headers"].append((b"origin", b"http://localhost:8501"))
    assert refusal(twice, OWN, ()) is FOREIGN_ORIGIN


def drawn_again() -> BackMsg:
    message = BackMsg()
    message.rerun_script.query_string = "q=a"
    return message


def test_page_is_drawn_again_stopped_and_kept_alive() -> None:
    for message in (drawn_again(), BackMsg(stop_script=True), BackMsg(app_heartbeat=True)):
        assert is_expected(message.SerializeToString())


@pytest.mark.parametrize("field", [one.name for one in BackMsg.DESCRIPTOR.oneofs[0].fields])
def test_no_other_message_reaches_streamlit(field: str) -> None:
    message = BackMsg()
    descriptor = BackMsg.DESCRIPTOR.fields_by_name[field]
    if descriptor.message_type:
        getattr(message, field).SetInParent()
    else:
        setattr(message, field, True)
    passes = field in ("rerun_script", "stop_script", "app_heartbeat")
    assert is_expected(message.SerializeToString()) is passes


def test_widgets_and_bytes_of_a_message_are_limited() -> None:
    message = drawn_again()
    for number in range(WIDGETS):
        message.rerun_script.widget_states.widgets.add(id=str(number))
    assert is_expected(message.SerializeToString())
    message.rerun_script.widget_states.widgets.add(id="one more")
    assert not is_expected(message.SerializeToString())


@pytest.mark.slow
def test_state_that_a_session_keeps_is_limited_and_an_event_only_by_the_message() -> None:
    for size, is_let_through in ((STATE_BYTES - 100, True), (STATE_BYTES, False)):
        large = drawn_again()
        large.rerun_script.widget_states.widgets.add(id="large", string_value="x" * size)
        assert is_expected(large.SerializeToString()) is is_let_through
    for size, is_let_through in ((MESSAGE_BYTES - 100, True), (MESSAGE_BYTES, False)):
        large = drawn_again()
        event = f'"{"x" * size}"'
        large.rerun_script.widget_states.widgets.add(id="large", json_trigger_value=event)
        assert is_expected(large.SerializeToString()) is is_let_through


@pytest.mark.parametrize("value", ["not json", "[" * 100_000, ""])
def test_what_is_not_json_where_a_widget_says_so_is_dropped(value: str) -> None:
    message = drawn_again()
    message.rerun_script.widget_states.widgets.add(id="odd", json_value=value)
    assert not is_expected(message.SerializeToString())


@pytest.mark.parametrize(
    ("value", "passes"),
    [("a dog", True), ("{", True), ("", True), ("[" * 100_000, False), ("9" * 5_000, False)],
)
def test_text_that_breaks_who_tries_it_as_json_is_dropped(value: str, passes: bool) -> None:
    message = drawn_again()
    message.rerun_script.widget_states.widgets.add(id="odd", string_value=value)
    assert is_expected(message.SerializeToString()) is passes


@pytest.mark.parametrize("form", UNUSED_FORMS)
def test_form_of_a_widget_that_the_page_has_not_is_dropped(form: str) -> None:
    message = drawn_again()
    state = message.rerun_script.widget_states.widgets.add(id="odd")
    getattr(state, form).SetInParent()
    assert not is_expected(message.SerializeToString())


def test_largest_picture_fits_into_a_message() -> None:
    assert MESSAGE_BYTES > 4 * GIVEN_BYTES / 3

"""No act of a visitor is lost to what the browser says right after it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from tests import forks
from tests.app.serving import free_port, wait_for

pytestmark = pytest.mark.slow

ACTS = 100  # of which one in ten was lost
PAGE = """
import streamlit as st

def act():
    for _ in range(20):  # a newer request comes before, within and after
        st.session_state["acts"] = st.session_state.get("acts", 0) + 1

st.button("act", on_click=act)
turn = st.number_input("turn", step=1)
st.text(f"{turn} {st.session_state.get('acts', 0) / 20:g}")
"""


def serve(page: Path, port: int) -> None:
    """Serve this script as http_server.py serves the page."""
    import streamlit as st
    import uvicorn

    from app.http_server import set_options
    from app.ui.acts_first import do_acts_first

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    set_options("127.0.0.1", port)
    do_acts_first()
    uvicorn.run(st.App(page), host="127.0.0.1", port=port, log_config=None)


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[ClientConnection]:
    """What the browser hears of the page, and says to it."""
    page = tmp_path / "page.py"
    page.write_text(PAGE)
    port = free_port()
    server = forks.context.Process(target=serve, args=(page, port))
    server.start()
    try:
        wait_for(server, port)
        url = f"ws://127.0.0.1:{port}/_stcore/stream"
        with connect(url, subprotocols=["streamlit"], max_size=None) as stream:  # type: ignore[list-item]
            yield stream
    finally:
        server.terminate()
        server.join()


def drawn(stream: ClientConnection, kind: str) -> ForwardMsg:
    """The next element of this kind that the page draws."""
    while True:
        said = stream.recv()
        assert isinstance(said, bytes)
        message = ForwardMsg.FromString(said)
        if message.delta.new_element.WhichOneof("type") == kind:
            return message


def test_an_act_is_done_whatever_comes_right_after_it(stream: ClientConnection) -> None:
    first = BackMsg()
    first.rerun_script.query_string = ""
    stream.send(first.SerializeToString())
    button = drawn(stream, "button").delta.new_element.button.id
    box = drawn(stream, "number_input").delta.new_element.number_input.id
    shown = ""
    for turn in range(1, ACTS + 1):
        act, other = BackMsg(), BackMsg()
        act.rerun_script.widget_states.widgets.add(id=button, trigger_value=True)
        act.rerun_script.widget_states.widgets.add(id=box, int_value=turn - 1)
        other.rerun_script.widget_states.widgets.add(id=box, int_value=turn)
        for message in (act, other):
            stream.send(message.SerializeToString())
        while not shown.startswith(f"{turn} "):
            shown = drawn(stream, "text").delta.new_element.text.body
    assert shown == f"{ACTS} {ACTS}"

"""What a component sends, and who hears it."""

from __future__ import annotations

import streamlit as st

from app.component import told


def test_what_a_component_sends_is_heard() -> None:
    heard: list[int] = []
    st.session_state["wall"] = {"opened": 7, "ticked": None}
    told("wall", "opened", heard.append)()
    told("wall", "ticked", heard.append)()
    assert heard == [7]


def test_what_it_sent_before_its_visitor_left_is_not_heard() -> None:
    heard: list[int] = []
    st.session_state.pop("wall", None)
    told("wall", "opened", heard.append)()
    assert heard == []

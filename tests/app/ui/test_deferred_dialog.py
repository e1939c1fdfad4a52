"""Which parts of the page that are drawn alone have all of it drawn for their dialog."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


@pytest.mark.parametrize(("name", "drawings"), [("photo", 1), ("export", 2)])
def test_the_page_is_drawn_again_for_a_dialog_that_is_not_open_yet(
    name: str, drawings: int
) -> None:
    def script(name: str) -> None:
        import streamlit as st

        from app.ui.deferred_dialog import ask_for, dialog_at_the_end

        drawn = st.session_state["drawn"] = st.session_state.get("drawn", 0) + 1
        with dialog_at_the_end():
            ask_for("photo", lambda: None)
        if drawn == 1:
            ask_for(name, lambda: None)  # as a part does that is drawn alone

    test = AppTest.from_function(script, kwargs={"name": name}).run()
    assert not test.exception
    assert test.session_state["drawn"] == drawings


def test_a_dialog_whose_drawing_was_broken_off_is_asked_for_again() -> None:
    def script() -> None:
        import streamlit as st

        from app.ui.deferred_dialog import ask_for, dialog_at_the_end

        drawn = st.session_state["drawn"] = st.session_state.get("drawn", 0) + 1
        if drawn == 2:
            ask_for("photo", st.stop)  # as a part does that is drawn alone
            return
        with dialog_at_the_end():
            ask_for("photo", st.stop if drawn == 1 else lambda: None)

    test = AppTest.from_function(script).run()
    assert test.session_state["drawn"] == 1
    test.run()
    assert not test.exception
    assert test.session_state["drawn"] == 3

"""Why something was refused, through drawings of the page."""

from __future__ import annotations

import streamlit as st
from streamlit.testing.v1 import AppTest

from app.ui.refusals import forget_refusal, keep_refusal, show_refusal


def script() -> None:
    folder = st.text_input("Folder", "Photos", key="folder")
    if st.button("Copy", key="copy"):
        keep_refusal("copy", folder, None if folder == "Copies" else "*No* room")
        st.rerun()
    st.button("Close", key="close", on_click=forget_refusal, args=("copy",))
    show_refusal("copy", folder)


def test_refusal_is_told_until_something_else_is_asked_for() -> None:
    page = AppTest.from_function(_script).run()
    assert _told(page) == []
    page.button(key="copy").click().run()
    for _ in range(2):
        assert _told(page.run()) == [r"\*No\* room"]
    page.text_input(key="folder").set_value("Copies").run()
    assert _told(page) == []
    page.button(key="copy").click().run()
    assert _told(page) == []


def test_refusal_is_forgotten_with_what_it_was_told_in() -> None:
    page = AppTest.from_function(_script).run()
    page.button(key="copy").click().run()
    page.button(key="close").click().run()
    assert _told(page) == []


def _script() -> None:
    from tests.app.ui.test_refusals import script

    script()


def _told(page: AppTest) -> list[str]:
    assert not page.exception
    return [error.value for error in page.error]

"""Other people's text reaches the browser, whatever is in it."""

from __future__ import annotations

from app.ui.escape import plain


def test_bytes_that_are_not_utf8_are_shown_escaped() -> None:
    assert plain("caf\udce9") == r"caf\\xe9"
    assert plain("\ud83d") == r"\\ud83d"
    assert plain("café") == "café"

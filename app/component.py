"""Our own components: scripts and style sheets that lie here, drawn by Streamlit in the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import streamlit as st

HERE: Final = Path(__file__).parent


def component(name: str, *before: str) -> Any:
    """The component of `name`.js and `name`.css; the scripts `before` it go in front."""
    scripts = [(HERE / f"{script}.js").read_text("utf-8") for script in (*before, name)]
    css = (HERE / f"{name}.css").read_text("utf-8")
    return st.components.v2.component(f"recollect_{name}", js="".join(scripts), css=css)


def told(key: str, event: str, act: Callable[[Any], None]) -> Callable[[], None]:
    """What calls `act` with what the component `key` sent as `event`.

    Nothing, where the component is not there any more: what it sent while its visitor went to
    another page arrives there.
    """

    def call() -> None:
        sent = (st.session_state.get(key) or {}).get(event)
        if sent is not None:
            act(sent)

    return call

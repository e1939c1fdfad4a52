"""Our own components: scripts and style sheets that lie here, drawn by Streamlit in the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import streamlit as st

HERE: Final = Path(__file__).parent

Act = Callable[[Any], object]


def draw(
    name: str,
    key: str,
    data: Mapping[str, Any],
    hears: Mapping[str, Act | None] | None = None,
    *,
    before: tuple[str, ...] = ("elements",),
    width: Literal["stretch", "content"] = "stretch",
) -> Any:
    """Draw the component of `name`.js with its `name`.css, if it has one, and hand it `data`.

    `hears` names the events that it may send, and what each calls with what was sent; with None
    the event is only in the result, for acts that no callback may do: going to another page.
    `before`: the scripts that go in front of its own.
    """
    js, css = _files(name, before)
    heard: dict[str, Any] = {
        f"on_{event}_change": told(key, event, act) for event, act in (hears or {}).items()
    }
    made = st.components.v2.component(f"recollect_{name}", js=js, css=css)
    return made(key=key, data=data, width=width, **heard)


def told(key: str, event: str, act: Act | None) -> Callable[[], None]:
    """What calls `act` with what the component `key` sent as `event`.

    Nothing, where the component is not there any more: what it sent while its visitor went to
    another page arrives there.
    """

    def call() -> None:
        sent = (st.session_state.get(key) or {}).get(event)
        if sent is not None and act is not None:
            act(sent)

    return call


@cache
def _files(name: str, before: tuple[str, ...]) -> tuple[str, str | None]:
    """The script and the style sheet."""
    js = "".join((HERE / f"{script}.js").read_text("utf-8") for script in (*before, name))
    css = HERE / f"{name}.css"
    return js, css.read_text("utf-8") if css.exists() else None

"""Our own components: drawn by Streamlit with a script and a style sheet of ours."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import PurePosixPath
from typing import Any, Literal

import streamlit as st

from app.ui.component_events import EVENTS, Check
from app.ui.scripts import APP, loader

log = logging.getLogger(__name__)

Act = Callable[[Any], object]


def draw(
    name: str,
    key: str,
    data: Mapping[str, Any],
    handlers: Mapping[str, Act | None] | None = None,
    *,
    width: Literal["stretch", "content"] = "stretch",
) -> dict[str, Any]:
    """Draw the component of `name`.js with its `name`.css, if it has one, and hand it `data`.

    `handlers` names the events that it may send, and what each calls with what was sent; with None
    the event is only in the result. Each has its form in component_events.py.
    """
    events = {event: Event(key, event, EVENTS[name][event]) for event in handlers or {}}
    callbacks: dict[str, Any] = {
        f"on_{event}_change": partial(one.call, (handlers or {})[event])
        for event, one in events.items()
    }
    title = f"recollect_{PurePosixPath(name).name}"
    made = st.components.v2.component(title, js=_loader(name), css=_style(name))
    made(key=key, data=data, width=width, **callbacks)
    return {event: one.value() for event, one in events.items()}


@dataclass(frozen=True, slots=True)
class Event:
    """What the component `key` may send as `name`, in the form that `check` knows."""

    key: str
    name: str
    check: Check

    def value(self) -> Any:
        """What was sent; None where nothing was, or something of another form.

        Nothing too, where the component is not there any more: what it sent while its visitor went
        to another page arrives there.
        """
        state = st.session_state.get(self.key)
        sent = state.get(self.name) if isinstance(state, Mapping) else None
        if sent is None or self.check(sent):
            return sent
        log.warning("%s sent something of another form as %s: dropped", self.key, self.name)
        return None

    def call(self, act: Act | None) -> None:
        """Call `act` with what was sent."""
        sent = self.value()
        if sent is not None and act is not None:
            act(sent)


@cache
def _loader(name: str) -> str:
    return loader(f"{name}.js")


@cache
def _style(name: str) -> str | None:
    css = APP / f"{name}.css"
    return css.read_text("utf-8") if css.exists() else None

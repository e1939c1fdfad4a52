"""What a visitor does is done before a newer request is looked for.

Streamlit looks for one wherever a run touches its session: before the callbacks of the request in
hand and within them too. The newer one begins then, and what was done is lost. Knows nothing of
what the callbacks do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from streamlit.runtime import app_session
from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.runtime.state import SafeSessionState, SessionState


def do_acts_first() -> None:
    """Let it be so for all sessions of this process that begin from now on."""
    vars(app_session).update(ScriptRunner=ActsFirst)


class ActsFirst(ScriptRunner):
    """Takes up a newer request only when all callbacks of the one in hand are done."""

    def __init__(self, *, session_state: SessionState, **parts: Any) -> None:
        self._is_acting = False
        super().__init__(session_state=session_state, **parts)
        look = self._maybe_handle_execution_control_request
        self._session_state = _Session(session_state, look, self._acting)

    @contextmanager
    def _acting(self) -> Iterator[None]:
        self._is_acting = True
        try:
            yield
        finally:
            self._is_acting = False

    def _maybe_handle_execution_control_request(self) -> None:
        if not self._is_acting:
            super()._maybe_handle_execution_control_request()


class _Session(SafeSessionState):
    """Says to its runner when it calls the callbacks."""

    _acting: Callable[[], AbstractContextManager[None]]

    def __init__(
        self,
        state: SessionState,
        look: Callable[[], None],
        acting: Callable[[], AbstractContextManager[None]],
    ) -> None:
        super().__init__(state, yield_callback=look)
        object.__setattr__(self, "_acting", acting)  # else it would be an entry of the session

    def on_script_will_rerun(self, *states: Any, **more: Any) -> None:
        with self._acting():
            super().on_script_will_rerun(*states, **more)

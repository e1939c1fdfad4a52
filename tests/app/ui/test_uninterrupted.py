"""A newer request of the browser ends no act that has begun."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner import RerunData, RerunException
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests

from app.ui.uninterrupted import uninterrupted


def test_an_act_that_a_request_interrupts_is_done_and_the_request_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    requests = ScriptRequests()
    run = SimpleNamespace(script_requests=requests)
    monkeypatch.setattr("app.ui.uninterrupted.get_script_run_ctx", lambda **_: run)
    requests.request_rerun(RerunData(query_string="newer"))
    done = []

    @uninterrupted
    def act(what: str) -> str:
        if pending := requests.on_scriptrunner_yield():  # as each access to the session does
            raise RerunException(pending.rerun_data)
        done.append(what)
        return what

    assert act("opened") == "opened"
    assert done == ["opened"]
    following = requests.on_scriptrunner_yield()
    assert following
    assert following.rerun_data.query_string == "newer"

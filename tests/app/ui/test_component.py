"""What a component sends, and what of it arrives."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st
from hypothesis import given
from hypothesis import strategies as values

from app.ui.component import Event
from app.ui.component_events import EVENTS, Check, listed, one_of, real, record, text, truth, whole
from app.ui.scripts import scripts

ANYTHING = values.recursive(
    values.none() | values.booleans() | values.integers() | values.floats() | values.text(),
    lambda inner: values.lists(inner) | values.dictionaries(values.text(), inner),
)


def sent(state: Any, name: str = "opened", check: Check = whole(1, 9)) -> list[Any]:  # noqa: B008
    st.session_state["grid"] = state
    heard: list[Any] = []
    Event("grid", name, check).call(heard.append)
    return heard


def test_what_a_component_sends_arrives() -> None:
    assert sent({"opened": 7, "ticked": None}) == [7]
    assert sent({"opened": 7, "ticked": None}, "ticked") == []


def test_what_it_sent_before_its_visitor_left_does_not() -> None:
    st.session_state.pop("grid", None)
    assert Event("grid", "opened", whole(1, 9)).value() is None


@pytest.mark.parametrize("state", [{"opened": "7"}, {"opened": 10}, {"opened": [7]}, 7, "x", [7]])
def test_what_has_another_form_is_dropped(state: Any) -> None:
    assert sent(state) == []


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (whole(0, 2), [0, 2], [-1, 3, True, 1.0, "1", None, float("nan")]),
        (real(0, 1), [0, 1, 0.5], [-0.1, 2, True, "0", float("nan"), float("inf")]),
        (text(2), ["", "ab"], ["abc", 1, None, ["a"]]),
        (one_of("a", "b"), ["a"], ["c", ["a"], None, {}]),
        (truth, [True, False], [1, 0, "true", None]),
        (listed(whole(0, 9), 1, 2), [[1], [1, 2]], [[], [1, 2, 3], [10], "12", {"0": 1}, None]),
        (record(a=truth), [{"a": True}, {"a": True, "b": 1}], [{}, {"a": 1}, [["a", True]], None]),
    ],
)
def test_forms(check: Check, good: list[Any], bad: list[Any]) -> None:
    assert all(check(one) for one in good)
    assert not any(check(one) for one in bad)


@pytest.mark.slow
@given(ANYTHING)
def test_no_value_makes_a_check_fail(value: Any) -> None:
    for events in EVENTS.values():
        for check in events.values():
            assert check(value) in (True, False)


def test_each_component_has_its_events() -> None:
    assert {f"{name}.js" for name in EVENTS} <= set(scripts())

"""How the browser's history goes on when the address changes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.scripts import Scripts

pytestmark = pytest.mark.browser
HERE = "http://a/?q=x"
OPEN = "http://a/?q=x&photo=7"


def step(scripts: Scripts, now: str, then: str, left: Any = None) -> Any:
    return scripts.run(
        'const { parts, step } = await script("views/history.js");'
        "const [now, then, left] = given;"
        "return step(parts(now), parts(then, now), left, { own: 1 });",
        now,
        then,
        left,
    )


def test_another_query_or_page_is_an_entry_of_its_own(scripts: Scripts) -> None:
    for then in ("?q=y", "?q=y&photo=7", "/map?q=x"):
        assert step(scripts, HERE, then) == {"method": "push", "state": {"own": 1}}


def test_an_opened_photo_is_an_entry_that_knows_it(scripts: Scripts) -> None:
    expected = {"method": "push", "state": {"own": 1, "isOpened": True}}
    assert step(scripts, HERE, "?photo=7&q=x") == expected


def test_another_open_photo_takes_the_place_of_the_one_before(scripts: Scripts) -> None:
    left = {"isOpened": True}
    assert step(scripts, OPEN, "?q=x&photo=8", left) == {"method": "replace", "state": left}


@pytest.mark.parametrize(
    ("left", "is_twin"),
    [({"isOpened": True}, True), ({"isTwin": True}, True), ({}, False), (None, False)],
)
def test_what_is_left_of_a_closed_photo_is_a_twin_of_the_entry_below(
    scripts: Scripts, left: Any, is_twin: bool
) -> None:
    expected = {"method": "replace", "state": {"own": 1, "isTwin": is_twin}}
    assert step(scripts, OPEN, "?q=x", left) == expected

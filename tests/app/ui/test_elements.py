"""What the page knows of an element that has the focus."""

from __future__ import annotations

import pytest

from tests.app.scripts import Scripts

pytestmark = pytest.mark.browser

TAKES = """
const { takesText } = await script("ui/elements.js");
const parent = document.createElement("div");
parent.innerHTML = given[0];
return takesText(parent.querySelector(".at"));
"""


@pytest.mark.parametrize(
    ("html", "takes"),
    [
        ('<input class="at">', True),
        ('<input class="at" type="search">', True),
        ('<textarea class="at"></textarea>', True),
        ('<p contenteditable><b class="at">words</b></p>', True),
        ('<input class="at" type="range">', False),
        ('<input class="at" type="checkbox">', False),
        ('<button class="at">Go</button>', False),
        ("<p>nothing has the focus</p>", False),
    ],
)
def test_a_key_is_a_character_only_where_text_can_be_typed(
    scripts: Scripts, html: str, takes: bool
) -> None:
    assert scripts.run(TAKES, html) is takes

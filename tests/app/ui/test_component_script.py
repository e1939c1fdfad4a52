"""One object for each place where a component is drawn, in whatever order Streamlit calls."""

from __future__ import annotations

import pytest

from tests.app.scripts import Scripts

pytestmark = pytest.mark.browser

# A component that says what is called of it.
LOGGED = """
const { Component, drawn } = await script("ui/component.js");
const calls = [];
class Logged extends Component {
  root = document.createElement("p");
  update(data) { calls.push(`update ${data}`); this.root.textContent = data; }
  connect(signal) {
    calls.push("connect");
    document.addEventListener("ping", () => calls.push("ping"), { signal });
    signal.addEventListener("abort", () => calls.push("disconnect"));
  }
}
const place = document.createElement("div");
const draw = (data, Class = Logged) => drawn(Class)({ parentElement: place, data });
const ping = () => document.dispatchEvent(new Event("ping"));
"""


def test_a_place_has_one_object_with_one_element(scripts: Scripts) -> None:
    calls, texts = scripts.run(
        LOGGED + 'draw("a"); draw("b"); ping();'
        "return [calls, [...place.children].map((one) => one.textContent)];"
    )
    assert calls == ["update a", "connect", "update b", "ping"]
    assert texts == ["b"]


def test_it_listens_until_the_last_drawing_ends(scripts: Scripts) -> None:
    calls = scripts.run(
        LOGGED + 'const first = draw("a"), second = draw("b");'
        "first(); ping(); second(); ping(); return calls;"
    )
    assert calls == ["update a", "connect", "update b", "ping", "disconnect"]


def test_what_ended_is_drawn_again_as_it_was(scripts: Scripts) -> None:
    calls, children = scripts.run(
        LOGGED + 'draw("a")(); draw("b"); ping(); return [calls, place.childElementCount];'
    )
    assert calls == ["update a", "connect", "disconnect", "update b", "connect", "ping"]
    assert children == 1


def test_an_element_that_the_page_has_removed_comes_back(scripts: Scripts) -> None:
    assert (
        scripts.run(
            LOGGED + 'draw("a"); place.replaceChildren(); draw("b"); return place.textContent;'
        )
        == "b"
    )


def test_two_places_have_two_objects(scripts: Scripts) -> None:
    texts = scripts.run(
        LOGGED + 'const other = document.createElement("div"); draw("a");'
        'drawn(Logged)({ parentElement: other, data: "b" });'
        "return [place.textContent, other.textContent];"
    )
    assert texts == ["a", "b"]


def test_a_newer_version_of_the_script_takes_the_place_of_the_older(scripts: Scripts) -> None:
    calls, texts = scripts.run(
        LOGGED
        + """
        class Newer extends Logged { update(data) { super.update(`newer ${data}`); } }
        class Other extends Component { root = document.createElement("i"); }
        draw("a"); draw("b", Other); ping(); draw("c", Newer); ping();
        return [calls, [...place.children].map((one) => one.textContent)];
        """
    )
    assert calls == ["update a", "connect", "disconnect", "update newer c", "connect", "ping"]
    assert texts == ["newer c"]

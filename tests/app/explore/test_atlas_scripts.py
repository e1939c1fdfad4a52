"""The points of the atlas in the browser: unpacked, lit, seen and chosen."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from app.explore.atlas import packed_points
from indexer.explore.atlas import Atlas
from tests.app.scripts import Scripts

pytestmark = pytest.mark.browser
POINTS = "explore/atlas_points.js"
VIEW = "explore/atlas_view.js"
WHOLE = {"x": 0.5, "y": 0.5, "zoom": 1, "width": 800, "height": 600}


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    """A grid of 20 x 20 points, in five groups of different sizes."""
    row, column = np.divmod(np.arange(400), 20)
    places = np.stack([column / 19, row / 19], axis=1).astype(np.float32)
    groups = np.minimum(4, (row * column) // 40)
    return Atlas(
        state=None,  # type: ignore[arg-type]  # nothing of it travels
        method="",
        photo_ids=np.arange(1000, 1400),
        places=places,
        years=1990 + row,
        groups=groups,
        names=tuple("abcde"),
    )


def test_points_arrive_as_they_were_sent(scripts: Scripts, atlas: Atlas) -> None:
    got = scripts.run(
        'const { unpack } = await script("explore/atlas_points.js");'
        "const { count, ...numbers } = unpack(given[0]);"
        "return [count, Object.fromEntries(Object.entries(numbers).map(([k, v]) => [k, [...v]]))];",
        packed_points(atlas),
    )
    count, numbers = got
    assert count == 400
    assert numbers["id"] == atlas.photo_ids.tolist()
    assert numbers["year"] == atlas.years.tolist()
    assert numbers["group"] == atlas.groups.tolist()
    places = np.stack([numbers["x"], numbers["y"]], axis=1) / 65_535
    assert np.abs(places - atlas.places).max() < 1 / 65_535


def run(scripts: Scripts, atlas: Atlas, expression: str, *given: Any) -> Any:
    """The value of an expression over `points`, with what both scripts export."""
    return scripts.run(
        'const P = await script("explore/atlas_points.js");'
        'const V = await script("explore/atlas_view.js");'
        "const [packed, ...rest] = given; const points = P.unpack(packed);"
        f"return {expression};",
        packed_points(atlas),
        *given,
    )


def test_groups_are_listed_by_their_sizes_and_years_from_first_to_last(
    scripts: Scripts, atlas: Atlas
) -> None:
    order, years = run(scripts, atlas, "[P.largestFirst(points, 5), P.yearsOf(points)]")
    sizes = np.bincount(atlas.groups, minlength=5)
    assert order == sorted(range(5), key=lambda group: -sizes[group])
    assert years == [1990, 2009]


def test_a_group_or_an_area_is_lit_or_else_all(scripts: Scripts, atlas: Atlas) -> None:
    area = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]
    group, within, everything = run(
        scripts,
        atlas,
        "[[...P.litPoints(points, 2, null)], [...P.litPoints(points, null, rest[0])],"
        " P.litPoints(points, null, null)]",
        area,
    )
    assert group == np.flatnonzero(atlas.groups == 2).tolist()
    inside = ((atlas.places > 0.2) & (atlas.places < 0.8)).all(axis=1)
    assert within == np.flatnonzero(inside).tolist()
    assert everything is None


def test_a_hollow_in_a_line_is_outside(scripts: Scripts) -> None:
    horseshoe = [[0, 0], [3, 0], [3, 3], [2, 3], [2, 1], [1, 1], [1, 3], [0, 3]]
    inside = [scripts.call(POINTS, "isInside", horseshoe, x, 2) for x in (0.5, 1.5, 2.5, 3.5)]
    assert inside == [True, False, True, False]


def test_a_line_goes_into_the_address_with_few_corners_and_comes_back(scripts: Scripts) -> None:
    turns = [2 * math.pi * at / 500 for at in range(500)]
    circle = [[0.5 + 0.3 * math.cos(turn), 0.5 + 0.3 * math.sin(turn)] for turn in turns]
    parts = scripts.call(POINTS, "partsOf", circle)
    assert len(parts) <= 2 * 60
    area = scripts.call(POINTS, "areaOf", parts)
    for x, y in area:
        assert math.hypot(x - 0.5, y - 0.5) == pytest.approx(0.3, abs=0.002)
    assert scripts.call(POINTS, "partsOf", circle[:2]) is None
    assert scripts.call(POINTS, "partsOf", [[-9, 0], [9, 0], [0, 1]])[:3] == [-999, 0, 1999]
    assert scripts.call(POINTS, "areaOf", None) is None


@pytest.mark.parametrize("zoom", [1, 3, 40])
def test_screen_and_map_are_inverse(scripts: Scripts, zoom: float) -> None:
    view = {**WHOLE, "x": 0.4, "y": 0.7, "zoom": zoom}
    px, py = scripts.call(VIEW, "onScreen", view, 0.3, 0.6)
    assert scripts.call(VIEW, "onMap", view, px, py) == pytest.approx([0.3, 0.6])


def test_what_is_at_the_pointer_stays_there_when_zoomed(scripts: Scripts) -> None:
    closer = scripts.call(VIEW, "zoomed", WHOLE, 200, 450, 4)
    before, after = (scripts.call(VIEW, "onMap", view, 200, 450) for view in (WHOLE, closer))
    assert closer["zoom"] == 4
    assert after == pytest.approx(before)


def test_the_whole_is_in_the_middle_and_a_part_stays_within(scripts: Scripts) -> None:
    assert scripts.call(VIEW, "moved", WHOLE, 0.3, -0.3) == WHOLE
    assert scripts.call(VIEW, "moved", {**WHOLE, "zoom": 2}, 9, -9) == {
        **WHOLE,
        "zoom": 2,
        "x": 1,
        "y": 0,
    }
    assert scripts.call(VIEW, "zoomed", {**WHOLE, "x": 0.9, "zoom": 2}, 0, 0, 0.1) == WHOLE


def test_thumbnails_cover_no_other_and_are_of_lit_points_on_the_screen(
    scripts: Scripts, atlas: Atlas
) -> None:
    view = {**WHOLE, "zoom": 3}
    shown = run(
        scripts,
        atlas,
        "V.thumbnails(rest[0], points, (at) => points.group[at] > 0)",
        view,
    )
    assert len(shown) > 20
    for at, one in enumerate(shown):
        assert atlas.groups[one["at"]] > 0
        assert 0 <= one["px"] <= 800
        assert 0 <= one["py"] <= 600
        for other in shown[:at]:
            assert max(abs(one["px"] - other["px"]), abs(one["py"] - other["py"])) >= 62


def test_a_click_finds_the_nearest_lit_point_if_it_is_near(scripts: Scripts, atlas: Atlas) -> None:
    here = "const [px, py] = V.pointOnScreen(rest[0], points, 210); "
    nearest = f"(() => {{ {here} return [(at) => true, (at) => at !== 210]"
    found = run(
        scripts,
        atlas,
        nearest + ".map((isLit) => V.nearest(rest[0], points, isLit, px + 3, py - 3)); })()",
        WHOLE,
    )
    assert found == [210, -1]


# The atlas drawn in a place of 600 x 400 pixels; `sent` has what it sends.
DRAWN = """
const { default: draw } = await script("explore/atlas.js");
const place = document.createElement("div");
document.body.replaceChildren(place);
const style = document.createElement("style");
style.textContent = ".stage, .canvas { width: 600px; height: 400px; background: white; }";
document.body.append(style);
const sent = [];
const log = (name, value) => sent.push([name, value]);
const data = { ...given[0], group: null, area: null };
const page = { parentElement: place, setTriggerValue: log, setStateValue: log };
const drawn = (more) => draw({ ...page, data: { ...data, ...more } });
const next = () => new Promise((done) => requestAnimationFrame(done));
const frame = async () => { await next(); await next(); };
drawn({});
await frame();
const canvas = place.querySelector("canvas");
const box = canvas.getBoundingClientRect();
canvas.setPointerCapture = () => {}; // of a pointer that is none
const point = (type, x, y, more = {}) => canvas.dispatchEvent(new PointerEvent(type, {
  pointerId: 1, clientX: box.left + x, clientY: box.top + y, bubbles: true, ...more,
}));
"""


def drawn(scripts: Scripts, atlas: Atlas, body: str) -> Any:
    names = ["picture", "groups", "by_group", "by_year", "colour", "lasso"]
    data = {
        "points": packed_points(atlas),
        "groups": [{"name": name, "count": "1", "place": [0.5, 0.5]} for name in atlas.names],
        "words": {word: word for word in (*names, "nearer", "farther", "whole")},
    }
    return scripts.run(DRAWN + body, data)


def test_a_click_on_a_point_opens_its_photo(scripts: Scripts, atlas: Atlas) -> None:
    assert drawn(
        scripts, atlas, 'point("pointerdown", 44, 44); point("pointerup", 44, 44); return sent;'
    ) == [["opened", 1000]]


def test_a_line_around_points_is_an_area(scripts: Scripts, atlas: Atlas) -> None:
    ((name, area),) = drawn(
        scripts,
        atlas,
        'point("pointerdown", 44, 44, { shiftKey: true });'
        'for (const [x, y] of [[556, 44], [556, 356], [44, 356]]) point("pointermove", x, y);'
        'point("pointerup", 44, 356); return sent;',
    )
    assert (name, area) == ("area", [0, 0, 1000, 0, 1000, 1000, 0, 1000])


def test_a_group_is_chosen_and_given_up_in_the_list(scripts: Scripts, atlas: Atlas) -> None:
    largest = int(np.bincount(atlas.groups).argmax())
    sent, pressed = drawn(
        scripts,
        atlas,
        'const first = () => place.querySelector(".groups .group"); first().click();'
        "const group = sent[0][1]; drawn({ group });"
        'const pressed = first().getAttribute("aria-pressed"); first().click();'
        "return [sent, pressed];",
    )
    assert sent == [["group", largest], ["group", -1]]
    assert pressed == "true"


def test_thumbnails_are_requested_once_the_view_rests_and_no_more_when_they_came(
    scripts: Scripts, atlas: Atlas
) -> None:
    wanted, more = drawn(
        scripts,
        atlas,
        "const request = async () => {"
        '  while (!sent.some(([name]) => name === "wanted")) await frame();'
        "  return sent.pop()[1].photos;"
        "}; const wanted = await request();"
        'const { notifyPictures } = await script("explore/atlas_events.js");'
        "notifyPictures(Object.fromEntries(wanted.slice(1).map((id) => [id, null])));"
        "drawn({}); return [wanted, await request()];",
    )
    assert len(wanted) > 10
    assert set(wanted) <= set(atlas.photo_ids.tolist())
    assert more == wanted[:1]

"""Spans of months on the timeline."""

from __future__ import annotations

import pytest

from tests.app.scripts import Scripts

pytestmark = pytest.mark.browser
SCRIPT = "views/months.js"


def test_a_span_is_ordered_whichever_way_it_was_drawn(scripts: Scripts) -> None:
    for one, other in (("2018-03", "2019-01"), ("2019-01", "2018-03")):
        assert scripts.call(SCRIPT, "ordered", one, other) == ["2018-03", "2019-01"]


def test_both_ends_are_within(scripts: Scripts) -> None:
    span = ["2018-11", "2019-02"]
    months = ("2018-10", "2018-11", "2019-01", "2019-02", "2019-03")
    within = [scripts.call(SCRIPT, "isWithin", span, month) for month in months]
    assert within == [False, True, True, True, False]
    assert scripts.call(SCRIPT, "isWithin", None, "2019-01") is False


def test_a_year_has_twelve_months_from_its_first_to_its_last(scripts: Scripts) -> None:
    months = scripts.call(SCRIPT, "monthsOf", "2019")
    assert [months[0], months[-1]] == scripts.call(SCRIPT, "spanOfYear", "2019")
    assert [scripts.call(SCRIPT, "numberOf", month) for month in months] == list(range(1, 13))

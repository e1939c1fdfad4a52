"""Filters that no photo can pass together are named; all others are searched with."""

from __future__ import annotations

import pytest

from indexer.errors import QueryError
from indexer.query.conditions import Quantity, Range
from indexer.query.conflicts import check
from indexer.query.filter_spec import FilterSpec, Help
from indexer.query.filter_values import Span, print_span, read_year
from indexer.query.filters import FILTERS
from indexer.query.query import parse


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("year:2018 year:2020", "both year:2018 and year:2020: year:2018,2020 finds"),
        ("dogs year:2018 in snow year:2019..2020", "year:2018 and year:2019..2020"),
        ("month:6..8 month:december", "month:6..8,12 finds"),
        ("month:1 -month:12..2", "month:1 and -month:12..2"),
        ("after:2020 before:2019", "both after:2020-01-01 and before:2019-01-01"),
        ("after:2020 before:2020", "before:2020-01-01"),
        ("after:2020 year:2018", "year:2018"),
        ("-after:2018 year:2020", "-after:2018-01-01 and year:2020"),
        ("-year:2018..2020 year:2019", "-year:2018..2020"),
        ("shape:square shape:panorama", "shape:square,panorama finds"),
        ("shape:portrait,square shape:landscape", "shape:portrait,square,landscape finds"),
        ("ext:jpg ext:.PNG", "ext:jpg,.PNG finds"),
        ("near:1..2,3..4 near:5..6,3..4", "near:1..2,3..4 and near:5..6,3..4"),
        ("near:1..2,3..4 near:1..2,5..6", "near:1..2,3..4 and near:1..2,5..6"),
        ("near:paris near:london", "near:Paris,23km and near:London,47km"),
        ("folder:zoo -folder:zoo", "folder:zoo and -folder:zoo"),
        ("larger:8mp -larger:4mp", "larger:8mp and -larger:4mp"),
    ],
)
def test_what_cannot_hold_together_is_named(typed: str, told: str) -> None:
    with pytest.raises(QueryError, match=r"no photo can pass both") as raised:
        check(parse(typed))
    assert told in str(raised.value)


@pytest.mark.parametrize(
    "typed",
    [
        "dogs",
        "year:2018",
        "year:2018 year:2018",
        "year:2018..2020 year:2019",
        "-year:2018 -year:2019",
        "-year:2018..2020 year:2018..2021",
        "after:2018 before:2019 year:2018",
        "after:2020 -before:2020",
        "month:11..2 month:12 -month:1",
        "shape:portrait shape:panorama",
        "-shape:square shape:panorama",
        "camera:nikon camera:d750",
        "folder:italy folder:rome",
        "ext:gz ext:tar.gz",
        "ext:jpg,png ext:png",
        "near:paris near:versailles",
        "larger:8mp -larger:20mp",
        "has:gps has:camera",
        "near:paris -near:london",
        "near:1..2,3..4 near:2..3,3..4",
        "near:1..2,3..4 near:paris",
    ],
)
def test_what_may_hold_together_is_searched_with(typed: str) -> None:
    check(parse(typed))


@pytest.mark.parametrize("is_universal", [True, False])
def test_photos_of_which_a_fact_is_unknown_pass_what_is_turned_round(
    monkeypatch: pytest.MonkeyPatch, is_universal: bool
) -> None:
    quantity = Quantity("iso", is_universal=is_universal)

    def condition(isos: int | Span) -> Range:
        first, last = (isos, isos) if isinstance(isos, int) else (isos.first, isos.last)
        return Range(quantity, first, last and last + 1)

    spec = FilterSpec(
        name="iso",
        parse=read_year,  # takes numbers of four digits
        print=print_span,
        condition=condition,
        help=Help(("iso:1900",), "taken with this"),
    )
    monkeypatch.setitem(FILTERS, "iso", spec)
    with pytest.raises(QueryError, match="both iso:1900 and iso:2000"):
        check(parse("iso:1900 iso:2000"))
    both = parse("-iso:..1999 -iso:2000..")
    if is_universal:
        with pytest.raises(QueryError, match="no photo can pass both"):
            check(both)
    else:
        check(both)

"""What the query box offers for the word at the caret."""

from __future__ import annotations

from typing import Any

import pytest

from indexer.query.typography import PAIRS
from tests.app.scripts import Scripts

pytestmark = pytest.mark.browser
SCRIPT = "search/completion.js"
CANDIDATES = [
    ["camera", 'camera:"NIKON D750"', "NIKON D750", 30],
    ["camera", "camera:Pentax", "Pentax", 2],
    ["folder", "folder:/Italy/Rome/", "Rome", 9],
    ["time", "year:2019", "2019", 12],
    ["place", "near:Rome", "Rome", 5],
    ["filter", "iso:", "Sensitivity", None],
]


def offered(
    scripts: Scripts, text: str, *recent: str, caret: int | None = None
) -> list[dict[str, Any]]:
    folded = scripts.call(SCRIPT, "foldedCandidates", CANDIDATES)
    at = len(text) if caret is None else caret
    found: list[dict[str, Any]] = scripts.call(
        SCRIPT, "completions", text, at, folded, list(recent), "File name: {name}"
    )
    return found


@pytest.mark.parametrize(
    ("text", "start", "word"),
    [
        ("", 0, ""),
        ("a polar be", 8, "be"),
        ("a polar ", 8, ""),
        ('bear camera:"NIKON D', 5, 'camera:"NIKON D'),
        ('camera:"NIKON D750" r', 20, "r"),
    ],
)
def test_the_word_ends_at_the_caret(scripts: Scripts, text: str, start: int, word: str) -> None:
    assert scripts.call(SCRIPT, "wordAt", text, len(text)) == {"start": start, "word": word}


def test_each_quote_of_the_query_language_holds_words_together(scripts: Scripts) -> None:
    for opening, closings in {'"': '"', **PAIRS}.items():
        inside = f"a {opening}two words"
        assert scripts.call(SCRIPT, "wordAt", inside, len(inside))["start"] == 2
        for closing in closings:
            after = f"{inside}{closing} b"
            assert scripts.call(SCRIPT, "wordAt", after, len(after))["word"] == "b"


def test_beginnings_come_first_then_words_then_middles(scripts: Scripts) -> None:
    ranks = [scripts.call(SCRIPT, "rank", text, "nik") for text in ("nikon", "a nikon", "sonik")]
    assert ranks == [0, 1, 2]
    assert scripts.call(SCRIPT, "rank", "pentax", "nik") == 3
    assert scripts.call(SCRIPT, "rank", "nikon", "on") == 3  # too short for a middle


def test_a_label_counts_more_than_what_it_inserts_and_alike_ones_keep_their_order(
    scripts: Scripts,
) -> None:
    assert [one["note"] for one in offered(scripts, "rom")] == ["folder:/Italy/Rome/", "near:Rome"]
    assert [one["label"] for one in offered(scripts, "cam")] == ["NIKON D750", "Pentax"]


def test_what_is_chosen_takes_the_place_of_the_word(scripts: Scripts) -> None:
    (pentax,) = offered(scripts, "an old pent in rain", caret=11)
    assert pentax["query"] == "an old camera:Pentax in rain"
    assert (pentax["open"], pentax["count"]) == (False, 2)
    assert offered(scripts, "bear -pent")[0]["query"] == "bear -camera:Pentax"
    assert offered(scripts, "bear −pent")[0]["query"] == "bear -camera:Pentax"
    assert offered(scripts, "sensi")[0]["open"] is True


def test_accents_and_capitals_make_no_difference(scripts: Scripts) -> None:
    assert scripts.call(SCRIPT, "folded", "AMÉRICA") == "america"
    assert offered(scripts, "pénT")[0]["label"] == "Pentax"


def test_one_letter_is_too_little(scripts: Scripts) -> None:
    assert offered(scripts, "p") == []


def test_a_word_with_a_digit_may_be_of_a_file_name(scripts: Scripts) -> None:
    *_, file = offered(scripts, "IMG_2019")
    assert (file["label"], file["query"]) == ("File name: IMG_2019", "name:IMG_2019 ")
    assert [one["kind"] for one in offered(scripts, "year:201")] == ["time"]
    dollars = offered(scripts, "$&1")
    assert dollars[0]["label"] == "File name: $&1"


def test_an_empty_box_offers_the_last_queries(scripts: Scripts) -> None:
    recent = ["a bear", "rome"]
    assert [one["query"] for one in offered(scripts, " ", *recent)] == recent
    assert {one["kind"] for one in offered(scripts, "", *recent)} == {"recent"}


def test_two_queries_of_before_that_begin_so_come_first(scripts: Scripts) -> None:
    recent = ["rome", "Rome at night", "bear", "rome in rain", "Röme by car"]
    found = offered(scripts, "rome", *recent)
    assert [one["query"] for one in found[:2]] == ["Rome at night", "rome in rain"]
    assert [one["kind"] for one in found] == ["recent", "recent", "folder", "place"]


def test_eight_are_enough(scripts: Scripts) -> None:
    many = [["folder", f"folder:/f{n}/", f"folder {n}", n] for n in range(20)]
    folded = scripts.call(SCRIPT, "foldedCandidates", many)
    assert len(scripts.call(SCRIPT, "completions", "folder", 6, folded, [], "{name}")) == 8

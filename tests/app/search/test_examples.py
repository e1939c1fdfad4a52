"""The example queries: those that find something, in a language that the model understands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.i18n.language import speaking
from app.search.examples import SENTENCES, ExamplesKeeper, examples, phrasing
from clipcore.families.registry import Languages
from indexer.library.library import Library, open_library
from tests.app.test_main import damage, ingested
from tests.fakes import ColourEncoder
from tests.photos import make_photo

EXAMPLE = "an old church"


class LinguistEncoder(ColourEncoder):
    languages: Languages | None = None


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    make_photo(tmp_path / "photos" / "red.jpg", "red")
    ingested(tmp_path).close()
    opened = open_library(tmp_path / "library", open_encoder=lambda _: LinguistEncoder())
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("page", "languages", "is_english"),
    [
        ("en", Languages.MANY, True),
        ("zh", Languages.MANY, False),
        ("zh", Languages.CHINESE, False),
        ("zh", Languages.ENGLISH, True),
        ("zh", None, True),
    ],
)
def test_an_example_is_asked_in_the_pages_language_where_the_model_understands_it(
    library: Library,
    monkeypatch: pytest.MonkeyPatch,
    page: str,
    languages: Languages | None,
    is_english: bool,
) -> None:
    monkeypatch.setattr(LinguistEncoder, "languages", languages)
    with speaking(page):
        query = phrasing(library)(EXAMPLE)
    assert (query == EXAMPLE, query.isascii()) == (is_english, is_english)


@pytest.mark.slow
def test_an_example_is_offered_for_what_its_own_query_finds(library: Library) -> None:
    assert examples(library, lambda _: "red") == SENTENCES[:1]


@pytest.mark.slow
def test_examples_are_found_once_whoever_comes_meanwhile(library: Library) -> None:
    keeper, others = ExamplesKeeper(), list[bool]()

    def phrased(_example: str) -> str:
        others.append(keeper.find(library, str))  # another visitor
        return "red"

    assert keeper.find(library, phrased)
    assert keeper.known == SENTENCES[:1]
    assert not any(others)
    assert not keeper.find(library, lambda _: "red")  # they are the same


def test_library_that_cannot_be_searched_has_no_examples_and_is_not_asked_again_at_once(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    damage(library)
    keeper = ExamplesKeeper()
    assert keeper.is_due(library)
    assert not keeper.find(library, str)
    assert not keeper.is_due(library)
    assert "no examples can be found" in caplog.text

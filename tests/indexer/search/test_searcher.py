"""Verdict, strength and order of what a search gives back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from indexer.errors import QueryError
from indexer.library.library import Library, open_library
from indexer.records.results import CONFIDENT
from indexer.search import searcher
from indexer.search.relevance import generic_texts
from tests.conftest import DATABASES, place_on
from tests.fakes import ColourEncoder
from tests.photos import make_photo

pytestmark = pytest.mark.both

COLOURS = ("red", "green", "blue", "yellow", "magenta", "cyan", "white", "orange")


class CountingEncoder(ColourEncoder):
    """Counts the texts that it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.texts = 0

    def embed_texts(self, texts):  # type: ignore[no-untyped-def]
        self.texts += len(texts)
        return super().embed_texts(texts)


@pytest.fixture(scope="module", params=DATABASES)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A library of those colours, five photos each."""
    folder = tmp_path_factory.mktemp("searcher")
    for number, colour in enumerate(COLOURS * 5):
        taken = {0x9003: f"{2010 + number // 8}:0{1 + number % 8}:01 10:00:00"}
        path = folder / "photos" / f"{colour} {number}.jpg"
        make_photo(path, colour, seed=number)
        with_date(path, taken)
    with place_on(request, folder) as place:
        library = open_library(place, create=True, open_encoder=lambda _: ColourEncoder())
        library.add_root(folder / "photos")
        with library.writing():
            library.rebuild()
        library.close()
        yield place


def with_date(path: Path, tags: dict[int, str]) -> None:
    with Image.open(path) as image:
        exif = image.getexif()
        exif.get_ifd(0x8769).update(tags)
        image.save(path, exif=exif, quality=95)


@pytest.fixture
def library(place: Path) -> Iterator[Library]:
    opened = open_library(place, open_encoder=lambda _: ColourEncoder())
    yield opened
    opened.close()


@pytest.mark.slow
def test_what_is_there_is_told_with_confidence(library: Library) -> None:
    result = library.search("red", 40)
    strong = [hit.photo.path.name for hit in result.hits if (hit.strength or 0) >= CONFIDENT]
    assert result.verdict == "confident"
    assert strong
    assert {name.split()[0] for name in strong} == {"red"}


def test_verdict_and_strength_do_not_depend_on_how_many_hits_are_asked_for(
    library: Library,
) -> None:
    few, many = library.search("red + blue", 1), library.search("red + blue", 40)
    assert few.verdict == many.verdict
    assert few.hits == many.hits[:1]


@pytest.mark.parametrize("query", ["red", "red + blue", "green - yellow", "#3", "#3 + #4"])
def test_score_and_strength_give_one_order_and_top_takes_its_first(
    library: Library, query: str
) -> None:
    every = library.search(query, 40).hits
    for figures in ([hit.score or 0 for hit in every], [hit.strength or 0 for hit in every]):
        assert figures == sorted(figures, reverse=True)
    for top in (1, 5, 39):
        assert library.search(query, top).hits == every[:top]


def test_order_goes_on_where_the_photos_judged_first_end(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searcher, "JUDGED", 4)
    monkeypatch.setattr(searcher, "JUDGED_MOST", 8)
    every = library.search("red", 40).hits
    assert len({hit.photo.id for hit in every}) == len(every) == 40
    strengths = [hit.strength or 0 for hit in every]
    assert strengths == sorted(strengths, reverse=True)
    for top in (1, 3, 6, 20):
        assert library.search("red", top).hits == every[:top]


def test_photos_that_are_looked_for_are_no_hits_and_the_nearest_are_there(
    library: Library,
) -> None:
    asked = [hit.photo.id for hit in library.search("cyan", 3).hits]
    found = library.search(" + ".join(f"#{number}" for number in asked), 40).hits
    assert len(found) == 40 - len(asked)
    assert not {hit.photo.id for hit in found} & set(asked)
    assert [hit.photo.path.name.split()[0] for hit in found[:2]] == ["cyan", "cyan"]
    negated = library.search(f"red - #{asked[0]}", 40).hits
    assert len(negated) == 40


def test_min_strength_leaves_out_the_weaker(library: Library) -> None:
    every = library.search("red", 40).hits
    kept = library.search("red", 40, min_strength=CONFIDENT).hits
    assert [hit.photo for hit in kept] == [
        hit.photo for hit in every if (hit.strength or 0) >= CONFIDENT
    ]
    assert [hit.rank for hit in kept] == list(range(1, len(kept) + 1))


def test_sort_by_date_orders_the_relevant_hits_only(library: Library) -> None:
    by_date = library.search("red sort:date", 40).hits
    relevant = library.search("red", 40, min_strength=CONFIDENT).hits
    assert {hit.photo for hit in by_date} == {hit.photo for hit in relevant}
    dates = [hit.photo.date for hit in by_date]
    assert dates == sorted(dates, reverse=True)
    assert [hit.rank for hit in by_date] == list(range(1, len(by_date) + 1))


def test_filters_alone_are_listed_without_scores(library: Library) -> None:
    result = library.search("year:2011 has:date", 40)
    assert result.verdict == "listed"
    assert [hit.photo.date.year for hit in result.hits] == [2011] * 8
    assert {(hit.score, hit.logit, hit.strength) for hit in result.hits} == {(None, None, None)}
    assert {hit.photo.date_source for hit in result.hits} == {"exif"}


class SigmoidEncoder(ColourEncoder):
    """Tells probabilities, as SigLIP does."""

    logit_scale = 2.0
    logit_bias: float | None = -10.0


def test_probability_is_the_sigmoid_of_the_logit_of_a_text(place: Path) -> None:
    library = open_library(place, open_encoder=lambda _: SigmoidEncoder())
    hits = library.search("red", 5).hits
    by_photo = library.search(f"#{hits[0].photo.id}", 5).hits
    library.close()
    for hit in hits:
        assert hit.score is not None
        assert hit.logit == pytest.approx(math.exp(2) * hit.score - 10)
        assert hit.probability == pytest.approx(1 / (1 + math.exp(-hit.logit)))
    assert {hit.probability for hit in by_photo} == {None}


def test_logits_that_are_no_probabilities_are_not_shown_as_such(library: Library) -> None:
    assert {hit.probability for hit in library.search("red", 5).hits} == {None}


def test_filter_that_nothing_passes_gives_no_confident_match(library: Library) -> None:
    result = library.search("red year:1999", 40)
    assert (result.verdict, result.hits) == ("none", ())


def test_generic_texts_are_embedded_by_the_rebuild_that_makes_the_library(place: Path) -> None:
    encoder = CountingEncoder()
    library = open_library(place, open_encoder=lambda _: encoder)
    assert library.is_prepared
    library.search("red")
    library.close()
    assert encoder.texts == 1


def test_a_search_says_that_it_prepares_the_model_first(place: Path) -> None:
    for kept in place.glob("generic-texts-*"):
        kept.unlink()
    library = open_library(place, open_encoder=lambda _: ColourEncoder())
    said: list[bool] = []
    for _ in range(2):
        library.search("year:2010", preparing=lambda: said.append(library.is_prepared))
        library.search("red", preparing=lambda: said.append(library.is_prepared))
    assert said == [False]
    library.close()


def test_preparing_can_be_stopped_and_leaves_nothing_half_done(place: Path) -> None:
    for kept in place.glob("generic-texts-*"):
        kept.unlink()
    encoder = CountingEncoder()
    library = open_library(place, open_encoder=lambda _: encoder)
    library.prepare_search(lambda: encoder.texts > 0)
    assert not library.is_prepared
    assert 0 < encoder.texts < len(generic_texts())
    library.prepare_search()
    assert library.is_prepared
    library.close()


def test_damaged_file_of_generic_texts_is_made_again(place: Path, library: Library) -> None:
    library.search("red")
    (kept,) = place.glob("generic-texts-*")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-1])
    library = open_library(place, open_encoder=lambda _: ColourEncoder())
    assert library.search("red").verdict == "confident"
    library.close()
    assert kept.read_bytes() == whole


@pytest.mark.parametrize("typed", ["red 0.jpg", "RED 0.JPG", "red 0.jpg folder:photos"])
def test_the_name_of_a_file_finds_it(library: Library, typed: str) -> None:
    found = library.search(typed)
    assert found.verdict == "listed"
    assert [hit.photo.path.name for hit in found.hits] == ["red 0.jpg"]


@pytest.mark.parametrize(
    "typed", ["red", "blue.jpg", "red 0", "- red 0.jpg", "red 0.jpg year:1900", "IMG_0720"]
)
def test_words_that_are_no_name_of_a_file_are_words(library: Library, typed: str) -> None:
    assert library.search(typed).verdict != "listed"


def test_filters_that_cannot_hold_together_are_no_empty_answer(library: Library) -> None:
    with pytest.raises(QueryError, match="both year:2010 and year:2011"):
        library.search("red year:2010 year:2011")

"""Strength tells matches from chance, whatever the range of an encoder's cosines."""

from __future__ import annotations

import unicodedata
from importlib import resources

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from indexer.arrays import FloatArray
from indexer.query.query import LibraryPhoto, Term, Text
from indexer.records.results import CONFIDENT
from indexer.search.relevance import (
    GENERIC,
    Calibration,
    Scale,
    broad_words,
    generic_texts,
    kinds_of,
    levelled,
)

TOPICS, DIM = 40, 64
DOG = Term(Text("dog"))
KINDS = 12  # topics that a broad word names


def unit(rows: FloatArray) -> FloatArray:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), np.float32)


def strengths(scale: Scale, query: FloatArray, photos: FloatArray) -> FloatArray:
    """Those of the photos, in their own order."""
    scores = photos @ query
    order = np.argsort(-scores, kind="stable")
    deviations = scale.deviations(scores[order], photos[order])
    found = np.empty_like(scores)
    found[order] = scale.strengths(query, scores[order], deviations, len(order))
    return found


class World:
    """Texts and photos about topics. `squeeze` makes all cosines alike, as CLIP's are.

    Half of the topics are in the library; the generic texts name every one.
    """

    def __init__(self, squeeze: float) -> None:
        rng = np.random.default_rng(3)
        topics = unit(rng.normal(size=(TOPICS, DIM)))
        towards = squeeze * unit(rng.normal(size=DIM))

        def about(numbers: npt.NDArray[np.intp]) -> FloatArray:
            noise = unit(rng.normal(size=(len(numbers), DIM)))
            return unit(topics[numbers] + 0.5 * noise + towards)

        self.photos = about(np.arange(200) % (TOPICS // 2))
        self.texts = about(np.arange(TOPICS))
        self.queries = about(np.arange(TOPICS))

    def best(self) -> tuple[FloatArray, FloatArray]:
        """The strongest hit of each query for what is there, and for what is not."""
        scale = Calibration(self.texts, self.photos).scale([DOG])
        best = np.array([strengths(scale, q, self.photos).max() for q in self.queries])
        return best[: TOPICS // 2], best[TOPICS // 2 :]


@pytest.mark.parametrize("squeeze", [0.0, 1.0, 4.0])
def test_present_and_absent_are_told_apart_by_the_same_cut(squeeze: float) -> None:
    present, absent = World(squeeze).best()
    assert (present >= CONFIDENT).mean() >= 0.9
    assert (absent < CONFIDENT).mean() >= 0.9


def test_strength_of_a_photo_grows_with_its_score() -> None:
    world = World(1.0)
    scale = Calibration(world.texts, world.photos).scale([DOG])
    scores = np.linspace(1, -1, 50, dtype=np.float32)
    deviations = scale.deviations(scores, np.repeat(world.photos[:1], 50, axis=0))
    found = scale.strengths(world.queries[0], scores, deviations, len(scores))
    assert (np.diff(found) <= 0).all()
    assert found[0] > CONFIDENT > found[-1]
    assert found.min() >= 0
    assert found.max() <= 1


def test_strengths_never_grow_along_the_scores() -> None:
    world = World(1.0)
    scale = Calibration(world.texts, world.photos).scale([DOG])
    for query in world.queries:
        found = strengths(scale, query, world.photos)
        assert (np.diff(found[np.argsort(-(world.photos @ query), kind="stable")]) <= 0).all()


def test_best_match_decides_on_the_verdict_wherever_it_ranks() -> None:
    """A photo that is near to every text may stand before it."""
    world = World(1.0)
    scale = Calibration(world.texts, world.photos).scale([DOG])
    scores = np.array([0.9, 0.8], np.float32)
    for deviations in ([0.0, 9.0], [9.0, 0.0]):
        found = scale.strengths(world.queries[0], scores, np.array(deviations, np.float32), 2)
        assert found.max() >= CONFIDENT


def test_text_that_is_near_to_every_photo_has_no_strong_match_among_them() -> None:
    world = World(1.0)
    scale = Calibration(world.texts, world.photos).scale([DOG])
    near_to_all = unit(world.photos.mean(axis=0))
    assert strengths(scale, near_to_all, world.photos).max() < CONFIDENT


def test_more_like_this_finds_photos_of_the_same_topic() -> None:
    """A photo is nearer to every photo than a text is: it is judged by other photos' scores."""
    world = World(4.0)
    scale = Calibration(world.texts, world.photos).scale([Term(LibraryPhoto(1))])
    found = strengths(scale, world.photos[0], world.photos)
    alike = np.arange(200) % (TOPICS // 2) == 0
    assert found[alike].mean() > 0.5
    assert found[~alike].mean() < 0.1


@pytest.mark.parametrize("count", [1, 2, 3])
def test_smallest_libraries_have_strengths_too(count: int) -> None:
    world = World(0.0)
    few = world.photos[:count]
    for terms in ([DOG], [Term(LibraryPhoto(1))], [DOG, Term(Text("cat"), -0.5)]):
        scale = Calibration(world.texts, few).scale(terms)
        assert np.isfinite(strengths(scale, few[0], few)).all()


def test_generic_texts_are_distinct() -> None:
    texts = generic_texts()
    assert len(set(texts)) == len(texts) > 200
    assert all(text == text.strip() != "" for text in texts)


def broad_scale(world: World, kinds: range) -> tuple[Scale, FloatArray]:
    """The scale of a broad word that names these topics, and the vector of the word.

    It is as near to all photos as the other texts are.
    """
    scale = Scale(world.texts, world.photos, of_texts=True, kinds=kinds)
    common = world.texts.mean(axis=0)
    return scale, unit(common + unit(world.texts[kinds].mean(axis=0) - common))


@pytest.mark.parametrize("squeeze", [0.0, 1.0])
def test_photos_of_each_kind_match_a_broad_word(squeeze: float) -> None:
    world = World(squeeze)
    scale, word = broad_scale(world, range(KINDS))
    narrow = Scale(world.texts, world.photos, of_texts=True)
    of_kinds = np.arange(200) % (TOPICS // 2) < KINDS
    assert (strengths(narrow, word, world.photos)[of_kinds] >= CONFIDENT).mean() < 0.2
    found = strengths(scale, word, world.photos)
    assert (found[of_kinds] >= CONFIDENT).mean() > 0.5
    assert (found[~of_kinds] >= CONFIDENT).mean() < 0.1


@pytest.mark.parametrize("squeeze", [0.0, 1.0])
def test_broad_word_has_no_strong_match_where_no_kind_is_there(squeeze: float) -> None:
    world = World(squeeze)
    scale, word = broad_scale(world, range(TOPICS // 2, TOPICS // 2 + KINDS))
    assert strengths(scale, word, world.photos).max() < CONFIDENT


def test_strengths_of_a_broad_word_never_grow_along_the_scores() -> None:
    world = World(1.0)
    scale, word = broad_scale(world, range(KINDS))
    found = strengths(scale, word, world.photos)
    assert (np.diff(found[np.argsort(-(world.photos @ word), kind="stable")]) <= 0).all()


def test_deviations_do_not_depend_on_how_many_photos_are_judged_at_once() -> None:
    vectors = unit(np.random.default_rng(0).normal(size=(400, 512)))
    scale = Scale(vectors[:GENERIC], vectors[GENERIC:], of_texts=True)
    scores = vectors[:, 0]
    together = scale.deviations(scores, vectors)
    for count in (1, 2, 5, 41, 101):
        part = slice(7, 7 + count)
        found = scale.deviations(scores[part], vectors[part])
        assert found.tolist() == together[part].tolist()


def test_broad_words_are_known_in_each_form() -> None:
    forms = ("animals", "Animals", " an animal ", "some animals", "Tiere", "животные", "动物")
    for text in forms:
        kinds = [generic_texts()[number] for number in kinds_of(text)]
        assert {"a dog", "a fish", "a bee"} <= set(kinds)
    for text in ("dogs", "animals in a forest", "banana", "", "a"):
        assert not kinds_of(text)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_broad_words_are_known_however_their_accents_are_written(form: str) -> None:
    for text in ("Gebäude", "légumes", "औज़ार"):
        assert kinds_of(unicodedata.normalize(form, text))


def test_each_broad_word_has_several_kinds_among_the_generic_texts() -> None:
    for word, kinds in broad_words().items():
        assert len(set(kinds)) == len(kinds) > 1, word
        assert max(kinds) < GENERIC
        assert word == word.strip() != ""


def test_no_word_is_broad_in_two_ways() -> None:
    packed = resources.files("indexer.search").joinpath("broad_words.txt").read_text("utf-8")
    words = [word for line in packed.splitlines() for word in line.split(": ")[0].split(", ")]
    assert len({word.casefold() for word in words}) == len(words)


def test_word_is_broad_only_where_it_is_the_whole_query() -> None:
    world = World(0.0)
    calibration = Calibration(world.texts, world.photos)
    animals, dog = Term(Text("animals")), calibration.scale([DOG])
    assert calibration.scale([animals]) is not dog
    assert calibration.scale([Term(Text("Tiere"), 2.0)]) is calibration.scale([animals])
    for terms in ([Term(Text("animals"), -1.0)], [animals, DOG]):
        narrow = [Term(Text("cat"), term.weight) for term in terms]
        assert calibration.scale(terms) is calibration.scale(narrow)


@given(strengths=arrays(np.float32, st.integers(0, 30), elements=st.floats(0, 1, width=32)))
def test_levelled_standings_never_grow_and_keep_their_mean(strengths: FloatArray) -> None:
    found = levelled(strengths)
    assert (np.diff(found) <= 1e-6).all()
    assert found.shape == strengths.shape
    assert found.sum() == pytest.approx(strengths.sum(), abs=1e-4)


def test_standings_that_never_grow_stay_and_others_are_pooled_with_their_neighbours() -> None:
    falling = np.array([0.9, 0.9, 0.5, 0.1], np.float32)
    assert levelled(falling).tolist() == falling.tolist()
    found = levelled(np.array([0.8, 0.4, 0.6, 0.1], np.float32))
    assert found.tolist() == pytest.approx([0.8, 0.5, 0.5, 0.1])

"""Strength tells matches from chance, whatever the range of an encoder's cosines."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from indexer.arrays import FloatArray
from indexer.query.query import LibraryPhoto, Term, Text
from indexer.records.results import CONFIDENT
from indexer.search.relevance import Calibration, Scale, generic_texts, levelled

TOPICS, DIM = 40, 64
DOG = Term(Text("dog"))


def unit(rows: FloatArray) -> FloatArray:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), np.float32)


def strengths(scale: Scale, query: FloatArray, photos: FloatArray) -> FloatArray:
    deviations = scale.deviations(photos @ query, photos)
    return scale.strengths(deviations, float(deviations.max()))


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
    scores = np.linspace(-1, 1, 50, dtype=np.float32)
    deviations = scale.deviations(scores, np.repeat(world.photos[:1], 50, axis=0))
    found = scale.strengths(deviations, 0.0)
    assert (np.diff(found) >= 0).all()
    assert found.min() >= 0
    assert found.max() <= 1


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


@given(strengths=arrays(np.float32, st.integers(0, 30), elements=st.floats(0, 1, width=32)))
def test_levelled_strengths_never_grow_and_keep_their_mean(strengths: FloatArray) -> None:
    found = levelled(strengths)
    assert (np.diff(found) <= 1e-6).all()
    assert found.shape == strengths.shape
    assert found.sum() == pytest.approx(strengths.sum(), abs=1e-4)


def test_strengths_that_never_grow_stay_and_others_are_pooled_with_their_neighbours() -> None:
    falling = np.array([0.9, 0.9, 0.5, 0.1], np.float32)
    assert levelled(falling).tolist() == falling.tolist()
    found = levelled(np.array([0.8, 0.4, 0.6, 0.1], np.float32))
    assert found.tolist() == pytest.approx([0.8, 0.5, 0.5, 0.1])

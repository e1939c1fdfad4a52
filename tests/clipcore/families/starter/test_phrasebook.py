"""Phrasebook: the language of a text, and the place of its meaning."""

from __future__ import annotations

import numpy as np
import pytest

from clipcore.families.starter.label_space import read_label_space
from clipcore.families.starter.phrasebook import Phrasebook, read_english_words, read_phrasebook


@pytest.fixture(scope="module")
def book() -> Phrasebook:
    return read_phrasebook()


@pytest.mark.slow
def test_an_entry_lies_where_its_meaning_does(book: Phrasebook) -> None:
    some = slice(None, None, 20)
    embeddings = book.mean + book.entries[some] @ book.basis.T
    near = book.of_texts(embeddings) @ book.meanings.T
    assert np.mean(near.argmax(axis=1) == book.meaning_of[some]) > 0.9


def test_its_points_are_in_the_space_of_the_photos(book: Phrasebook) -> None:
    assert book.meanings.shape[1] == read_label_space().dim
    np.testing.assert_allclose(np.linalg.norm(book.meanings, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("text", ["a dog on the beach", "Horses", "", "2019"])
def test_words_alone_tell_plain_english(text: str) -> None:
    assert read_english_words().make_up(text)


@pytest.mark.parametrize("text", ["ein Hund am Strand", "un chat", "猫", "una 猫"])
def test_words_alone_leave_other_texts_open(text: str) -> None:
    assert not read_english_words().make_up(text)

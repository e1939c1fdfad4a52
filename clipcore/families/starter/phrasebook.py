"""Texts of many languages -> points of the starter's space, by a phrasebook.

Each entry is the name of a thing in one of twenty languages: its embedding by the encoder
multilingual-e5-small, and the point at which the starter has its English name. A text lies where
the entries do that it resembles, so a photo's vector serves all languages. The differences between
the languages' mean embeddings tell the language of a text.

Knows embeddings of texts, and the words of English; knows no encoder and no photos.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from clipcore.arrays import FloatArray
from clipcore.families.starter.label_space import softmax, unit_rows

DATA = "data/starter_phrasebook.npz"

# Chosen with benchmarks/starter_languages.py; the recall is flat to a point around them.
TEMPERATURE = 0.04  # of a text's cosines with the entries
WORD = re.compile(r"[^\W\d_]+")
# Indefinite articles: what follows one is no English, though its embedding may lie near English.
ARTICLES = frozenset({"ein", "eine", "een", "um", "uma", "un", "una", "une", "uno"})


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """The entries, and how the languages differ. E = 384, the width of the encoder."""

    mean: FloatArray  # (E,): of the entries' embeddings
    basis: FloatArray  # (E, K): their principal directions
    entries: FloatArray  # (N, K): unit rows
    meaning_of: npt.NDArray[np.int64]  # (N,): row of `meanings`
    meanings: FloatArray  # (M, D): points of the starter's space
    language_weights: FloatArray  # (E, L): a linear discriminant; English is the first language
    language_biases: FloatArray  # (L,)

    def of_texts(self, embeddings: FloatArray) -> FloatArray:
        """(B, E) unit rows of the encoder -> (B, D) unit rows of the starter's space."""
        texts = np.asarray((embeddings - self.mean) @ self.basis, np.float32)  # (B, K)
        shares = softmax(unit_rows(texts) @ self.entries.T / np.float32(TEMPERATURE))  # (B, N)
        return unit_rows(np.asarray(shares @ self.meanings[self.meaning_of], np.float32))

    def are_english(self, embeddings: FloatArray) -> npt.NDArray[np.bool_]:
        """(B, E) unit rows of the encoder -> (B,) whether English is the likeliest language."""
        logits = embeddings @ self.language_weights + self.language_biases
        return np.asarray(logits.argmax(axis=1) == 0)


@dataclass(frozen=True, slots=True)
class EnglishWords:
    """Words of English, one a line: most queries need no more to be known for English.

    A search in the lines takes microseconds, and a set of them milliseconds to make.
    """

    known: str
    shared: str  # those that entries of other languages have, too

    def make_up(self, text: str) -> bool:
        """Whether a text has no words, or more that are English alone than that are not English."""
        found = words(text)
        unknown = sum(not _is_line(word, self.known) for word in found)
        english_alone = len(found) - unknown - sum(_is_line(word, self.shared) for word in found)
        return not found or english_alone > unknown


def _is_line(word: str, lines: str) -> bool:
    return f"\n{word}\n" in lines


def has_foreign_article(text: str) -> bool:
    """Whether a text begins with an article of another language than English."""
    first = WORD.search(text)
    return first is not None and first.group().casefold() in ARTICLES


def words(text: str) -> Sequence[str]:
    """The words of a text, folded."""
    return WORD.findall(text.casefold())


def read_phrasebook() -> Phrasebook:
    """The phrasebook that comes with the package."""
    with _arrays() as arrays:
        return Phrasebook(
            mean=arrays["mean"].astype(np.float32),
            basis=arrays["basis"].astype(np.float32),
            entries=unit_rows(arrays["entries"].astype(np.float32)),
            meaning_of=arrays["meaning_of"].astype(np.int64),
            meanings=unit_rows(arrays["meanings"].astype(np.float32)),
            language_weights=arrays["language_weights"].astype(np.float32),
            language_biases=arrays["language_biases"].astype(np.float32),
        )


def read_english_words() -> EnglishWords:
    """The words that come with it."""
    with _arrays() as arrays:
        return EnglishWords(_lines(arrays["english_words"]), _lines(arrays["shared_words"]))


@contextmanager
def _arrays() -> Iterator[Mapping[str, Any]]:
    """Each is read when it is named."""
    with resources.files("clipcore").joinpath(DATA).open("rb") as file, np.load(file) as arrays:
        yield arrays


def _lines(letters: npt.NDArray[np.uint8]) -> str:
    return f"\n{letters.tobytes().decode()}\n"

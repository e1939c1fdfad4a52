"""The embeddings of the generic texts are made once, and do without a place to be stored."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from indexer.arrays import FloatArray
from indexer.search.generic import GenericTexts
from tests.fakes import ColourEncoder


class Counting(ColourEncoder):
    """Counts how often it embeds texts."""

    times = 0

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        self.times += 1
        return super().embed_texts(texts)


def texts_in(directory: Path) -> GenericTexts:
    return GenericTexts(directory, ColourEncoder.model_id, ColourEncoder.dim)


def test_they_are_made_once_for_all_processes(tmp_path: Path) -> None:
    encoder = Counting()
    made = texts_in(tmp_path).embeddings(encoder)
    assert np.array_equal(texts_in(tmp_path).embeddings(encoder), made)
    assert encoder.times == 1


def test_on_a_disk_that_cannot_be_written_each_process_makes_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "replace", refused)
    encoder, texts = Counting(), texts_in(tmp_path)
    made = texts.embeddings(encoder)
    assert texts.are_known
    assert np.array_equal(texts.embeddings(encoder), made)
    assert encoder.times == 1
    assert not texts_in(tmp_path).are_known

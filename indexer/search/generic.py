"""The embeddings of the generic texts, which scores are compared with: made once, then stored.

They depend on what embeds texts alone, so a library has a file for each model that it was searched
with. Knows nothing of what the scores mean.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from clipcore import Encoder
from indexer.arrays import FloatArray
from indexer.atomic import write_atomically
from indexer.errors import DiskFull
from indexer.search.relevance import generic_texts

log = logging.getLogger(__name__)

BATCH: Final = 32  # texts; between two batches making them can be stopped
NAME_DIGITS: Final = 16


class GenericTexts:
    """Those of one text tower, in one directory."""

    def __init__(self, directory: Path, texts_id: str, dim: int) -> None:
        """`texts_id` names what embeds texts, `dim` the length of an embedding."""
        self._texts = generic_texts()
        self._dim = dim
        name = hashlib.sha256(texts_id.encode()).hexdigest()[:NAME_DIGITS]
        self._file = directory / f"generic-texts-{name}.bin"
        self._key = hashlib.sha256("\n".join([texts_id, *self._texts]).encode()).digest()
        self._made: FloatArray | None = None

    @property
    def are_known(self) -> bool:
        """Whether they need not be made any more."""
        return self._known() is not None

    def embeddings(self, encoder: Encoder) -> FloatArray:
        """(G, D), made now if they are not known; SigLIP takes half a minute on two cores."""
        known = self._known()
        return self._keep(encoder.embed_texts(self._texts)) if known is None else known

    def prepare(self, encoder: Encoder, stop: Callable[[], bool]) -> None:
        """Make them now, unless `stop` ends that between two batches."""
        parts = []
        for start in range(0, len(self._texts), BATCH):
            if stop():
                return
            parts.append(encoder.embed_texts(self._texts[start : start + BATCH]))
        self._keep(np.concatenate(parts))

    def _known(self) -> FloatArray | None:
        if self._made is None:
            self._made = self._stored()
        return self._made

    def _stored(self) -> FloatArray | None:
        try:
            content = self._file.read_bytes()
        except FileNotFoundError:
            return None
        length = len(self._key) + 4 * len(self._texts) * self._dim
        if not content.startswith(self._key) or len(content) != length:
            return None
        return np.frombuffer(content, "<f4", offset=len(self._key)).reshape(-1, self._dim)

    def _keep(self, embeddings: FloatArray) -> FloatArray:
        self._made = embeddings
        try:
            write_atomically(self._file, self._key + embeddings.astype("<f4").tobytes())
        except (OSError, DiskFull) as error:  # on a read-only drive each process makes them
            log.debug("%s cannot be stored: %s", self._file, error)
        return embeddings

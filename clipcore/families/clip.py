"""CLIP as an encoder: photos and sentences into unit vectors."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from clipcore.arrays import FloatArray
from clipcore.encoder import unit_rows
from clipcore.families.registry import KnownModel, Languages
from clipcore.families.two_towers import PROBE_TEXTS, TwoTowers, by_length, tokens_of

if TYPE_CHECKING:
    from clipcore.checkpoints.catalogue import Entry, Status
    from clipcore.checkpoints.hub import Progress
    from clipcore.checkpoints.loading import Checkpoint
    from clipcore.engines.engines import Engine, Tower
    from clipcore.text.bert_tokenizer import BertTokenizer
    from clipcore.text.tokenizer import ClipTokenizer


class ClipEncoder(TwoTowers):
    """An Encoder of a CLIP checkpoint. Opening reads names and shapes; towers come when used.

    Thread-safe. Follows the Encoder protocol above; torch is imported where weights are read, so
    that most uses never wait for it.
    """

    def __init__(
        self, source: str | Path, device: str | None = None, engine: str | None = None
    ) -> None:
        """`source`: a name of the table, a directory or a file.

        `device` and `engine`: as TwoTowers has it.
        Raises ModelNotFound, DownloadError or a CheckpointError.
        """
        from clipcore.checkpoints.loading import open_checkpoint

        self._checkpoint: Checkpoint = open_checkpoint(source)
        super().__init__(self._checkpoint, device, engine)

    @property
    def logit_bias(self) -> None:
        return None

    @cached_property
    def tokenizer(self) -> ClipTokenizer | BertTokenizer:
        """The checkpoint's tokenizer."""
        return self._checkpoint.tokenizer()

    def load_texts(self) -> None:
        _ = self._for_texts

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        """Only the positions up to the last token are computed: no other one sees on."""
        return by_length(texts, *self._for_texts) if texts else self._empty(0)

    @cached_property
    def _for_texts(self) -> tuple[ClipTokenizer | BertTokenizer, Engine]:
        """The tower loads while the vocabulary is read."""
        with ThreadPoolExecutor(1) as background:
            opened = background.submit(self._engine, "text")
            return self.tokenizer, opened.result()

    def _text_tower(self) -> Tower:
        from clipcore.engines.engines import Tower

        key, load = f"{self.model_id} text", partial(self._load, "text")
        return Tower(key, load, (-1, -1), self._probe, 1, unit_rows)

    def _probe(self) -> npt.NDArray[np.int64]:
        return tokens_of(PROBE_TEXTS, self.tokenizer)


class _ClipFamily:
    """See `Family`; its models are the catalogue's, and checkpoints on disk in CLIP's forms."""

    understands_scenes = True

    def knows(self, source: str) -> bool:
        """It is asked last, and says of a source that is no model what is wrong with it."""
        return True

    def open(self, source: str, device: str | None, engine: str | None) -> ClipEncoder:
        return ClipEncoder(source, device, engine)

    def source_of(self, model_id: str) -> str | None:
        """An id is the name with "@" and digits."""
        from clipcore.checkpoints import catalogue

        name = model_id.rpartition("@")[0]
        return name if catalogue.find(name) else None

    def models(self) -> Sequence[KnownModel]:
        from clipcore.checkpoints import catalogue

        return [_known(status) for status in catalogue.list_models()]

    def find(self, source: str) -> KnownModel | None:
        from clipcore.checkpoints import catalogue

        entry = catalogue.find(source)
        return None if entry is None else _known(catalogue.status_of(entry))

    def pull(self, source: str, progress: Progress | None = None) -> Path:
        from clipcore.checkpoints import catalogue

        return catalogue.pull(source, progress).weights


def _languages(entry: Entry) -> Languages:
    if entry.is_multilingual:
        return Languages.MANY
    return Languages.CHINESE if entry.is_chinese else Languages.ENGLISH


def _known(status: Status) -> KnownModel:
    entry = status.entry
    return KnownModel(
        entry.name,
        is_cached=status.cached,
        size_bytes=status.estimated_bytes,
        memory_bytes=entry.memory_bytes,
        query_bytes=entry.query_bytes,
        dim=entry.embed_dim,
        languages=_languages(entry),
        image_gflops=entry.image_gflops,
        accuracy=entry.imagenet_zero_shot_top1,
        recall=entry.coco_text_to_image_r_at_1,
        recall_english=entry.crossmodal_english,
        recall_chinese=entry.crossmodal_chinese,
        published_in=entry.published_in if entry.imagenet_zero_shot_top1 else None,
        licence=entry.licence,
    )


FAMILY = _ClipFamily()

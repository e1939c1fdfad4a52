"""SigLIP and SigLIP 2 as encoders: photos and sentences into unit vectors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from clipcore.arrays import FloatArray
from clipcore.encoder import unit_rows
from clipcore.families.registry import KnownModel, Languages
from clipcore.families.text_trials import try_text_engines
from clipcore.families.two_towers import PROBE_TEXTS, TwoTowers

if TYPE_CHECKING:
    from clipcore.checkpoints.hub import Progress
    from clipcore.checkpoints.siglip import SiglipCheckpoint
    from clipcore.checkpoints.siglip_catalogue import SiglipEntry
    from clipcore.engines.engines import Tower
    from clipcore.text.siglip_tokenizer import SiglipTokenizer
    from clipcore.text.word_table import WordTable

TEXT_BATCH = 8  # of 64 tokens each: a larger one is no quicker and takes 10 MB more for each text


class SiglipEncoder(TwoTowers):
    """An Encoder of a SigLIP checkpoint. Opening reads names and shapes; towers come when used.

    Thread-safe. The table of words stays on disk; of a text its rows are read.
    """

    def __init__(
        self, source: str | Path, device: str | None = None, engine: str | None = None
    ) -> None:
        """`source`: a name of the table or a directory; `device` and `engine`: as TwoTowers has it.

        Raises ModelNotFound, DownloadError or a CheckpointError.
        """
        from clipcore.checkpoints.siglip import open_siglip

        self._source = str(source)
        self._checkpoint: SiglipCheckpoint = open_siglip(source)
        super().__init__(self._checkpoint, device, engine)

    @property
    def logit_bias(self) -> float:
        return self._checkpoint.logit_bias

    @cached_property
    def tokenizer(self) -> SiglipTokenizer:
        """The checkpoint's tokenizer."""
        return self._checkpoint.tokenizer()

    def load_texts(self) -> None:
        """One after the other: reading Gemma's vocabulary takes 0.5 GB for a moment."""
        with self._lock:
            _ = self.tokenizer
        self._engine("text")

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        """Each at its full length: the padding is part of what the model sees."""
        if not texts:
            return self._empty(0)
        self.load_texts()
        embeddings = self._empty(len(texts))
        for start in range(0, len(texts), TEXT_BATCH):
            rows = slice(start, start + TEXT_BATCH)
            embeddings[rows] = unit_rows(self._engine("text")(self._word_rows(texts[rows])))
        return embeddings

    def _text_tower(self) -> Tower:
        from clipcore.engines.engines import Tower

        text = self._checkpoint.config.text
        shape = (-1, text.context_length, text.width)
        probe = partial(self._word_rows, PROBE_TEXTS)
        load = partial(self._load, "text")
        apart = partial(try_text_engines, self._source)
        key = f"{self.model_id} text"
        return Tower(key, load, shape, probe, 1, unit_rows, compact=True, try_apart=apart)

    def _word_rows(self, texts: Sequence[str]) -> FloatArray:
        """B texts -> (B, T, width): what the text tower takes."""
        return self._words(self.tokenizer.tokens(texts))

    @cached_property
    def _words(self) -> WordTable:
        return self._checkpoint.words()


class _SiglipFamily:
    """See `Family`; its models are those of its own table, and SigLIP directories on disk."""

    understands_scenes = True

    def knows(self, source: str) -> bool:
        """NaFlex models too, which it refuses with the name of a model to take instead."""
        from clipcore.checkpoints import siglip

        return siglip.knows(source)

    def open(self, source: str, device: str | None, engine: str | None) -> SiglipEncoder:
        return SiglipEncoder(source, device, engine)

    def source_of(self, model_id: str) -> str | None:
        """An id is the name with "@" and digits."""
        from clipcore.checkpoints import siglip_catalogue

        name = model_id.rpartition("@")[0]
        return name if name in (entry.name for entry in siglip_catalogue.table()) else None

    def models(self) -> Sequence[KnownModel]:
        from clipcore.checkpoints import siglip_catalogue

        return [_known(entry) for entry in siglip_catalogue.table()]

    def find(self, source: str) -> KnownModel | None:
        from clipcore.checkpoints import siglip_catalogue

        entry = siglip_catalogue.find(source)
        return _known(entry) if entry else None

    def pull(self, source: str, progress: Progress | None = None) -> Path:
        from clipcore.checkpoints import published, siglip_catalogue, siglip_formats

        entry = siglip_catalogue.find(source)
        if entry is None:
            siglip_formats.refuse_naflex(source)
        return published.pull(entry.published, progress).weights


def _known(entry: SiglipEntry) -> KnownModel:
    from clipcore.checkpoints import published

    size = published.cached_bytes(entry.published)
    return KnownModel(
        entry.name,
        is_cached=size is not None,
        size_bytes=entry.memory_bytes if size is None else size,
        memory_bytes=entry.memory_bytes,
        query_bytes=entry.query_bytes,
        dim=entry.embed_dim,
        languages=Languages.MANY if entry.is_multilingual else Languages.ENGLISH,
        image_gflops=entry.image_gflops,
        accuracy=entry.imagenet_zero_shot_top1,
        recall=entry.coco_text_to_image_r_at_1,
        recall_english=entry.crossmodal_3600_english,
        recall_chinese=entry.crossmodal_3600_chinese,
        published_in=entry.published_in,
        licence=entry.licence,
    )


FAMILY = _SiglipFamily()

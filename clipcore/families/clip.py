"""CLIP as an encoder: photos and sentences into unit vectors."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from clipcore.arrays import FloatArray
from clipcore.encoder import unit_rows
from clipcore.engines.probe import calibration_pixels, probe_pixels
from clipcore.families.registry import KnownModel

if TYPE_CHECKING:
    from torch import nn

    from clipcore.checkpoints.catalogue import Status
    from clipcore.checkpoints.hub import Progress
    from clipcore.checkpoints.loading import Checkpoint
    from clipcore.engines.engines import Engine, Tower
    from clipcore.text.tokenizer import ClipTokenizer

IMAGE_BATCH = 16  # a larger one is no quicker and takes 3 MB more for each photo
# Texts of one batch are of nearly the same length, so a larger one wastes little.
TEXT_BATCH = 64
TIMED_IMAGES = 8
PROBE_TEXTS = (
    "a dog on the beach",
    "two red apples",
    "snow on the old bridge",
    "laughing children",
)


class ClipEncoder:
    """An Encoder of a CLIP checkpoint. Opening reads names and shapes; towers come when used.

    Thread-safe. Follows the Encoder protocol above; torch is imported where weights are read, so
    that most uses never wait for it.
    """

    sides: tuple[str, ...] = ("image", "text")

    def __init__(
        self, source: str | Path, device: str | None = None, engine: str | None = None
    ) -> None:
        """`source`: a name of the table, a directory or a file.

        `device`: compute with torch there. None: with the engine that is quickest here, or the
        one that `engine` names (engines.py), certified either way.
        Raises ModelNotFound, DownloadError or a CheckpointError.
        """
        from clipcore.checkpoints.loading import open_checkpoint

        self._device, self._engine_name = device, engine
        self._checkpoint: Checkpoint = open_checkpoint(source)
        self._engines: dict[str, Engine] = {}
        self._lock = threading.Lock()

    @property
    def model_id(self) -> str:
        return self._checkpoint.model_id

    @property
    def dim(self) -> int:
        return self._checkpoint.config.embed_dim

    @property
    def logit_scale(self) -> float:
        return self._checkpoint.logit_scale

    @property
    def image_size_px(self) -> int:
        return self._checkpoint.preprocess.size_px

    @cached_property
    def tokenizer(self) -> ClipTokenizer:
        """The checkpoint's tokenizer."""
        return self._checkpoint.tokenizer()

    def preprocess(self, image: Image.Image) -> FloatArray:
        return self._checkpoint.preprocess(image)

    def load_images(self) -> None:
        self._engine("image")

    def load_texts(self) -> None:
        _ = self._for_texts

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        embeddings = self._empty(len(pixels))
        for start in range(0, len(pixels), IMAGE_BATCH):
            rows = slice(start, start + IMAGE_BATCH)
            embeddings[rows] = unit_rows(self._engine("image")(pixels[rows]))
        return embeddings

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        """Only the positions up to the end-of-text token are computed: no earlier one sees on."""
        if not texts:
            return self._empty(0)
        embeddings = self._empty(len(texts))
        tokenizer, engine = self._for_texts
        tokens = tokenizer.tokens(texts)  # (B, 77)
        for rows, length in _by_length(tokens.argmax(axis=1) + 1):
            embeddings[rows] = unit_rows(engine(tokens[rows, :length]))
        return embeddings

    @cached_property
    def _for_texts(self) -> tuple[ClipTokenizer, Engine]:
        """The tower loads while the vocabulary is read."""
        with ThreadPoolExecutor(1) as background:
            opened = background.submit(self._engine, "text")
            return self.tokenizer, opened.result()

    def tower(self, side: str) -> Tower:
        """The "image" or the "text" tower, to try engines with."""
        from clipcore.engines.engines import Tower

        key, load = f"{self.model_id} {side}", partial(self._load, side)
        if side == "text":
            return Tower(key, load, (-1, -1), self._probe_tokens, 1, unit_rows)
        shape = (-1, 3, self.image_size_px, self.image_size_px)
        probe = partial(probe_pixels, self.preprocess)
        calibration = partial(calibration_pixels, self.preprocess)
        return Tower(key, load, shape, probe, TIMED_IMAGES, unit_rows, calibration)

    def _probe_tokens(self) -> npt.NDArray[np.int64]:
        tokens = self.tokenizer.tokens(PROBE_TEXTS)  # (4, 77)
        return np.ascontiguousarray(tokens[:, : tokens.argmax(axis=1).max() + 1])

    def _engine(self, side: str) -> Engine:
        with self._lock:  # two threads that come first at once load it once
            if side not in self._engines:
                self._engines[side] = self._open_engine(side)
            return self._engines[side]

    def _open_engine(self, side: str) -> Engine:
        from clipcore.engines.choice import open_engine
        from clipcore.engines.engines import TorchEngine

        if self._device:
            precision = "float16" if self._device.startswith("cuda") else "float32"
            return TorchEngine(self._load(side), self._device, precision)
        return open_engine(self.tower(side), self._engine_name)

    def _load(self, side: str) -> nn.Module:
        model = self._checkpoint.load((side,))
        tower: nn.Module = getattr(model, "visual" if side == "image" else "text")
        return tower

    def _empty(self, rows: int) -> FloatArray:
        return np.empty((rows, self.dim), dtype=np.float32)


def _by_length(lengths: npt.NDArray[np.intp]) -> Iterator[tuple[npt.NDArray[np.intp], int]]:
    """Batches of row numbers, shortest texts first, each with its longest length."""
    order = np.argsort(lengths, kind="stable")
    for start in range(0, len(order), TEXT_BATCH):
        rows = order[start : start + TEXT_BATCH]
        yield rows, int(lengths[rows[-1]])


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


def _known(status: Status) -> KnownModel:
    entry = status.entry
    return KnownModel(
        entry.name,
        is_cached=status.cached,
        size_bytes=status.estimated_bytes,
        memory_bytes=entry.memory_bytes,
        dim=entry.embed_dim,
        image_gflops=entry.image_gflops,
        accuracy=entry.imagenet_zero_shot_top1,
        recall=entry.coco_text_to_image_r_at_1,
        licence=entry.licence,
    )


FAMILY = _ClipFamily()

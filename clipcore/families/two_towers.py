"""An encoder of two towers: its facts, its image side, and the engines of both.

The text side is each family's own.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from clipcore.arrays import FloatArray
from clipcore.encoder import unit_rows
from clipcore.engines.probe import calibration_pixels, probe_pixels
from clipcore.families.languages import languages_of
from clipcore.families.registry import Languages
from clipcore.image.preprocess import Preprocess
from clipcore.model.config import ClipConfig

if TYPE_CHECKING:
    from torch import nn

    from clipcore.engines.engines import Engine, Tower

IMAGE_BATCH = 16  # a larger one is no quicker and takes 3 MB more for each photo
TEXT_BATCH = 64  # texts of one batch are of nearly the same length: a larger one wastes little
TIMED_IMAGES = 8
TOWERS = {"image": "visual", "text": "text"}  # a side -> its name in a model
PROBE_TEXTS = (
    "a dog on the beach",
    "two red apples",
    "snow on the old bridge",
    "laughing children",
)


class OpenedCheckpoint(Protocol):
    """The facts of a checkpoint whose weights are not in memory yet."""

    @property
    def model_id(self) -> str: ...
    @property
    def config(self) -> ClipConfig: ...
    @property
    def preprocess(self) -> Preprocess: ...
    @property
    def logit_scale(self) -> float: ...
    def load(self, parts: Collection[str], /) -> nn.Module: ...


class TextTokenizer(Protocol):
    """Texts -> tokens that fill the full length, and how many of them count."""

    def tokens(self, texts: Sequence[str]) -> npt.NDArray[np.int64]: ...
    def lengths(self, tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]: ...


class TwoTowers(ABC):
    """Towers come when they are used. Thread-safe. Follows the Encoder protocol."""

    sides: tuple[str, ...] = ("image", "text")

    def __init__(
        self, opened: OpenedCheckpoint, device: str | None = None, engine: str | None = None
    ) -> None:
        """`device`: compute with torch there. None: with the engine that is quickest here.

        `engine` names one for photos in its place (engines.py), certified either way.
        """
        self._opened, self._device, self._engine_name = opened, device, engine
        self._engines: dict[str, Engine] = {}
        self._lock = threading.Lock()

    @property
    def model_id(self) -> str:
        return self._opened.model_id

    @property
    def dim(self) -> int:
        return self._opened.config.embed_dim

    @property
    def logit_scale(self) -> float:
        return self._opened.logit_scale

    @property
    def languages(self) -> Languages:
        """The languages that its sentences may be in."""
        return languages_of(self._opened.config.text.vocab_size)

    @property
    def image_size_px(self) -> int:
        return self._opened.preprocess.size_px

    def preprocess(self, image: Image.Image) -> FloatArray:
        return self._opened.preprocess(image)

    def load_images(self) -> None:
        self._engine("image")

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        embeddings = self._empty(len(pixels))
        for start in range(0, len(pixels), IMAGE_BATCH):
            rows = slice(start, start + IMAGE_BATCH)
            embeddings[rows] = unit_rows(self._engine("image")(pixels[rows]))
        return embeddings

    def tower(self, side: str) -> Tower:
        """The "image" or the "text" tower, to try engines with."""
        from clipcore.engines.engines import Tower

        if side == "text":
            return self._text_tower()
        shape = (-1, 3, self.image_size_px, self.image_size_px)
        probe = partial(probe_pixels, self.preprocess)
        calibration = partial(calibration_pixels, self.preprocess)
        load = partial(self._load, side)
        key = f"{self.model_id} {side}"
        return Tower(key, load, shape, probe, TIMED_IMAGES, unit_rows, calibration)

    @abstractmethod
    def _text_tower(self) -> Tower: ...

    def _load(self, side: str) -> nn.Module:
        """The weights of one tower, float32 on the processor."""
        tower: nn.Module = getattr(self._opened.load((side,)), TOWERS[side])
        return tower

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
        # a text comes alone, and is never worth an engine that is less exact
        return open_engine(self.tower(side), self._engine_name if side == "image" else None)

    def _empty(self, rows: int) -> FloatArray:
        return np.empty((rows, self.dim), dtype=np.float32)


def by_length(texts: Sequence[str], tokenizer: TextTokenizer, engine: Engine) -> FloatArray:
    """B texts -> (B, D) unit rows, batch by batch, each computed up to its longest text alone.

    For towers in which no token sees what comes after the last one.
    """
    tokens = tokenizer.tokens(texts)  # (B, T)
    lengths = tokenizer.lengths(tokens)
    order = np.argsort(lengths, kind="stable")
    embedded = []
    for start in range(0, len(order), TEXT_BATCH):
        rows = order[start : start + TEXT_BATCH]
        embedded.append(unit_rows(engine(tokens[rows, : lengths[rows[-1]]])))
    embeddings = np.concatenate(embedded)
    embeddings[order] = embeddings.copy()
    return embeddings


def tokens_of(texts: Sequence[str], tokenizer: TextTokenizer) -> npt.NDArray[np.int64]:
    """B texts -> (B, T), no longer than the longest of them."""
    tokens = tokenizer.tokens(texts)
    return np.ascontiguousarray(tokens[:, : tokenizer.lengths(tokens).max()])

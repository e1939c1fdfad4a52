"""What turns photos and sentences into comparable vectors.

Knows pixels, texts and unit vectors; knows nothing of files, databases or indexes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

if TYPE_CHECKING:
    from torch import Tensor

    from clipcore.loading import Checkpoint
    from clipcore.model import CLIP
    from clipcore.tokenizer import ClipTokenizer

FloatArray = npt.NDArray[np.float32]

IMAGE_BATCH = 32
# Texts of one batch are of nearly the same length, so a larger one wastes little.
TEXT_BATCH = 64


class Encoder(Protocol):
    """Photos and sentences into one space, where the cosine says how well they match.

    Rows come out unit length, float32 and C-contiguous; nobody normalises them again.
    The image and the text side load lazily and separately, at their first use.
    """

    @property
    def model_id(self) -> str:
        """Names the weights and their preprocessing; stored beside every vector."""

    @property
    def dim(self) -> int:
        """D, the length of an embedding."""

    @property
    def logit_scale(self) -> float:
        """CLIP's learned log temperature: logit = exp(logit_scale) * cosine."""

    @property
    def image_size_px(self) -> int:
        """R, the side of the square the image tower sees."""

    def preprocess(self, image: Image.Image) -> FloatArray:
        """Upright RGB image of any size -> (3, R, R) pixels. Thread-safe, needs no weights."""

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        """(B, 3, R, R) pixels -> (B, D) unit rows."""

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        """B sentences -> (B, D) unit rows."""


class ClipEncoder:
    """An Encoder of a CLIP checkpoint. Opening reads names and shapes; towers come when used.

    Thread-safe. Follows the Encoder protocol above; torch is imported when one is made, so that
    importing this module stays cheap.
    """

    def __init__(self, source: str | Path, device: str | None = None) -> None:
        """`source`: a name of the table, a directory or a file. `device` None: the best present.

        Raises ModelNotFound, DownloadError or a CheckpointError.
        """
        from clipcore.loading import open_checkpoint

        self.device = device or best_device()
        self._checkpoint: Checkpoint = open_checkpoint(source)
        self._towers: dict[str, CLIP] = {}
        self._lock = threading.Lock()

    @property
    def model_id(self) -> str:
        return self._checkpoint.model_id

    @property
    def dim(self) -> int:
        return self._checkpoint.config.embed_dim

    @cached_property
    def logit_scale(self) -> float:
        return self._checkpoint.logit_scale()

    @property
    def image_size_px(self) -> int:
        return self._checkpoint.preprocess.size_px

    @cached_property
    def tokenizer(self) -> ClipTokenizer:
        """The checkpoint's tokenizer; its `too_long` tells which texts are cut."""
        return self._checkpoint.tokenizer()

    def preprocess(self, image: Image.Image) -> FloatArray:
        return self._checkpoint.preprocess(image)

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        import torch

        model, embeddings = self._tower("image"), self._empty(len(pixels))
        for start in range(0, len(pixels), IMAGE_BATCH):
            batch = torch.from_numpy(np.ascontiguousarray(pixels[start : start + IMAGE_BATCH]))
            batch = batch.to(self.device, model.logit_scale.dtype)
            with torch.inference_mode():
                features = model.encode_image(batch)  # (b, D)
            embeddings[start : start + IMAGE_BATCH] = _unit_rows(features)
        return embeddings

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        """Only the positions up to the end-of-text token are computed: no earlier one sees on."""
        import torch

        model, embeddings = self._tower("text"), self._empty(len(texts))
        tokens = self.tokenizer.tokens(texts)  # (B, 77)
        for rows, length in _by_length(tokens.argmax(axis=1) + 1):
            batch = torch.from_numpy(tokens[rows, :length]).to(self.device)  # (b, length)
            with torch.inference_mode():
                features = model.encode_text(batch)  # (b, D)
            embeddings[rows] = _unit_rows(features)
        return embeddings

    def _empty(self, rows: int) -> FloatArray:
        return np.empty((rows, self.dim), dtype=np.float32)

    def _tower(self, tower: str) -> CLIP:
        with self._lock:  # two threads that come first at once load it once
            if tower not in self._towers:
                self._towers[tower] = self._checkpoint.load((tower,), self.device)
            return self._towers[tower]


def best_device() -> str:
    """CUDA, else Apple's MPS, else the CPU."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _by_length(lengths: npt.NDArray[np.intp]) -> Iterator[tuple[npt.NDArray[np.intp], int]]:
    """Batches of row numbers, shortest texts first, each with its longest length."""
    order = np.argsort(lengths, kind="stable")
    for start in range(0, len(order), TEXT_BATCH):
        rows = order[start : start + TEXT_BATCH]
        yield rows, int(lengths[rows[-1]])


def _unit_rows(features: Tensor) -> FloatArray:
    """(B, D) raw features of any dtype and device -> unit rows in float32."""
    rows: FloatArray = features.float().cpu().numpy()
    lengths: FloatArray = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths, dtype=np.float32)

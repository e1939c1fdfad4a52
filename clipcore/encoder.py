"""The protocol of encoders: they turn photos and sentences into comparable vectors.

Knows pixels, texts and unit vectors; knows nothing of files, databases or indexes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from PIL import Image

from clipcore.arrays import FloatArray


class Encoder(Protocol):
    """Photos and sentences into one space, where the cosine says how well they match.

    Rows come out unit length, float32 and C-contiguous; nobody normalises them again.
    The image and the text side load lazily and separately, at their first use.
    """

    @property
    def model_id(self) -> str:
        """Names the weights and their preprocessing; stored with every vector."""

    @property
    def dim(self) -> int:
        """D, the length of an embedding."""

    @property
    def logit_scale(self) -> float:
        """The learned log temperature: logit = exp(logit_scale) * cosine, plus `logit_bias`."""

    @property
    def logit_bias(self) -> float | None:
        """The learned bias of a model whose sigmoid of a logit is a probability, as SigLIP's.

        None for a model whose logits mean something next to one another only, as CLIP's.
        """

    @property
    def image_size_px(self) -> int:
        """R, the side of the square the image tower sees."""

    def preprocess(self, image: Image.Image) -> FloatArray:
        """Upright RGB image of any size -> (3, R, R) pixels. Thread-safe, needs no weights."""

    def load_images(self) -> None:
        """Load the image side now, so that the first photo need not wait."""

    def load_texts(self) -> None:
        """Load the text side now, so that the first sentence need not wait."""

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        """(B, 3, R, R) pixels -> (B, D) unit rows."""

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        """B sentences -> (B, D) unit rows."""


def unit_rows(features: FloatArray) -> FloatArray:
    """(B, D) raw features -> rows of length one."""
    lengths: FloatArray = np.linalg.norm(features, axis=1, keepdims=True)
    return np.divide(features, lengths, dtype=np.float32)

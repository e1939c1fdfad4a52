"""A deterministic encoder for tests in which the model is not the subject."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor

from indexer.arrays import FloatArray


class ColourEncoder:
    """Sees the mean colour of each quarter of a photo; reads the names of colours.

    `embedded` counts the photos it has embedded.
    """

    model_id = "colour-1"
    dim = 12
    logit_scale = 0.0
    logit_bias: float | None = None
    image_size_px = 16

    def __init__(self) -> None:
        self.embedded = 0
        self._lock = threading.Lock()

    def preprocess(self, image: Image.Image) -> FloatArray:
        side = self.image_size_px
        small = image.resize((side, side), Image.Resampling.BOX)
        return np.asarray(small, np.float32).transpose(2, 0, 1) / 255

    def load_images(self) -> None:
        """There is nothing to load."""

    def load_texts(self) -> None:
        """Nor here."""

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        with self._lock:
            self.embedded += len(pixels)
        half = self.image_size_px // 2
        quarters = pixels.reshape(-1, 3, 2, half, 2, half).mean(axis=(3, 5))
        return _unit(quarters.transpose(0, 2, 3, 1).reshape(-1, self.dim))

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        colours = [_colour(text) for text in texts]
        return _unit(np.tile(np.array(colours, np.float32).reshape(-1, 3), (1, 4)))


def _colour(text: str) -> npt.NDArray[np.float64]:
    """The colour named, or for other words some colour that is always the same."""
    try:
        return np.array(ImageColor.getrgb(text)) / 255
    except ValueError:
        return np.frombuffer(hashlib.sha256(text.encode()).digest()[:3], np.uint8) / 255


def _unit(rows: FloatArray) -> FloatArray:
    centred = rows.astype(np.float32) + np.float32(0.01)  # black has a direction too
    return np.ascontiguousarray(centred / np.linalg.norm(centred, axis=1, keepdims=True))

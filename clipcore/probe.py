"""Pictures that every installation has, to try engines with: no file, no licence, no network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

FloatArray = npt.NDArray[np.float32]

PROBES = 32
SIZES_PX = ((320, 240), (240, 320), (256, 256), (400, 250))
SCALES = (2, 5, 13, 34)  # cells a side of the layers of noise: from a sky to gravel


def probe_pixels(preprocess: Callable[[Image.Image], FloatArray]) -> FloatArray:
    """(PROBES, 3, R, R) pixels of the pictures."""
    return np.stack([preprocess(picture) for picture in pictures(PROBES)])


def pictures(count: int) -> list[Image.Image]:
    """`count` RGB pictures, always the same: colours that vary at several scales, as photos do."""
    generator = np.random.default_rng(0)
    return [_picture(generator, SIZES_PX[number % len(SIZES_PX)]) for number in range(count)]


def _picture(generator: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    layers = np.zeros((size[1], size[0], 3))
    for scale in SCALES:
        cells = generator.integers(0, 256, (scale, scale, 3), dtype=np.uint8)
        weight = generator.uniform(0.2, 1)
        layers += weight * np.asarray(Image.fromarray(cells).resize(size, Image.Resampling.BICUBIC))
    low, high = layers.min(), layers.max()
    return Image.fromarray(np.uint8(255 * (layers - low) / (high - low)))

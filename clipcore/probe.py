"""Photos that every installation has, to try engines with, and to find value ranges for int8.

The sheet data/probe.jpg holds 80 real photographs (its sources: data/README.md). Engines are
certified with 64 of them. The others, and made pictures that go to the ends of what pixels can be,
are what int8 is calibrated with: it is judged by photos that it has not seen.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

FloatArray = npt.NDArray[np.float32]

SHEET: Final = Path(__file__).with_name("data") / "probe.jpg"
TILE_PX, COLUMNS, SHEET_ROWS = 256, 10, 8
CALIBRATING: Final = 16  # the first tiles
MADE: Final = 16
SIZES_PX = ((320, 240), (240, 320), (256, 256), (400, 250))
SCALES = (2, 5, 13, 34)  # cells a side of the layers of noise: from a sky to gravel


def probe_pixels(preprocess: Callable[[Image.Image], FloatArray]) -> FloatArray:
    """(64, 3, R, R) pixels of the photos that engines are certified with."""
    return np.stack([preprocess(photo) for photo in photos()[CALIBRATING:]])


def calibration_pixels(preprocess: Callable[[Image.Image], FloatArray]) -> FloatArray:
    """(32, 3, R, R) pixels of the other photos, and of pictures."""
    return np.stack([preprocess(image) for image in photos()[:CALIBRATING] + pictures(MADE)])


def photos() -> list[Image.Image]:
    """The sheet's tiles, row by row: square RGB images."""
    with Image.open(SHEET) as sheet:
        corners = [
            (column * TILE_PX, row * TILE_PX)
            for row in range(SHEET_ROWS)
            for column in range(COLUMNS)
        ]
        return [sheet.crop((x, y, x + TILE_PX, y + TILE_PX)) for x, y in corners]


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

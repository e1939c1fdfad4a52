"""Photos that every installation has, to try engines with, and to find value ranges for int8.

The sheet data/probe.jpg holds 80 real photographs (its sources: data/README.md). Engines are
certified with 64 of them. The others, whole, mirrored and in parts, are what int8 is calibrated
with: it is judged by photos that it has not seen.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageOps

from clipcore.arrays import FloatArray

SHEET: Final = Path(__file__).parents[1] / "data" / "probe.jpg"
TILE_PX, COLUMNS, SHEET_ROWS = 256, 10, 8
CALIBRATING: Final = 16  # the first tiles
CORNER_PX: Final = 180


def probe_pixels(preprocess: Callable[[Image.Image], FloatArray]) -> FloatArray:
    """(64, 3, R, R) pixels of the photos that engines are certified with."""
    return np.stack([preprocess(photo) for photo in photos()[CALIBRATING:]])


def calibration_pixels(preprocess: Callable[[Image.Image], FloatArray]) -> FloatArray:
    """(64, 3, R, R) pixels of the other photos, of each four views."""
    return np.stack(
        [preprocess(view) for photo in photos()[:CALIBRATING] for view in _views(photo)]
    )


def _views(photo: Image.Image) -> list[Image.Image]:
    start = TILE_PX - CORNER_PX
    first = photo.crop((0, 0, CORNER_PX, CORNER_PX))
    last = photo.crop((start, start, TILE_PX, TILE_PX))
    return [photo, ImageOps.mirror(photo), first, last]


def photos() -> list[Image.Image]:
    """The sheet's tiles, row by row: square RGB images."""
    with Image.open(SHEET) as sheet:
        corners = [
            (column * TILE_PX, row * TILE_PX)
            for row in range(SHEET_ROWS)
            for column in range(COLUMNS)
        ]
        return [sheet.crop((x, y, x + TILE_PX, y + TILE_PX)) for x, y in corners]

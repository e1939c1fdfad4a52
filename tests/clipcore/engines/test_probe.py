"""The photos that engines are tried with, which come with the package."""

from __future__ import annotations

import numpy as np
from PIL import Image

from clipcore.engines.probe import TILE_PX, calibration_pixels, photos, probe_pixels
from clipcore.image.preprocess import Preprocess


def test_sheet_has_eighty_photos_that_differ() -> None:
    tiles = photos()
    assert {tile.size for tile in tiles} == {(TILE_PX, TILE_PX)}
    small = [tile.resize((8, 8), Image.Resampling.BOX) for tile in tiles]
    rows = np.stack([np.asarray(image, np.float32).ravel() for image in small])
    apart = np.abs(rows[:, None] - rows).mean(axis=2) + 255 * np.eye(len(rows))
    assert len(tiles) == 80
    assert apart.min() > 5  # grey levels


def test_what_int8_is_calibrated_with_is_not_what_it_is_judged_by() -> None:
    preprocess = Preprocess(64)
    probe, calibrating = probe_pixels(preprocess), calibration_pixels(preprocess)
    assert (len(probe), len(calibrating)) == (64, 64)
    for pixels in calibrating:
        assert np.abs(probe - pixels).mean(axis=(1, 2, 3)).min() > 0.1

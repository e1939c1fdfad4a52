"""Odd but valid files look in the page as they look in a browser."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Final

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser

from indexer.imaging.decode import decode
from tests.odd_files import SIDE, Odd, Values, all_files

pytestmark = pytest.mark.browser

MANY: Final = 60
GRID: Final = 8
COLUMNS: Final = 16
FARTHEST: Final = 6  # of 255: what JPEG and rounding may do to the mean colours of a grid's cells

# Draws the files over white, side by side; says which of them it can draw, and gives the sheet.
DRAW = """
async ([files, side, columns]) => {
  const sheet = document.createElement("canvas");
  sheet.width = side * columns;
  sheet.height = side * Math.ceil(files.length / columns);
  const context = sheet.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, sheet.width, sheet.height);
  const drawn = await Promise.all(files.map(async (data, at) => {
    const image = new Image();
    image.src = `data:;base64,${data}`;
    try { await image.decode(); } catch { return false; }
    const [row, column] = [Math.floor(at / columns), at % columns];
    context.drawImage(image, column * side, row * side, side, side);
    return true;
  }));
  return [drawn, sheet.toDataURL().split(",")[1]];
}
"""


def drawn(browser: Browser, files: Sequence[bytes]) -> list[Values | None]:
    """What Chromium shows of each file, (64, 64, 3); None where it shows nothing."""
    page = browser.new_page()
    encoded = [base64.b64encode(data).decode() for data in files]
    is_drawn, png = page.evaluate(DRAW, [encoded, SIDE, COLUMNS])
    page.close()
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"))
    tiles = sheet.reshape(-1, SIDE, COLUMNS, SIDE, 3).swapaxes(1, 2).reshape(-1, SIDE, SIDE, 3)
    return [tile if one else None for tile, one in zip(tiles, is_drawn, strict=False)]


def grid_means(picture: Values) -> Values:
    cells = picture.reshape(GRID, SIDE // GRID, GRID, SIDE // GRID, 3)
    return np.asarray(cells.mean(axis=(1, 3)))


def test_thumbnails_of_odd_files_look_as_in_a_browser(browser: Browser) -> None:
    files = all_files()
    assert len(files) >= MANY
    shown = drawn(browser, [file.data for file in files])
    thumbnails = drawn(browser, [decode(file.data, SIDE).thumbnail for file in files])
    farther = {
        file.name: distance
        for file, theirs, ours in zip(files, shown, thumbnails, strict=True)
        if (distance := apart(file, theirs, ours)) > FARTHEST
    }
    assert farther == {}


def apart(file: Odd, theirs: Values | None, ours: Values | None) -> float:
    """The mean difference of the cells' colours: from the file's own, or from the browser's."""
    reference = theirs if file.colours is None else file.colours
    assert reference is not None, f"Chromium does not draw {file.name}"
    assert ours is not None
    return float(np.abs(grid_means(reference) - grid_means(ours)).mean())

"""Writes clipcore/data/probe.jpg: the photos that engines are certified with, on one sheet.

    python data/make_probe.py

Tiles from the sample photos that are in the public domain or CC0, so that they may go into the
package. The result is committed, so this runs only to change it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps

from clipcore.engines.probe import COLUMNS, SHEET, SHEET_ROWS, TILE_PX
from clipcore.image.preprocess import to_rgb

SAMPLE: Final = Path(__file__).with_name("sample")
FREE: Final = ("Public domain", "CC0-1.0")
QUALITY: Final = 88


def free_photos() -> list[Path]:
    """The photos whose entry in ATTRIBUTION.md names a licence of FREE."""
    entries = (SAMPLE / "ATTRIBUTION.md").read_text("utf-8").split("\n### `")[1:]
    return [SAMPLE / entry.partition("`")[0] for entry in entries if _licence(entry) in FREE]


def _licence(entry: str) -> str:
    found = re.search(r"^- Licence: \[(.+?)\]", entry, re.MULTILINE)
    return found[1] if found else ""


def tiles(photos: list[Path]) -> Iterator[Image.Image]:
    """The middle of each photo, square."""
    for photo in photos:
        with Image.open(photo) as image:
            upright = to_rgb(ImageOps.exif_transpose(image))
            yield ImageOps.fit(upright, (TILE_PX, TILE_PX), Image.Resampling.BICUBIC)


def main() -> None:
    wanted = COLUMNS * SHEET_ROWS
    photos = free_photos()
    step = len(photos) / wanted
    chosen = [photos[int(number * step)] for number in range(wanted)]
    # those that are alike stand beside each other in the sample: each part gets some of all
    chosen = [chosen[number * 7 % wanted] for number in range(wanted)]
    sheet = Image.new("RGB", (COLUMNS * TILE_PX, SHEET_ROWS * TILE_PX))
    for number, tile in enumerate(tiles(chosen)):
        row, column = divmod(number, COLUMNS)
        sheet.paste(tile, (column * TILE_PX, row * TILE_PX))
    sheet.save(SHEET, "JPEG", quality=QUALITY, optimize=True)


if __name__ == "__main__":
    main()

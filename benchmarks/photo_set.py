"""Photos of any size from data/sample: upscaled crops with noise, so that files weigh what they do.

    python -m benchmarks.photo_set DIRECTORY --count 400 --megapixels 12

Always the same files for the same arguments; those that are there already are kept.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
SHAPE = 4 / 3
NOISE = 7  # grey levels: a 12-megapixel JPEG of 2 to 5 MB, as cameras and phones write them
QUALITY = 90
NOISE_SIDE_PX = 512


def make_photos(directory: Path, count: int, megapixels: float) -> list[Path]:
    """`count` JPEG photos in `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    make = partial(make_photo, directory, megapixels=megapixels)
    with ProcessPoolExecutor() as pool:
        return list(pool.map(make, range(count)))


def make_photo(directory: Path, number: int, megapixels: float) -> Path:
    """The photo of this number, made where it is missing."""
    path = directory / f"{number:05}.jpg"
    if not path.exists():
        sources = sorted(SAMPLE.rglob("*.jpg"))
        unfinished = path.with_suffix(".new")
        with Image.open(sources[number % len(sources)]) as source:
            photo = _enlarged(source.convert("RGB"), np.random.default_rng(number), megapixels)
        photo.save(unfinished, "JPEG", quality=QUALITY)
        unfinished.replace(path)
    return path


def _enlarged(source: Image.Image, draw: np.random.Generator, megapixels: float) -> Image.Image:
    """A crop of more than half of each side, as large as asked, with noise."""
    height_px = round((1e6 * megapixels / SHAPE) ** 0.5)
    size = (round(height_px * SHAPE), height_px)
    width, height = (int(side * draw.uniform(0.6, 1)) for side in source.size)
    left = int(draw.integers(0, source.width - width + 1))
    top = int(draw.integers(0, source.height - height + 1))
    crop = source.crop((left, top, left + width, top + height))
    large = np.asarray(crop.resize(size, Image.Resampling.BICUBIC), np.int16)
    tile = draw.normal(0, NOISE, (NOISE_SIDE_PX, NOISE_SIDE_PX, 3)).astype(np.int16)
    repeats = (size[1] // NOISE_SIDE_PX + 1, size[0] // NOISE_SIDE_PX + 1, 1)
    noise = np.tile(tile, repeats)[: size[1], : size[0]]
    return Image.fromarray(np.clip(large + noise, 0, 255).astype(np.uint8))


QUICK = 2, 0.3  # photos of so many megapixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.count, arguments.megapixels = QUICK
    paths = make_photos(arguments.directory, arguments.count, arguments.megapixels)
    sizes_mb = sorted(path.stat().st_size / 1e6 for path in paths)
    print(f"{len(paths)} photos, {sizes_mb[0]:.1f} to {sizes_mb[-1]:.1f} MB")


if __name__ == "__main__":
    main()

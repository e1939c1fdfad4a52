"""How fast are HEIC photos indexed, next to a plain pipeline of pillow-heif?

    python -m benchmarks.heic iphone.heic samsung.heic --count 24 --rounds 3

Each file is copied with a few bytes at its end that no reader looks at, so that each copy is a
photo of its own. The plain pipeline opens a photo with pillow-heif, makes the encoder's pixels and
a thumbnail of the same size, and embeds in batches of the same size: a thread a core, the same
engine. The library does all that indexing does. Both in turns, in one process; the medians count.
Without a file, a photo of 12 megapixels is written in tiles, as phones do.
"""

from __future__ import annotations

import argparse
import io
import statistics
import struct
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageOps

from benchmarks.formats import FILES, HEIC
from benchmarks.photo_set import make_photo
from benchmarks.pipeline import library_rate
from clipcore import Encoder, open_encoder
from clipcore.engines.cpu import cores
from indexer.imaging.decode import THUMBNAIL_PX
from indexer.ingest.ingest import SHARD

MODEL: Final = "starter"
QUICK: Final = 2, 1, 0.3  # copies, rounds, megapixels


def copies(sources: Sequence[Path], count: int, directory: Path) -> list[Path]:
    """`count` files that decode as the sources do, and differ from each other."""
    made = []
    for number in range(count):
        source = sources[number % len(sources)]
        path = directory / f"{number:04}.heic"
        path.write_bytes(source.read_bytes() + struct.pack(">I4sI", 12, b"free", number))
        made.append(path)
    return made


def plain_rate(encoder: Encoder, paths: Sequence[Path]) -> float:
    """Photos a second of the plain pipeline."""

    def prepare(path: Path) -> np.ndarray:
        image = ImageOps.exif_transpose(Image.open(path).convert("RGB"))
        small = image.copy()
        small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
        small.save(io.BytesIO(), "JPEG")
        return encoder.preprocess(image)

    started = time.perf_counter()
    with ThreadPoolExecutor(cores()) as pool:
        pixels = pool.map(prepare, paths)
        while batch := list(islice(pixels, SHARD)):
            encoder.embed_images(np.stack(batch))
    return len(paths) / (time.perf_counter() - started)


def main() -> None:
    """Print photos a second of both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megapixels", type=float, default=12, help="of the photo that is written")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    if options.quick:
        options.count, options.rounds, options.megapixels = QUICK
    encoder = open_encoder(MODEL)
    encoder.load_images()
    with tempfile.TemporaryDirectory() as folder:
        sources = options.files or [_written(Path(folder), options.megapixels)]
        photos = Path(folder) / "photos"
        photos.mkdir()
        paths = copies(sources, options.count, photos)
        rates = [
            (plain_rate(encoder, paths), library_rate(encoder, Path(MODEL), photos))
            for _ in range(options.rounds)
        ]
    plain, library = (statistics.median(column) for column in zip(*rates, strict=True))
    print(f"pillow-heif {plain:.2f}, library {library:.2f} photos/s: {library / plain:.2f} times")


def _written(directory: Path, megapixels: float) -> Path:
    path = directory / "source.heic"
    with Image.open(make_photo(directory, 0, megapixels)) as photo:
        path.write_bytes(FILES[HEIC](photo.convert("RGB")))
    return path


if __name__ == "__main__":
    main()

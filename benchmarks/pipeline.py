"""How near does taking photos in come to what engine and decoder allow?

    python -m benchmarks.pipeline MODEL PHOTOS --engine openvino-bfloat16

On the same cores, in one process whose model is loaded: the engine fed with ready pixels; the
decoder alone, from a file's bytes to pixels and thumbnail; and a library that takes the photos in.
Engine and decoder share the cores, so the limit is 1 / (1 / engine + 1 / decoder). Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from clipcore import Encoder, open_encoder
from clipcore.engines.cpu import cores
from indexer.imaging.decode import decode
from indexer.ingest.ingest import SHARD
from indexer.library.library import open_library

ENGINE_S: Final = 3.0
QUICK_S: Final = 0.1
DECODED: Final = 120  # photos are enough to know the decoder

Figures = dict[str, float]
T = TypeVar("T")


def measure(model: Path, photos: Path, engine: str, engine_s: float = ENGINE_S) -> Figures:
    """Photos a second of each, and what part of the limit the library reaches."""
    encoder = open_encoder(model, engine=engine)
    paths = sorted(photos.glob("*.jpg"))
    encoder.embed_images(_pixels(encoder, paths[:SHARD]))
    engine_per_s = engine_rate(encoder, paths, engine_s)
    decoder_per_s = decoder_rate(encoder, paths[:DECODED])
    started_s = time.process_time()
    library_per_s = library_rate(encoder, model, photos)
    processor_s = time.process_time() - started_s
    limit = 1 / (1 / engine_per_s + 1 / decoder_per_s)
    return {
        "engine_per_s": engine_per_s,
        "decoder_per_s": decoder_per_s,
        "photos_per_s": library_per_s,
        "photo_processor_ms": 1000 * processor_s / len(paths),
        "of_limit": library_per_s / limit,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }


def engine_rate(encoder: Encoder, paths: Sequence[Path], engine_s: float) -> float:
    """Batches as large as ingest has them, from a thread a core."""
    pixels = _pixels(encoder, paths[:SHARD])
    ends = time.perf_counter() + engine_s

    def embed(_: int) -> int:
        count = 0
        while time.perf_counter() < ends:
            count += len(encoder.embed_images(pixels))
        return count

    return _rate(embed, range(cores()))


def decoder_rate(encoder: Encoder, paths: Sequence[Path]) -> float:
    """A thread a core."""

    def prepare(path: Path) -> int:
        encoder.preprocess(decode(path.read_bytes(), encoder.image_size_px).image)
        return 1

    return _rate(prepare, paths)


def library_rate(encoder: Encoder, model: Path, photos: Path) -> float:
    """A new library that takes all photos in."""
    with tempfile.TemporaryDirectory() as folder:
        library = open_library(
            Path(folder) / "library", create=True, model=str(model), open_encoder=lambda _: encoder
        )
        library.add_root(photos.absolute())

        def ingest_photos(_: int) -> int:
            with library.writing():
                return library.update().embedded

        try:
            return _rate(ingest_photos, [0])
        finally:
            library.close()


def _rate(work: Callable[[T], int], items: Sequence[T]) -> float:
    """Photos a second of `work`, which tells how many it did, on all cores."""
    started = time.perf_counter()
    with ThreadPoolExecutor(cores()) as pool:
        count = sum(pool.map(work, items))
    return count / (time.perf_counter() - started)


def _pixels(encoder: Encoder, paths: Sequence[Path]) -> np.ndarray:
    size_px = encoder.image_size_px
    return np.stack([encoder.preprocess(decode(p.read_bytes(), size_px).image) for p in paths])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--engine", default="openvino-bfloat16")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    engine_s = QUICK_S if options.quick else ENGINE_S
    print(json.dumps(measure(options.model, options.photos, options.engine, engine_s)))


if __name__ == "__main__":
    main()

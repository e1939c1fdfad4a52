"""How cost grows: the same figures for libraries of 1,000, 10,000, 100,000 and 1,000,000 photos.

    python -m benchmarks.growth
    python -m benchmarks.growth --photos 1000000 --keep /data/growth

The libraries are of synthetic embeddings (512 dimensions), with the files they remember, empty
ones of the right size and time; only the 321 photos that come in while it is measured are real
ones. Each stage runs in a process of its own. `--keep` makes the libraries there, or takes those it
finds (2.5 GB a million photos). What computes embeddings costs next to nothing here.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import psutil
from PIL import Image

from benchmarks.clip_like import ClipLike
from benchmarks.search import DIM, SYNTHETIC, QueryVectors
from benchmarks.synthetic_library import make_files, make_library
from indexer.arrays import FloatArray
from indexer.library.library import Library, open_library

ROOT: Final = Path(__file__).parents[1]
SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
QUICK: Final = (200,)
NEW: Final = 320  # photos that come in
LOOKS: Final = 6
QUERIES: Final = 50

Figures = dict[str, float]


class Cheap(QueryVectors):
    """Query vectors for texts, and for photos what tells them apart."""

    def preprocess(self, image: Image.Image) -> FloatArray:
        """An upright image -> (3, 16, 16)."""
        small = image.resize((16, 16), Image.Resampling.BOX)
        return np.asarray(small, np.float32).transpose(2, 0, 1) / np.float32(255)

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        """(B, 3, 16, 16) -> (B, 512) unit rows."""
        rows = pixels.reshape(len(pixels), -1)[:, :DIM] + np.float32(0.01)
        return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def main() -> None:
    """Make what is missing, measure stage by stage, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, nargs="+", default=SIZES)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    parser.add_argument("--keep", type=Path, help="where libraries are made, and found again")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        print(json.dumps(STAGES[options.stage](options.keep)))
        return
    with tempfile.TemporaryDirectory() as folder:
        place = options.keep or Path(folder)
        sizes = QUICK if options.quick else options.photos
        table = {count: figures(place, count) for count in sizes}
    print_table(table)


def figures(directory: Path, count: int) -> Figures:
    """All figures of one size."""
    place = directory / str(count)
    if not (place / "library").exists():
        make_library(place / "library", count, SYNTHETIC, ClipLike(DIM))
        make_files(place / "library")
    found: Figures = {}
    for stage in STAGES:
        command = [sys.executable, "-m", "benchmarks.growth", "--stage", stage]
        command += ["--keep", str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        found |= json.loads(done.stdout)
    return found


def rebuilding(place: Path) -> Figures:
    """The index from nothing, and a rebuild in which nothing has changed."""
    (place / "library" / "index.faiss").unlink(missing_ok=True)
    library, base_mb = _opened(place), _memory_mb()
    from_nothing_s = _timed(lambda: _rebuild(library))
    unchanged_s = _timed(lambda: _rebuild(library))
    return {
        "rebuild, index from nothing, s": from_nothing_s,
        "rebuild, nothing new, s": unchanged_s,
        "its memory at most, MB": _peak_mb() - base_mb,
    }


def taking_in(place: Path) -> Figures:
    """A rebuild with one new photo; then many, for the rate."""
    library = _opened(place)
    _new_photos(place, 1)
    one_s = _timed(lambda: _rebuild(library))
    _new_photos(place, NEW)
    started = time.perf_counter()
    ingested = _update(library)
    each_ms = 1000 * (time.perf_counter() - started) / NEW
    if ingested != NEW:
        raise SystemExit(f"{ingested} of {NEW} new photos were indexed")
    return {"rebuild, one new photo, s": one_s, f"{NEW} new photos, ms each": each_ms}


def looking(place: Path) -> Figures:
    """The daemon's look at everything, again and again: its time, and what it leaves behind."""
    library = _opened(place)
    _update(library)
    once_mb = _memory_mb()
    times = [_timed(lambda: _update(library)) for _ in range(LOOKS)]
    return {
        "daemon's look, s": statistics.median(times),
        "memory after a look, MB": once_mb,
        f"after {LOOKS + 1} looks, MB": _memory_mb(),
    }


def searching(place: Path) -> Figures:
    """Opening, searching, status; memory beside what FAISS is as a program."""
    import faiss  # noqa: F401

    base_mb = _memory_mb()
    started = time.perf_counter()
    library = _opened(place)
    first_status_s = _timed(library.status)
    open_s = time.perf_counter() - started
    library.search("query 0")
    search_s = [_timed(partial(library.search, f"query {n}")) for n in range(QUERIES)]
    status_s = _timed(library.status)
    found = library.disk_use()
    return {
        "open, s": open_s,
        "search, ms": 1000 * statistics.median(search_s),
        "status, first, ms": 1000 * first_status_s,
        "status, again, ms": 1000 * status_s,
        "memory of search, MB": _memory_mb() - base_mb,
        "database, MB": found.database_bytes / 1e6,
        "index, MB": found.index_bytes / 1e6,
    }


STAGES: Final[dict[str, Callable[[Path], Figures]]] = {
    stage.__name__: stage for stage in (rebuilding, taking_in, looking, searching)
}


def print_table(table: dict[int, Figures]) -> None:
    """A row a figure, a column a size; and how a figure grows with the number of photos."""
    sizes = sorted(table)
    print("| |", " | ".join(f"{size:,}" for size in sizes), "| grows with the power |")
    print("|---|" + "---:|" * (len(sizes) + 1))
    for name in table[sizes[0]]:
        values = [table[size][name] for size in sizes]
        print(f"| {name} |", " | ".join(map(_shown, values)), f"| {_power(sizes, values)} |")


def _power(sizes: list[int], values: list[float]) -> str:
    """Between the two largest sizes: 0 is flat, 1 linear, 2 square."""
    if len(sizes) < 2 or min(values[-2:]) <= 0:
        return ""
    return f"{math.log(values[-1] / values[-2], sizes[-1] / sizes[-2]):.2f}"


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _opened(place: Path) -> Library:
    return open_library(place / "library", open_encoder=lambda _: Cheap())  # type: ignore[arg-type,return-value]


def _rebuild(library: Library) -> None:
    with library.writing():
        library.rebuild()


def _update(library: Library) -> int:
    """Scan everything; returns how many photos were indexed."""
    with library.writing():
        return library.update().embedded


def _new_photos(place: Path, count: int) -> None:
    """Real photos of bytes that are new, in a folder of their own."""
    folder = place / "photos" / f"new-{time.time_ns()}"
    folder.mkdir()
    noise = np.random.default_rng(time.time_ns())
    for number in range(count):
        pixels = noise.integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:06}.jpg")


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _memory_mb() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss / 1e6)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()

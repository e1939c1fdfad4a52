"""How long one `indexer search` takes from a cold start, and what it spends its time on.

    python -m benchmarks.cold_start --photos 10000

A library of the starter's model with synthetic vectors, indexed; then a process of its own for each
search, with the files in the system's cache. The slowest imports are those of one more run.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.clip_like import ClipLike
from benchmarks.synthetic_library import make_library
from clipcore import open_encoder
from indexer.library.library import open_library
from indexer.records.models import Model

COMMAND: Final = Path(sys.executable).with_name("indexer")
RUNS: Final = 7
QUICK: Final = 300  # photos
SHOWN: Final = 8  # of the imports, the slowest
QUERY: Final = "a polar bear in the snow"
IMPORTED: Final = re.compile(r"import time:\s+\d+ \|\s+(\d+) \| +(\S+)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    photos, runs = (QUICK, 1) if options.quick else (options.photos, RUNS)
    with tempfile.TemporaryDirectory() as directory:
        library = Path(directory) / "library"
        prepare(library, photos, options.model)
        seconds = sorted(search_s(library)[0] for _ in range(runs))
        print(f"{photos} photos, {options.model}, {runs} searches, each a new process")
        print(f"{'median_s':28} {np.median(seconds):.2f}")
        print(f"{'range_s':28} {seconds[0]:.2f} to {seconds[-1]:.2f}")
        for milliseconds, name in slowest_imports(search_s(library, "importtime")[1]):
            print(f"{'  import ' + name:28} {milliseconds:.0f} ms")


def prepare(library: Path, photos: int, name: str) -> None:
    """A library of that model, its index kept."""
    encoder = open_encoder(name)
    make_library(library, photos, Model(name, encoder.model_id), ClipLike(encoder.dim))
    opened = open_library(library, open_encoder=lambda _: encoder)
    with opened.writing():
        opened.save_index()
    opened.close()


def search_s(library: Path, *options: str) -> tuple[float, str]:
    """Seconds from the start of a search to its end, and what it said on standard error."""
    python = [sys.executable, *(f"-X{option}" for option in options)]
    started = time.perf_counter()
    done = subprocess.run(
        [*python, COMMAND, "search", QUERY, "--library", library],
        capture_output=True,
        text=True,
        check=True,
    )
    return time.perf_counter() - started, done.stderr


def slowest_imports(report: str) -> list[tuple[float, str]]:
    """(ms, module) of what `-X importtime` reported, with what each imports itself."""
    found = [(int(us) / 1000, name) for us, name in IMPORTED.findall(report)]
    return sorted(found, reverse=True)[:SHOWN]


if __name__ == "__main__":
    main()

"""Does the memory of a run grow with the photos it hands out? It should not, past 300,000.

    python -m benchmarks.driver_memory [--photos 300000 600000 1200000]

Takes new photos in with a pool that only hands them back, as it has neither workers nor a model:
what is measured is looking, comparing and handing out. Each number runs in a process of its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from indexer.ingest.shard import Done, Job
from indexer.ingest.workers import JobContext
from indexer.library.indexing import RebuildOptions
from indexer.library.library import open_library
from tests.fakes import ColourEncoder

IN_A_FOLDER = 1000
QUICK = 2000  # photos


class IdlePool:
    """Hands every shard back as it came."""

    size = 2

    def submit(self, jobs: Sequence[Job]) -> Future[Done]:
        done: Future[Done] = Future()
        done.set_result(Done((), deferred=tuple(jobs)))
        return done

    def commit(self, done: Done) -> None:
        """There is nothing in its hands."""


@contextmanager
def idle(_job: JobContext) -> Iterator[IdlePool]:
    yield IdlePool()


def make_files(folder: Path, count: int) -> None:
    """Names of photos, a thousand links to one file in each folder."""
    for number in range(count):
        inside = folder / f"{number // IN_A_FOLDER:04}"
        first = inside / "IMG_00000000.png"
        if number % IN_A_FOLDER == 0:
            inside.mkdir(parents=True)
            first.write_bytes(b"no photo: nobody opens it")
        else:
            os.link(first, inside / f"IMG_{number:08}.png")


def peak_mb() -> float:
    """The most memory that this process has had."""
    unit = 1 if sys.platform == "darwin" else 1024  # what getrusage counts in
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def run(directory: Path, count: int) -> None:
    """Print a line for so many photos."""
    library = open_library(
        directory / "library", create=True, model="colour", open_encoder=lambda _: ColourEncoder()
    )
    library.add_root(directory / "photos")
    before, started = peak_mb(), time.perf_counter()
    with library.writing():
        report = library.update(None, RebuildOptions(open_pool=idle))
    assert report.deferred == count
    took_s = time.perf_counter() - started
    library.close()
    print(f"| {count:,} | {before:.0f} | {peak_mb():.0f} | {took_s:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--photos", type=int, nargs="+", default=[300_000, 600_000, 1_200_000])
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    print("| photos | MB at the start | MB at most | s |\n|---:|---:|---:|---:|")
    for count in [QUICK] if options.quick else options.photos:
        with TemporaryDirectory() as directory:
            make_files(Path(directory) / "photos", count)
            process = multiprocessing.get_context("spawn").Process(
                target=run, args=(Path(directory), count)
            )
            process.start()
            process.join()


if __name__ == "__main__":
    main()

"""What does it cost that several files are one photo? Every second file is a RAW with its JPEG.

    python -m benchmarks.stacks --photos 300000

Makes a library of synthetic embeddings in a temporary directory, of a version that knew no such
photos. Measures the first comparison of all files, then in turns, each with the setting on and
off: a commit of 32 restored files, the newest photos, the facets, and a query of filters alone. No
file is read.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from sqlalchemy import case, update

from benchmarks.clip_like import ClipLike
from benchmarks.synthetic_library import make_library
from indexer.library.directory import DATABASE
from indexer.query.query import parse
from indexer.records.models import Model
from indexer.store.ingest_sql import set_missing
from indexer.store.schema import contents, photos
from indexer.store.store import Store

DIM: Final = 32  # the vectors are not the subject
SHARD: Final = 32
Times = Mapping[str, Mapping[str, list[float]]]


def main() -> None:
    """Make the library, then print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=300_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="medians only, as JSON")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    if options.quick:
        options.photos, options.runs = 200, 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "library"
        make_library(path, options.photos, Model("synthetic", "synthetic"), ClipLike(DIM))
        store = Store.open(path / DATABASE)
        pair(store)
        started = time.perf_counter()
        store.stacks.compare_all()
        first_s = time.perf_counter() - started
        times = measure(store, options.runs)
        store.close()
    found = figures(first_s, times)
    if options.json:
        print(json.dumps(found))
    else:
        report(options.photos, found, times)


def pair(store: Store) -> None:
    """Give each second file the name of the one before it, and make it a RAW."""
    number = photos.c.id - 1
    is_raw = photos.c.id % 2 == 0
    with store.database.writing() as connection:
        folder = (number / 1000).op("||")("/")
        stem = folder.op("||")(number - number % 2)
        path = stem.op("||")(case((is_raw, ".cr2"), else_=".jpg"))
        connection.execute(update(photos).values(path=path))
        connection.execute(update(contents).where(contents.c.id % 2 == 0).values(format="CR2"))


def measure(store: Store, runs: int) -> Times:
    """Seconds of each task, with the setting on and off in turns."""
    roots = store.roots.all()
    rows = list(itertools.islice(store.ingest.rows(roots[0].id), SHARD))

    def restore() -> None:
        with store.database.writing() as connection:
            set_missing(connection, rows, None)

    tasks: dict[str, Callable[[], object]] = {
        "32 restored": restore,
        "newest": lambda: store.search.newest((), 60),
        "facets": store.search.facets,
        "ext:cr2": lambda: store.search.allowed_embeddings(parse("ext:cr2").filters),
        "year:2019": lambda: store.search.allowed_embeddings(parse("year:2019").filters),
    }
    times: dict[str, dict[str, list[float]]] = {name: {"on": [], "off": []} for name in tasks}
    for run in range(runs + 1):
        for setting in ("on", "off"):
            store.stacks.switch(on=setting == "on")
            for name, task in tasks.items():
                started = time.perf_counter()
                task()
                if run:  # the first turn warms the caches
                    times[name][setting].append(time.perf_counter() - started)
    return times


def figures(first_s: float, times: Times) -> dict[str, float]:
    """The medians, and how many times that without stacks the one with them is."""
    found = {"first_s": first_s}
    for name, by_setting in times.items():
        on, off = (statistics.median(by_setting[setting]) for setting in ("on", "off"))
        found |= {f"{name} on_s": on, f"{name} off_s": off, f"{name} ratio": on / off}
    return found


def report(files: int, found: Mapping[str, float], tasks: Iterable[str]) -> None:
    """One line a task, from the figures."""
    print(f"{files:,} files compared for the first time in {found['first_s']:.2f} s")
    for name in tasks:
        on_s, ratio = found[f"{name} on_s"], found[f"{name} ratio"]
        print(f"{name:12} {on_s * 1000:8.1f} ms, {ratio:.2f} x that of each file by itself")


if __name__ == "__main__":
    main()

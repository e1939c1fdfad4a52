"""How long is a rebuild in which nothing has changed? Against `find`, which only stats the files.

    python -m benchmarks.rescan --photos 100000

Makes a library of synthetic embeddings and the files it remembers (empty, of the size and time it
knows) in a temporary directory. Then, in turns: `find -printf`, the command `indexer rebuild` as
a user would start it, and a look as the daemon has it, within a process that is warm.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.clip_like import ClipLike
from benchmarks.synthetic_library import make_files, make_library
from clipcore import open_encoder
from indexer.library.library import Library, open_library
from indexer.records.models import Model

STARTER: Final = "starter"
INDEXER: Final = (sys.executable, "-c", "from indexer.cli.main import main; main()")


def main() -> None:
    """Make library and files, then print medians, spread and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="medians only, as JSON")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    if options.quick:
        options.photos, options.runs = 200, 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "library"
        encoder = open_encoder(STARTER)
        model = Model(STARTER, encoder.model_id)
        make_library(path, options.photos, model, ClipLike(encoder.dim))
        make_files(path)
        times = measure(path, Path(folder) / "photos", options.runs)
    if options.json:
        print(json.dumps(figures(times)))
    else:
        report(options.photos, times)


def measure(path: Path, photos: Path, runs: int) -> dict[str, list[float]]:
    """Seconds of each contestant, in turns; a first turn warms the caches and is not counted."""
    library = open_library(path)
    contestants: dict[str, Callable[[], None]] = {
        "find": lambda: _run("find", str(photos), "-printf", r"%s %T@\n"),
        "indexer rebuild": lambda: _run(*INDEXER, "rebuild", "--library", str(path)),
        "daemon's look": lambda: _look(library),
    }
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for run in range(runs + 1):
        for name, contestant in contestants.items():
            started = time.perf_counter()
            contestant()
            if run:
                times[name].append(time.perf_counter() - started)
    library.close()
    return times


def figures(times: dict[str, list[float]]) -> dict[str, float]:
    """The medians, and how many times find's the rebuild's is."""
    find_s, rebuild_s, look_s = (statistics.median(seconds) for seconds in times.values())
    return {
        "find_s": find_s,
        "rebuild_s": rebuild_s,
        "look_s": look_s,
        "rebuild_by_find": rebuild_s / find_s,
    }


def report(photos: int, times: dict[str, list[float]]) -> None:
    """One line a contestant."""
    find_s = statistics.median(times["find"])
    print(f"{photos:,} unchanged files, {len(times['find'])} runs in turns")
    for name, seconds in times.items():
        median_s = statistics.median(seconds)
        spread = f"{min(seconds):.3f} to {max(seconds):.3f} s"
        print(f"{name:16} {median_s:.3f} s ({spread}), {median_s / find_s:.1f} x find")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _look(library: Library) -> None:
    with library.writing():
        report = library.update()
    if report.embedded or report.known or report.missing:
        raise SystemExit(f"not everything is unchanged: {report}")


if __name__ == "__main__":
    main()

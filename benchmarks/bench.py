"""Recollect against the field on this machine: measures, and writes RESULTS.md.

    python -m benchmarks.bench                  everything, at least 5 rounds
    python -m benchmarks.bench --minutes 4      begin nothing after so long; the next call goes on
    python -m benchmarks.bench --quick          a look at it: one round of few photos, printed

Needs .venv-bench with the packages of requirements.txt beside this file (`make bench` makes it).
Every measurement is written down as soon as it is made, in data/bench/measured.jsonl: delete that
file to begin anew. Nothing else should run on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

from benchmarks.contest import ROOT, Arena, Measurement, PhotoSet, measurements, prepare
from benchmarks.results import RESULTS, results

DIRECTORY: Final = ROOT / "data" / "bench"
RUNS: Final = 5
QUICK: Final = Arena(
    DIRECTORY / "quick", PhotoSet(40, 12), PhotoSet(100, 1), slow=32, unchanged=10_000
)


def main() -> None:
    """Prepare, measure what is missing, write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=None, help=f"of each measurement: {RUNS}")
    parser.add_argument("--minutes", type=float, default=None)
    parser.add_argument("--only", default="", help="measurements whose name has this in it")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    arena = QUICK if options.quick else Arena(DIRECTORY)
    arena.directory.mkdir(parents=True, exist_ok=True)
    prepare(arena)
    ends = time.monotonic() + 60 * (options.minutes or 1e9)
    wanted = [one for one in measurements(arena) if options.only in one.name]
    measure(arena, wanted, options.runs or (1 if options.quick else RUNS), ends)
    text = results(arena, records(arena))
    if options.quick:
        print(text)
    else:
        RESULTS.write_text(text, "utf-8")


def measure(arena: Arena, wanted: list[Measurement], runs: int, ends: float) -> None:
    """Round after round until each has so many runs, those that are there already included."""
    while time.monotonic() < ends:
        done = Counter(record["name"] for record in records(arena))
        fewest = min(wanted, key=lambda one: done[one.name])  # of equals the first
        if done[fewest.name] >= runs:
            return
        figures = fewest.run(arena)
        keep(arena, {"name": fewest.name, "at": time.time(), "figures": figures})
        shown = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
        print(f"{fewest.name}: {shown}", flush=True)


def keep(arena: Arena, record: dict[str, Any]) -> None:
    with _log(arena).open("a") as log:
        log.write(json.dumps(record) + "\n")
        log.flush()
        os.fsync(log.fileno())


def records(arena: Arena) -> list[dict[str, Any]]:
    """All measurements so far, oldest first."""
    if not _log(arena).exists():
        return []
    return [json.loads(line) for line in _log(arena).read_text().splitlines()]


def _log(arena: Arena) -> Path:
    return arena.directory / "measured.jsonl"


if __name__ == "__main__":
    main()

"""Recollect against the field on this machine: measures, and writes RESULTS.md.

    python -m benchmarks.bench                  everything, at least 5 rounds
    python -m benchmarks.bench --minutes 4      begin nothing after so long; the next call goes on
    python -m benchmarks.bench --quick          a look at it: one round of few photos, printed

Needs .venv-bench with the packages of requirements.txt beside this file (`make bench` makes it).
Every measurement is written down as soon as it is made, in data/bench/measured.jsonl: delete that
file to begin again. Nothing else should run on the machine meanwhile: a run during which others had
more than a twentieth of the cores is kept, but does not count, and is made again.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.contest import ROOT, Arena, Measurement, PhotoSet, measurements, prepare
from benchmarks.results import RESULTS, results

DIRECTORY: Final = ROOT / "data" / "bench"
RUNS: Final = 5
OTHERS: Final = 0.05  # a run counts if others had no more of the cores than this
TRIES: Final = 3
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
    text = results(arena, counted(records(arena)))
    if options.quick:
        print(text)
    else:
        RESULTS.write_text(text, "utf-8")


def measure(arena: Arena, wanted: list[Measurement], runs: int, ends: float) -> None:
    """Round after round until each has so many runs that count, or TRIES times as many in all."""
    while time.monotonic() < ends:
        so_far = records(arena)
        tried = Counter(record["name"] for record in so_far)
        done = Counter(record["name"] for record in so_far if _is_quiet(record))
        left = [one for one in wanted if done[one.name] < runs and tried[one.name] < TRIES * runs]
        if not left:
            return
        _measure(arena, min(left, key=lambda one: tried[one.name]))  # of equals the first


def _measure(arena: Arena, one: Measurement) -> None:
    before = _clocks()
    figures = one.run(arena)
    passed, busy, own = (now - then for now, then in zip(_clocks(), before, strict=True))
    others = max(0.0, busy - own) / (passed * (os.cpu_count() or 1))
    keep(arena, {"name": one.name, "others": others, "figures": figures})
    shown = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
    print(f"{one.name}: {shown}; others had {others:.0%} of the cores", flush=True)


def _is_quiet(record: dict[str, Any]) -> bool:
    return bool(record["others"] <= OTHERS)


def counted(every: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The quiet runs of each measurement; where it has none, all of them."""
    quiet = {record["name"] for record in every if _is_quiet(record)}
    return [record for record in every if _is_quiet(record) or record["name"] not in quiet]


def _clocks() -> tuple[float, float, float]:
    """Seconds: of the clock, of all cores at work, and of those at work for this benchmark."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0)
    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    used = sum(usage.ru_utime + usage.ru_stime for usage in own)
    return time.perf_counter(), sum(times[:8]) - idle, used


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

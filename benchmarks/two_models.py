"""The default model next to SigLIP2 B/32-256, a candidate for its place: speed and memory.

    python -m benchmarks.two_models DIRECTORY

Both with seeded weights of the real sizes, over the same 12-megapixel photos. In each round each
model answers a query in a process of its own, whose peak of memory counts, indexes the photos in a
process that has it loaded (pipeline.py), and answers the sample's queries in one that has the
library open. The ratio of rates comes from processor time: it says the same on a busy machine.
Photos, models, libraries and engines stay in DIRECTORY.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.contest import SENTENCE, Arena, Figures, printed, run
from benchmarks.photo_set import make_photos
from benchmarks.seeded_models import OPEN_CLIP, SIGLIP2, write_models, write_siglip2

# the limits that would make SigLIP2 the default
RATE_WITHIN, QUERY_MS, MEMORY_MB = 0.05, 25, 600
PHOTOS, MEGAPIXELS, ROUNDS = 48, 12.0, 3
QUICK: Final = 2, 0.3, 1


@dataclass(frozen=True)
class Contest:
    """The models, the photos, and where all of it lies."""

    arena: Arena
    models: dict[str, Path]
    photos: Path
    engine: str

    def library(self, name: str) -> Path:
        return self.arena.directory / f"library-{name}"

    def measured(self, name: str) -> Figures:
        """One round of one model."""
        library = str(self.library(name))
        search = run(self.arena, _indexer("search", SENTENCE, "--library", library))
        model, photos = str(self.models[name]), str(self.photos)
        pipeline = ["benchmarks.pipeline", model, photos, "--engine", self.engine]
        index = printed(self.arena, [sys.executable, "-m", *pipeline])
        warm = printed(self.arena, [sys.executable, "-m", "benchmarks.warm_query", library])
        return {
            "photos_per_s": index["photos_per_s"],
            "photo_processor_ms": index["photo_processor_ms"],
            "query_ms": 1000 * warm["seconds"],
            "search_mb": search["peak_mb"],
        }

    def make_library(self, name: str) -> None:
        """The library that is searched, and the trials of the engines."""
        place, model = ["--library", str(self.library(name))], ["--model", str(self.models[name])]
        run(self.arena, _indexer("rebuild", str(self.photos), *place, *model))


def _indexer(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from indexer.cli.main import main; main()", *arguments]


def prepared(
    directory: Path, *, quick: bool, count: int, megapixels: float, engine: str
) -> Contest:
    """Photos and models; those that are there already stay. `engine`: for photos."""
    photos = directory / f"photos-{megapixels:g}mp-{count}"
    make_photos(photos, count, megapixels)
    models = {
        "default": directory / "models" / OPEN_CLIP,
        "SigLIP2": directory / "models" / SIGLIP2,
    }
    if not models["default"].exists():
        write_models(directory / "models", tiny=quick)
    if not models["SigLIP2"].exists():
        write_siglip2(directory / "models", tiny=quick)
    return Contest(Arena(directory), models, photos, engine)


def report(rounds: list[dict[str, Figures]]) -> list[str]:
    """The medians, and the ratios round by round that the decision needs."""
    lines = []
    for name in rounds[0]:
        found = {
            key: statistics.median(one[name][key] for one in rounds) for key in rounds[0][name]
        }
        lines.append(f"{name:8} " + "  ".join(f"{key} {found[key]:.1f}" for key in found))
    ratios = [
        one["default"]["photo_processor_ms"] / one["SigLIP2"]["photo_processor_ms"]
        for one in rounds
    ]
    rate, siglip = statistics.median(ratios), [one["SigLIP2"] for one in rounds]
    query_ms = statistics.median(one["query_ms"] for one in siglip)
    memory_mb = max(one["search_mb"] for one in siglip)
    lines.append(
        f"index rate, SigLIP2 / default: {rate:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    )
    passes = {
        f"index rate within {RATE_WITHIN:.0%}": rate >= 1 - RATE_WITHIN,
        f"a warm query within {QUERY_MS} ms": query_ms <= QUERY_MS,
        f"a search within {MEMORY_MB} MB": memory_mb <= MEMORY_MB,
    }
    return [*lines, *(f"{'yes' if holds else 'no':3} {what}" for what, holds in passes.items())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--photos", type=int, default=PHOTOS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--engine", default="openvino-bfloat16", help="for photos")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    count, megapixels, rounds = options.photos, MEGAPIXELS, options.rounds
    if options.quick:
        count, megapixels, rounds = QUICK
    contest = prepared(
        options.directory,
        quick=options.quick,
        count=count,
        megapixels=megapixels,
        engine=options.engine,
    )
    for name in contest.models:
        contest.make_library(name)
    measured = [{name: contest.measured(name) for name in contest.models} for _ in range(rounds)]
    print("\n".join(report(measured)))


if __name__ == "__main__":
    main()

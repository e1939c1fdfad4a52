"""What `make bench` measured, as a page: the machine, every figure with its spread, the ratios.

Knows records (a name, figures) and nothing of how they came about.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.contest import ENGINES, PEERS, Arena, Figures

RESULTS: Final = Path(__file__).with_name("RESULTS.md")
BY_HAND: Final = "<!-- what follows is written by hand, and kept -->"
OWN_PACKAGES: Final = ("openvino", "torch", "numpy", "pillow", "faiss-cpu", "sqlalchemy")
PEER_PACKAGES: Final = (
    *("rclip", "onnxruntime", "open_clip_torch", "transformers"),
    *("torch", "torchvision", "numpy", "pillow"),
)

FIGURES: Final = {
    "photos_per_s": "photos/s, as measured",
    "all_cores_per_s": "photos/s, of all cores",
    "engine_per_s": "engine alone, photos/s",
    "decoder_per_s": "decoder alone, photos/s",
    "of_limit": "share of the limit",
    "peak_mb": "peak memory, MB",
    "seconds": "s",
    "processor_s": "processor seconds",
    "processor_ms": "processor ms a photo",
    "others": "share of the cores that others had",
    "find_s": "find, s",
    "rebuild_s": "`indexer rebuild`, s",
    "look_s": "the daemon's look, s",
    "rebuild_by_find": "`indexer rebuild` by find",
}


@dataclass(frozen=True)
class Goal:
    """`figure` of `ours` by that of `theirs`, which should be at least (or at most) `goal`.

    Without `theirs` the figure is a ratio already.
    """

    title: str
    figure: str
    goal: float
    ours: str
    theirs: str = ""
    at_most: bool = False

    def ratios(self, figures: dict[str, list[Figures]]) -> list[float]:
        """Round by round."""
        ours = [run[self.figure] for run in figures.get(self.ours, ())]
        if not self.theirs:
            return ours
        theirs = [run[self.figure] for run in figures.get(self.theirs, ())]
        return [one / other for one, other in zip(ours, theirs, strict=False)]

    def row(self, figures: dict[str, list[Figures]]) -> str:
        """Of the table of ratios; empty where nothing was measured."""
        ratios = self.ratios(figures)
        if not ratios:
            return ""
        ratio = statistics.median(ratios)
        reached = ratio <= self.goal if self.at_most else ratio >= self.goal
        sign = "<=" if self.at_most else ">="
        cells = (
            self.title,
            f"{sign} {self.goal:g}",
            _spread(ratios),
            "yes" if reached else "**no**",
        )
        return f"| {' | '.join(cells)} |"


def goals(arena: Arena) -> list[Goal]:
    """The ratios this project wants to reach."""
    large, small = arena.large.name, arena.small.name
    cold = "one query, cold; rclip, cold", "seconds", 1
    warm = "one query, warm; rclip, cold", "seconds", 0.1
    rclip_query = "rclip, a query, cold"
    return [
        *_faster_than("rclip", large, 3.5, 5),
        *_faster_than("rclip", small, 2, 3),
        *_faster_than("open_clip", large, 4, 6),
        *_faster_than("transformers", large, 4, 6),
        *(
            Goal(f"limit, {precision}, {on}", "of_limit", 0.9, f"pipeline {precision}, {on}")
            for on in (large, small)
            for precision in ENGINES
        ),
        *(_smaller_than_rclip(precision, large) for precision in ENGINES),
        Goal(*cold, "Recollect, a query, cold", rclip_query, at_most=True),
        Goal(*warm, "Recollect, a query, warm", rclip_query, at_most=True),
        Goal(
            f"rebuild, {arena.unchanged:,} unchanged files; find",
            *("rebuild_by_find", 8, "Recollect, nothing changed"),
            at_most=True,
        ),
    ]


def _faster_than(peer: str, on: str, *goals: float) -> list[Goal]:
    """A program beside a program; a loaded library beside our pipeline, loaded too."""
    ours = "Recollect" if peer == "rclip" else "pipeline"
    return [
        Goal(
            f"photos/s, {precision}, {on}; {peer}",
            *("all_cores_per_s", goal, f"{ours} {precision}, {on}", f"{peer}, {on}"),
        )
        for precision, goal in zip(ENGINES, goals, strict=True)
    ]


def _smaller_than_rclip(precision: str, on: str) -> Goal:
    title = f"peak memory, {precision}, {on}; rclip"
    return Goal(title, "peak_mb", 1, f"Recollect {precision}, {on}", f"rclip, {on}", at_most=True)


def results(arena: Arena, records: Iterable[dict[str, Any]]) -> str:
    """RESULTS.md; what was written by hand below the mark stays."""
    figures: dict[str, list[Figures]] = {}
    for record in records:
        figures.setdefault(record["name"], []).append(_with_all_cores(record))
    parts = [
        "# Recollect and the field, on one machine\n",
        "`make bench` wrote this. Every contestant computes ViT-B-32-256 with the same weights on",
        "the same photos, in turns. A figure is the median of its runs, with the least and the",
        f"most. {_photos(arena)}\n",
        "Where others had a share of the cores meanwhile, the table of figures tells it, and rates",
        "are compared as they would be with all cores: what was measured by what was left",
        "(for a program that leaves cores idle, more than it would reach).\n",
        _machine(),
        "## Ratios\n",
        "| what; against | goal | measured | reached |",
        "|---|---:|---:|---|",
        *filter(None, (goal.row(figures) for goal in goals(arena))),
        "\n## Figures\n",
        "| contestant | runs | what | median (least to most) |",
        "|---|---:|---|---:|",
        *_rows(figures),
        "",
        f"{BY_HAND}\n{_by_hand()}",
    ]
    return "\n".join(parts)


def _rows(figures: dict[str, list[Figures]]) -> Iterator[str]:
    for name, runs in figures.items():
        for figure in runs[0]:
            spread = _spread([run[figure] for run in runs])
            yield f"| {name} | {len(runs)} | {FIGURES.get(figure, figure)} | {spread} |"


def _spread(values: Sequence[float]) -> str:
    shown = [f"{value:.3g}" if value < 100 else f"{value:,.0f}" for value in _quantiles(values)]
    return f"{shown[0]} ({shown[1]} to {shown[2]})" if len(values) > 1 else shown[0]


def _quantiles(values: Sequence[float]) -> tuple[float, float, float]:
    return statistics.median(values), min(values), max(values)


def _by_hand() -> str:
    if not RESULTS.exists():
        return ""
    return RESULTS.read_text("utf-8").partition(BY_HAND)[2].lstrip("\n")


def _with_all_cores(record: dict[str, Any]) -> Figures:
    """What was measured, and the rate that all cores would have had.

    Others had a share of them, so a photo took as much less of the clock as that share says.
    """
    figures: Figures = record["figures"] | {"others": record["others"]}
    if "photos_per_s" in figures:
        figures["all_cores_per_s"] = figures["photos_per_s"] / (1 - record["others"])
    return figures


def _photos(arena: Arena) -> str:
    large, small = arena.large, arena.small
    return (
        f"There are {large.count} JPEG photos of {large.name} and {small.count}\n"
        f"of {small.name}; rclip took {arena.some:.0%} of them, the libraries {arena.slow} of the "
        "large ones.\nPrograms are timed as a whole, their start included."
    )


def _machine() -> str:
    memory_gib = psutil.virtual_memory().total / 2**30
    return "\n".join(
        (
            f"{_processor()}, {os.cpu_count()} cores, {memory_gib:.0f} GiB, "
            f"{platform.system()} {platform.release().split('-')[0]}, "
            f"Python {platform.python_version()}.",
            f"Recollect: {_own_versions()}.",
            f"Peers: {_peer_versions()}.\n",
        )
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _own_versions() -> str:
    return ", ".join(f"{package} {version(package)}" for package in OWN_PACKAGES)


def _peer_versions() -> str:
    script = (
        "import json, sys; from importlib.metadata import version;"
        "print(json.dumps({name: version(name) for name in sys.argv[1:]}))"
    )
    command = [str(PEERS / "python"), "-c", script, *PEER_PACKAGES]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return ", ".join(f"{package} {number}" for package, number in found.items())

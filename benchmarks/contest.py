"""The measurements of `make bench`: what is run, on which photos, and what comes of it.

Every contestant computes the same weights on the same photos. Programs (ours and rclip) are run as
a user starts them, from an empty library on, and timed to their end. Libraries (open_clip,
transformers) are timed by peers.py with their model loaded, as is our own pipeline by pipeline.py.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.photo_set import make_photos

ROOT: Final = Path(__file__).parents[1]
PEERS: Final = ROOT / ".venv-bench" / "bin"
ENGINES: Final = {"bfloat16": "openvino-bfloat16", "int8": "openvino-int8"}
SENTENCE: Final = "a dog on the beach"
COLD: Final = 3  # cold queries in a row; the median of them counts

Figures = dict[str, float]


@dataclass(frozen=True)
class PhotoSet:
    """So many photos of that size."""

    count: int
    megapixels: int

    @property
    def name(self) -> str:
        return f"{self.megapixels} MP"


@dataclass(frozen=True)
class Arena:
    """Where all of it lies, and how large it is."""

    directory: Path
    large: PhotoSet = PhotoSet(400, 12)
    small: PhotoSet = PhotoSet(1000, 1)
    slow: int = 96  # photos for libraries that take half a second for each,
    some: float = 0.4  # and this share for rclip: a rate needs no more
    unchanged: int = 100_000  # files of the rebuild in which nothing has changed

    def photos(self, photo_set: PhotoSet) -> Path:
        return self.directory / f"photos-{photo_set.megapixels}mp-{photo_set.count}"

    def some_of(self, photo_set: PhotoSet) -> tuple[Path, int]:
        """A folder with some of the photos, and how many."""
        count = int(self.some * photo_set.count)
        folder = self.directory / f"photos-{photo_set.megapixels}mp-{count}"
        folder.mkdir(exist_ok=True)
        for photo in sorted(self.photos(photo_set).iterdir())[:count]:
            if not (folder / photo.name).exists():
                (folder / photo.name).hardlink_to(photo)
        return folder, count

    def model(self, form: str) -> Path:
        return self.directory / "model" / form

    @property
    def rclip(self) -> Path:
        """rclip's model files, and its index of the small photos."""
        return self.directory / "rclip"

    @property
    def library(self) -> Path:
        """Our library of the small photos."""
        return self.directory / "library"

    @property
    def environment(self) -> dict[str, str]:
        """Converted models and engines are this benchmark's own; nobody asks the network."""
        cache = str(self.directory / "cache")
        own = {"XDG_CACHE_HOME": cache, "RCLIP_DATADIR": str(self.rclip), "HF_HUB_OFFLINE": "1"}
        return {**os.environ, **own}


@dataclass(frozen=True)
class Measurement:
    """One contestant on one set of photos."""

    contestant: str
    on: str
    run: Callable[[Arena], Figures]

    @property
    def name(self) -> str:
        return f"{self.contestant}, {self.on}"


# --- what there must be beforehand ---------------------------------------------------------------


def prepare(arena: Arena) -> None:
    """Photos, models, and an index of the small photos on both sides; what is there is kept."""
    for photo_set in (arena.large, arena.small):
        make_photos(arena.photos(photo_set), photo_set.count, photo_set.megapixels)
    model = arena.model("open_clip")
    if not arena.model("transformers").exists():
        run(arena, [sys.executable, "-m", "benchmarks.seeded_models", str(model.parent)])
    if not (arena.rclip / "tokenizer").exists():
        run(arena, _peers("export", str(model), str(arena.rclip)))
    if not arena.library.exists():
        for engine in ENGINES.values():  # the last one's embeddings are queried
            shutil.rmtree(arena.library, ignore_errors=True)
            run(arena, _rebuild(arena, arena.small, arena.library, engine))
        run(arena, [*_search(arena), SENTENCE])
    if not (arena.rclip / "db.sqlite3").exists():
        run(arena, _rclip("./00000.jpg"), arena.photos(arena.small))


# --- the contestants -----------------------------------------------------------------------------


def measurements(arena: Arena) -> list[Measurement]:
    """In the order in which a round goes through them."""
    return [
        *_indexing(arena.large),
        *_indexing(arena.small),
        Measurement("open_clip", arena.large.name, partial(_library_peer, "open_clip")),
        Measurement("transformers", arena.large.name, partial(_library_peer, "transformers")),
        Measurement("rclip", "a query, cold", _rclip_query),
        Measurement("Recollect", "a query, cold", _own_query),
        Measurement("Recollect", "a query, warm", _warm_query),
        Measurement("Recollect", "nothing changed", _rescan),
    ]


def _indexing(photo_set: PhotoSet) -> list[Measurement]:
    found = [Measurement("rclip", photo_set.name, partial(_rclip_index, photo_set))]
    for precision, engine in ENGINES.items():
        index = partial(_own_index, photo_set, engine)
        pipeline = partial(_pipeline, photo_set, engine)
        found.append(Measurement(f"Recollect {precision}", photo_set.name, index))
        found.append(Measurement(f"pipeline {precision}", photo_set.name, pipeline))
    return found


def _own_index(photo_set: PhotoSet, engine: str, arena: Arena) -> Figures:
    with tempfile.TemporaryDirectory(dir=arena.directory) as folder:
        library = Path(folder) / "library"
        figures = run(arena, _rebuild(arena, photo_set, library, engine))
        done = _count(library / "library.db", "SELECT count(*) FROM embeddings")
    return _rate(photo_set.count, done, figures)


def _rclip_index(photo_set: PhotoSet, arena: Arena) -> Figures:
    """Its query is one of the photos, so that it need not load its text tower as well."""
    with tempfile.TemporaryDirectory(dir=arena.directory) as folder:
        for part in arena.rclip.iterdir():
            if part.is_dir():
                (Path(folder) / part.name).symlink_to(part)
        photos, count = arena.some_of(photo_set)
        figures = run(arena, _rclip("./00000.jpg"), photos, RCLIP_DATADIR=folder)
        done = _count(Path(folder) / "db.sqlite3", "SELECT count(*) FROM images")
    return _rate(count, done, figures)


def _rate(count: int, done: int, figures: Figures) -> Figures:
    if done != count:
        raise SystemExit(f"{done} of {count} photos were embedded")
    own_ms = 1000 * figures["processor_s"] / count
    return {**figures, "photos_per_s": count / figures["seconds"], "processor_ms": own_ms}


def _library_peer(name: str, arena: Arena) -> Figures:
    photos = str(arena.photos(arena.large))
    command = _peers(name, str(arena.model(name)), photos, "--count", str(arena.slow))
    found = printed(arena, command)
    return {**found, "photos_per_s": found["photos"] / found["seconds"]}


def _pipeline(photo_set: PhotoSet, engine: str, arena: Arena) -> Figures:
    model, photos = str(arena.model("open_clip")), str(arena.photos(photo_set))
    command = [sys.executable, "-m", "benchmarks.pipeline", model, photos, "--engine", engine]
    return printed(arena, command)


def _rclip_query(arena: Arena) -> Figures:
    command = _rclip("--no-indexing", SENTENCE)
    return _median_run(arena, command, arena.photos(arena.small))


def _own_query(arena: Arena) -> Figures:
    return _median_run(arena, [*_search(arena), SENTENCE], ROOT)


def _median_run(arena: Arena, command: Sequence[str], folder: Path) -> Figures:
    runs = [run(arena, command, folder) for _ in range(COLD)]
    return {name: statistics.median(figures[name] for figures in runs) for name in runs[0]}


def _warm_query(arena: Arena) -> Figures:
    command = [sys.executable, "-m", "benchmarks.warm_query", str(arena.library)]
    return printed(arena, command)


def _rescan(arena: Arena) -> Figures:
    command = [sys.executable, "-m", "benchmarks.rescan", "--photos", str(arena.unchanged)]
    return printed(arena, [*command, "--json"])


# --- commands ------------------------------------------------------------------------------------


def _indexer(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from indexer.cli.main import main; main()", *arguments]


def _rebuild(arena: Arena, photo_set: PhotoSet, library: Path, engine: str) -> list[str]:
    options = ["--library", str(library), "--model", str(arena.model("open_clip"))]
    return _indexer("rebuild", str(arena.photos(photo_set)), *options, "--engine", engine)


def _search(arena: Arena) -> list[str]:
    return _indexer("search", "--library", str(arena.library), "--top", "10")


def _rclip(*arguments: str) -> list[str]:
    return [str(PEERS / "rclip"), *arguments]


def _peers(*arguments: str) -> list[str]:
    return [str(PEERS / "python"), str(ROOT / "benchmarks" / "peers.py"), *arguments]


def run(arena: Arena, command: Sequence[str], folder: Path = ROOT, **environment: str) -> Figures:
    """Seconds, processor seconds and peak memory (MB) of a command.

    Ends with what it said if it fails.
    """
    with tempfile.TemporaryFile("w+") as said:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**arena.environment, **environment},
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{said.read()}")
    processor_s = usage.ru_utime + usage.ru_stime
    return {"seconds": seconds, "processor_s": processor_s, "peak_mb": usage.ru_maxrss / 1000}


def printed(arena: Arena, command: Sequence[str]) -> Figures:
    """The figures that a command of ours prints in its last line."""
    done = subprocess.run(
        command, env=arena.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def _count(database: Path, statement: str) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute(statement).fetchone()[0])

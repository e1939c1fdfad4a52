"""Latency, recall, memory and opening time of search in libraries of synthetic vectors.

    python -m benchmarks.search --vectors 100000 1000000
    python -m benchmarks.search --vectors 100000 --database postgres
    python -m benchmarks.search --sentences 100000

The libraries are made in a temporary directory (2.5 GB a million photos) and are gone afterwards.
`--vectors` measures Library.search, with query vectors in place of a text tower, in a process of
its own; recall@20 is against all products with the vectors as they are stored. `--sentences`
goes all the way from the sentence, through the text tower of a ViT-B-32-256 with seeded weights.
`--database postgres` copies the library to a server of its own first; its filters are conditions,
and how quickly rows come in is measured too.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import numpy as np
from sqlalchemy import func, select

from benchmarks.clip_like import ClipLike
from benchmarks.server_writes import writes
from benchmarks.synthetic_library import BATCH, make_library
from indexer.arrays import FloatArray, IntArray
from indexer.index.contract import Passing
from indexer.index.faiss_index import VectorIndex
from indexer.index.pgvector_index import PgIndex
from indexer.index.policy import IndexPolicy
from indexer.library.copying import copy_library
from indexer.library.directory import DATABASE, LibraryDirectory
from indexer.library.library import Library, open_library
from indexer.library.session import ModelSession
from indexer.paths import URL_FILE
from indexer.query.query import parse
from indexer.records.models import Model
from indexer.store.search_store import SearchStore
from indexer.store.store import Store
from tests.postgres_server import LIBRARY, cpu_s, server_in
from tests.stores import store_of

ROOT: Final = Path(__file__).parents[1]
DIM: Final = 512
QUERIES: Final = 200
QUICK: Final = 2_000  # vectors
TOP: Final = 20
SHARES: Final = (1.0, 0.5, 0.1, 0.01, 0.001)  # of the photos that a filter lets through
WORDS: Final = dict(zip(SHARES[1:], ("half", "tenth", "hundredth", "thousandth"), strict=True))
SYNTHETIC: Final = Model("synthetic", "synthetic-512")
SENTENCES: Final = ("a dog on the beach", "two parrots on a branch", "grandmother with a cake")


class QueryVectors:
    """Stands for an encoder: the text "query 7" has the seventh query's vector."""

    model_id = SYNTHETIC.id
    dim = DIM
    logit_scale = 4.6
    logit_bias = None
    image_size_px = 256

    def __init__(self) -> None:
        self._vectors = ClipLike(DIM).queries(QUERIES)

    def load_texts(self) -> None:
        """They are there."""

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        """(N, D); a text without a number gets the first one."""
        numbers = [re.search(r"\d+", text) for text in texts]
        return self._vectors[[int(found[0]) if found else 0 for found in numbers]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=int, nargs="+", default=[])
    parser.add_argument("--sentences", type=int, nargs="+", default=[])
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--index", choices=("auto", "exact"), default="auto")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)  # the searching process
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    if options.quick:
        options.vectors, options.sentences = [QUICK], []
    policy = IndexPolicy(exact_only=options.index == "exact")
    if options.measure:
        print(json.dumps(measure(options.measure, policy)))
    for count in options.vectors:
        with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
            place = Path(directory)
            make_library(place / "library", count, SYNTHETIC, ClipLike(DIM))
            if options.database == "postgres":
                stack.enter_context(moved_to_server(place))
            benchmark(place, count, policy)
    for count in options.sentences:
        with tempfile.TemporaryDirectory() as directory:
            sentences(Path(directory), count)


def benchmark(directory: Path, count: int, policy: IndexPolicy) -> None:
    """Index a library, then measure it in a process that has done nothing else."""
    started = time.perf_counter()
    library = _opened(directory / "library", policy)
    with library.writing():
        library.save_index()
    build_s = time.perf_counter() - started
    library.close()
    np.save(directory / "best.npy", best(count))
    index = "exact" if policy.exact_only else "auto"
    command = [sys.executable, "-m", "benchmarks.search", "--index", index, "--measure", directory]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    figures = {"vectors": count, "build_s": round(build_s, 1)} | json.loads(done.stdout)
    for name, value in figures.items():
        print(f"{name:28} {value}")


@contextmanager
def moved_to_server(directory: Path) -> Iterator[None]:
    """Have the library in the directory on a PostgreSQL of its own meanwhile, indexed."""
    made = directory / "made"
    (directory / "library").rename(made)
    words = (
        f"CASE WHEN id * 7919 % 10007 < {share * 10007} THEN '{word} ' ELSE '' END"
        for share, word in WORDS.items()
    )
    with closing(sqlite3.connect(made / DATABASE)) as connection, connection:
        connection.execute(f"UPDATE contents SET camera = {' || '.join(words)}")
    with tempfile.TemporaryDirectory() as data, server_in(Path(data) / "data") as server:
        server.run(f"CREATE DATABASE {LIBRARY}")
        (directory / "library").mkdir()
        (directory / "library" / URL_FILE).write_text(server.url(LIBRARY))
        stages = Stages()
        with stages.timed():
            stages.total(
                copy_library, LibraryDirectory(made), LibraryDirectory(directory / "library")
            )
        print(f"{'copied_and_indexed_s':28} {stages.seconds():.1f}")
        print(f"{'  PgIndex.write_snapshot':28} {stages.seconds('PgIndex.write_snapshot'):.1f}")
        yield


def measure(directory: Path, policy: IndexPolicy) -> dict[str, Any]:
    """The figures of a searching process."""
    import faiss  # noqa: F401 - its code is no memory of the library's

    best_ids = np.load(directory / "best.npy")
    encoder = QueryVectors()
    before_mb = _memory_mb()
    started = time.perf_counter()
    library = _opened(directory / "library", policy, encoder)
    open_s = time.perf_counter() - started
    stages = Stages()
    with stages.timed():
        stages.total(library.search, "query 0")
    first_s = open_s + stages.seconds()
    open_s += stages.seconds("ModelSession.index")
    status = library.status().index
    with closing(library), store_of(library) as store:
        stages = Stages()
        found = []
        server_before_s = server_cpu_s(store)
        with stages.timed():
            for number in range(QUERIES):
                hits = stages.total(library.search, f"query {number}", TOP).hits
                found.append([hit.photo.id for hit in hits])
        server_s = server_cpu_s(store) - server_before_s
        figures = {
            "kind": f"{status.kind} ({status.reason})",
            "open_s": round(open_s, 2),
            "first_answer_s": round(first_s, 2),
            "recall_at_20": _recall(found, best_ids[0]),
            "memory_mb": round(_memory_mb() - before_mb),
        }
        figures |= stages.report()
        if not store.database.is_shared:
            return figures | filtered(library.path, store, encoder, best_ids)
        index = PgIndex(store, DIM, policy).current(store.database.change_token())
        figures |= filtered_by_server(index, store, encoder, best_ids)
        figures["server_cpu_ms"] = round(1000 * server_s / QUERIES, 1)
        return figures | writes(store, ClipLike(DIM))


def filtered(
    library: Path, store: Store, encoder: QueryVectors, best_ids: IntArray
) -> dict[str, Any]:
    """Of the index alone: latency and recall among the photos that a filter lets through."""
    figures = {}
    index = VectorIndex.load(library / "index.faiss", store.database.library_id, SYNTHETIC.id, DIM)
    for share, wanted in zip(SHARES[1:], best_ids[1:], strict=True):
        allowed = np.flatnonzero(_passes(np.arange(1, len(index) + 1), share)) + 1
        times, found = [], []
        for number in range(QUERIES // 4):
            (query,) = encoder.embed_texts([f"query {number}"])
            started = time.perf_counter()
            found.append(index.search(query, index.depth(TOP), allowed).tolist())
            times.append(time.perf_counter() - started)
        recall, p50 = _recall(found, wanted), _ms(times, 50)
        figures[f"filter {share:.1%}"] = f"p50 {p50} ms, recall_at_20 {recall}"
    return figures


def filtered_by_server(
    index: PgIndex, store: Store, encoder: QueryVectors, best_ids: IntArray
) -> dict[str, Any]:
    """The same of pgvector's: `filters` find what to let through, too, and all is scored later."""
    figures = {}
    for (share, word), wanted in zip(WORDS.items(), best_ids[1:], strict=True):
        times, found = [], []
        server_before_s = server_cpu_s(store)
        for number in range(QUERIES // 4):
            (query,) = encoder.embed_texts([f"query {number}"])
            started = time.perf_counter()
            passing = Passing(store, parse(f"camera:{word}").filters)
            ids = index.candidates(query, TOP, passing)
            times.append(time.perf_counter() - started)
            found.append([one for one in wanted[number].tolist() if one in set(ids.tolist())])
        server_s = server_cpu_s(store) - server_before_s
        recall, p50 = _recall(found, wanted), _ms(times, 50)
        cpu_ms = round(1000 * server_s / len(found), 1)
        figures[f"filter {share:.1%}"] = (
            f"p50 {p50} ms, recall_at_20 {recall}, server_cpu {cpu_ms} ms"
        )
    return figures


def server_cpu_s(store: Store) -> float:
    """The processor time that the library's server has taken so far, if it has one."""
    if not store.database.is_shared:
        return 0.0
    with store.database.engine.connect() as connection:
        return cpu_s(connection.execute(select(func.pg_backend_pid())).scalar_one())


def best(count: int) -> IntArray:
    """(shares, queries, 20) ids: what comparing everything finds for each query."""
    shapes, queries = ClipLike(DIM), ClipLike(DIM).queries(QUERIES)
    shape = (len(SHARES), QUERIES, TOP)
    ids, scores = np.zeros(shape, np.int64), np.full(shape, -np.inf, np.float32)
    for start in range(0, count, BATCH):
        photos = shapes.photos(min(BATCH, count - start), seed=start // BATCH)
        products = queries @ photos.astype(np.float16).astype(np.float32).T
        part = np.arange(start + 1, start + 1 + len(photos))
        for at, share in enumerate(SHARES):
            passing = _passes(part, share)
            if passing.any():
                all_ids = np.hstack((ids[at], np.tile(part[passing], (QUERIES, 1))))
                all_scores = np.hstack((scores[at], products[:, passing]))
                order = np.argsort(-all_scores, axis=1)[:, :TOP]
                ids[at] = np.take_along_axis(all_ids, order, 1)
                scores[at] = np.take_along_axis(all_scores, order, 1)
    return ids


def sentences(directory: Path, count: int) -> None:
    """From the sentence to the hits, with a real text tower."""
    from clipcore import open_encoder
    from tests.parity.seeded import ARCHITECTURES, write_open_clip

    source = write_open_clip(directory / "model", ARCHITECTURES["ViT-B-32-256"])
    encoder = open_encoder(str(source))
    model = Model(str(source), encoder.model_id)
    make_library(directory / "library", count, model, ClipLike(encoder.dim))
    library = open_library(directory / "library", open_encoder=lambda _: encoder)
    with library.writing():
        library.save_index()
    stages = Stages(type(encoder))
    library.search(SENTENCES[0])
    with stages.timed():
        for number in range(QUERIES):
            stages.total(library.search, f"{SENTENCES[number % len(SENTENCES)]} {number}", TOP)
    library.close()
    print(f"{count} photos, from the sentence to {TOP} hits")
    for name, value in stages.report().items():
        print(f"{name:28} {value}")


class Stages:
    """Times whole queries and the calls that they spend their time in."""

    def __init__(self, encoder: type = QueryVectors) -> None:
        self._calls = (
            (encoder, "embed_texts"),
            (ModelSession, "index"),
            (VectorIndex, "search"),
            (PgIndex, "candidates"),
            (PgIndex, "write_snapshot"),
            (SearchStore, "vectors"),
            (SearchStore, "photos_of"),
        )
        self._totals: list[float] = []
        self._cpu: list[float] = []
        self._seconds: dict[str, float] = defaultdict(float)

    def timed(self) -> ExitStack:
        """A context in which these calls are timed."""
        stack = ExitStack()
        for owner, name in self._calls:
            timed = self._timing(f"{owner.__name__}.{name}", getattr(owner, name))
            stack.enter_context(patch.object(owner, name, timed))
        return stack

    def _timing(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def timed(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                self._seconds[name] += time.perf_counter() - started

        return timed

    def total(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call it as one whole query."""
        started, cpu = time.perf_counter(), time.process_time()
        result = function(*arguments)
        self._totals.append(time.perf_counter() - started)
        self._cpu.append(time.process_time() - cpu)
        return result

    def seconds(self, stage: str = "") -> float:
        """How long one of the calls took, all of them together, or whole queries."""
        return self._seconds[stage] if stage else sum(self._totals)

    def report(self) -> dict[str, Any]:
        """p50 and p95 of a query, and what share of all time each stage took."""
        figures: dict[str, Any] = {
            "p50_ms": _ms(self._totals, 50),
            "p95_ms": _ms(self._totals, 95),
            "cpu_p50_ms": _ms(self._cpu, 50),  # less than p50: the machine had other work
        }
        for name, seconds in self._seconds.items():
            figures[f"  {name}"] = (
                f"{seconds / sum(self._totals):.0%}, {1000 * seconds / len(self._totals):.1f} ms"
            )
        return figures


def _opened(path: Path, policy: IndexPolicy, encoder: QueryVectors | None = None) -> Library:
    encoder = encoder or QueryVectors()
    return open_library(path, index_policy=policy, open_encoder=lambda _: encoder)  # type: ignore[arg-type,return-value]


def _passes(ids: IntArray, share: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return ids * 7919 % 10_007 < share * 10_007


def _recall(found: list[list[int]], wanted: IntArray) -> float:
    shares = [
        len(set(ids) & set(best.tolist())) / TOP
        for ids, best in zip(found, wanted[: len(found)], strict=True)
    ]
    return round(float(np.mean(shares)), 4)


def _ms(seconds: list[float], percentile: float) -> float:
    return round(1000 * float(np.percentile(seconds, percentile)), 1)


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main()

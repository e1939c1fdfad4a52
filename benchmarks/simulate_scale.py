"""Where the bottleneck moves as a library grows past one machine: ingest and queries over shards.

    python -m benchmarks.simulate_scale

A discrete-event simulation, in which everything is a station with servers and a queue. A batch of
photos is decoded on a core, embedded on a graphics card and written to a shard. A query is encoded
on the coordinator, searched on one replica of each shard, side by side, and merged; it is as slow
as its slowest shard. Writes go to each replica, and take the cores that queries want.

The times below are of one photo or one query; docs/scaling.md says where each comes from. What is
left out: networks, caches that are cold, machines that fail, shards that are larger than others.
"""

from __future__ import annotations

import argparse
import itertools
import random
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import simpy

BATCH: Final = 16  # photos
WARM_UP: Final = 0.2  # of the time that is simulated
SEED: Final = 8
STAGES: Final = ("decoding", "embedding", "shards", "coordinator")
LIVE_S: Final = 1 / 200  # to write a row into an index that is searched
COPY_S: Final = 1 / 76_000  # to copy one in before there is an index

Steps = Generator[simpy.Event, Any, None]


@dataclass(frozen=True)
class Cluster:
    """What there is, what it takes, and what is asked of it. Times in seconds, on one core."""

    gpus: int = 0
    decoding_cores: int = 0
    shards: int = 1
    replicas: int = 1
    cores_of_replica: int = 16
    coordinator_cores: int = 2
    queries_per_s: float = 0.0
    decode_s: float = 0.037
    embed_s: float = 1 / 2500
    write_s: float = LIVE_S
    encode_text_s: float = 0.005
    search_s: float = 0.004
    merge_s: float = 0.0001  # for each shard's answer


@dataclass
class Station:
    """Servers with one queue before them, and how busy they were."""

    env: simpy.Environment
    servers: int
    busy_s: float = 0.0  # summed over its servers, from `counted_from_s` on
    counted_from_s: float = 0.0
    queue: simpy.Resource = field(init=False)

    def __post_init__(self) -> None:
        self.queue = simpy.Resource(self.env, max(1, self.servers))

    def serve(self, seconds: float) -> Steps:
        """Wait for one's turn, then be served."""
        with self.queue.request() as turn:
            yield turn
            started_s = self.env.now
            yield self.env.timeout(seconds)
        self.busy_s += self.env.now - max(started_s, self.counted_from_s)

    @property
    def waiting(self) -> int:
        """How many are there, those being served too."""
        return len(self.queue.queue) + self.queue.count


@dataclass(frozen=True)
class Outcome:
    """What came of a run: the rate of ingest, the time of queries, and how busy each stage was."""

    photos_per_s: float
    query_s: tuple[float, ...]
    use: dict[str, float]

    @property
    def bottleneck(self) -> str:
        """The stage that has least to spare."""
        return max(self.use, key=self.use.__getitem__)

    def query_ms(self, percent: float) -> float:
        """The time within which so many of the queries were answered."""
        return 1000 * float(np.percentile(self.query_s, percent)) if self.query_s else 0.0


class Simulation:
    """One cluster under load."""

    def __init__(self, cluster: Cluster, seconds: float) -> None:
        self._cluster = cluster
        self._seconds = seconds
        self._chance = random.Random(SEED)
        self._env = env = simpy.Environment()
        self._decoding = Station(env, cluster.decoding_cores)
        self._embedding = Station(env, cluster.gpus)
        self._coordinator = Station(env, cluster.coordinator_cores)
        self._shards = [
            [Station(env, cluster.cores_of_replica) for _ in range(cluster.replicas)]
            for _ in range(cluster.shards)
        ]
        self._photos = 0
        self._query_s: list[float] = []

    def run(self) -> Outcome:
        """Let it run; what happens while the stations fill is not counted."""
        cluster, env = self._cluster, self._env
        turns = itertools.cycle(range(cluster.shards))
        if cluster.gpus:  # so many batches are under way that every station could be busy
            writers = cluster.shards * cluster.cores_of_replica
            for _ in range(2 * (cluster.decoding_cores + cluster.gpus) + writers):
                env.process(self._batches(turns))
        if cluster.queries_per_s:
            env.process(self._arrivals())
        env.run(until=WARM_UP * self._seconds)
        for station in self._stations():
            station.busy_s, station.counted_from_s = 0.0, env.now
        self._photos, self._query_s = 0, []
        env.run(until=self._seconds)
        return self._outcome()

    def _batches(self, turns: Iterable[int]) -> Steps:
        """One batch after the other: read and decode, embed, write."""
        cluster = self._cluster
        for shard in turns:
            yield from self._decoding.serve(self._about(BATCH * cluster.decode_s))
            yield from self._embedding.serve(BATCH * cluster.embed_s)
            yield self._all(
                replica.serve(BATCH * cluster.write_s) for replica in self._shards[shard]
            )
            self._photos += BATCH

    def _arrivals(self) -> Steps:
        """People ask when they like, whatever the load is."""
        while True:
            yield self._env.timeout(self._chance.expovariate(self._cluster.queries_per_s))
            self._env.process(self._query())

    def _query(self) -> Steps:
        cluster, started = self._cluster, self._env.now
        yield from self._coordinator.serve(cluster.encode_text_s)
        least_busy = [min(shard, key=lambda replica: replica.waiting) for shard in self._shards]
        yield self._all(replica.serve(self._about(cluster.search_s)) for replica in least_busy)
        yield from self._coordinator.serve(cluster.merge_s * cluster.shards)
        self._query_s.append(self._env.now - started)

    def _about(self, seconds: float) -> float:
        """Photos and searches differ: half of the time is fixed, the other half exponential."""
        return seconds * (0.5 + 0.5 * self._chance.expovariate(1))

    def _all(self, steps: Iterable[Steps]) -> simpy.Event:
        return self._env.all_of([self._env.process(step) for step in steps])

    def _stations(self) -> list[Station]:
        replicas = list(itertools.chain.from_iterable(self._shards))
        return [self._decoding, self._embedding, self._coordinator, *replicas]

    def _outcome(self) -> Outcome:
        counted_s = (1 - WARM_UP) * self._seconds
        stages = {
            "decoding": [self._decoding],
            "embedding": [self._embedding],
            "shards": list(itertools.chain.from_iterable(self._shards)),
            "coordinator": [self._coordinator],
        }
        use = {
            name: sum(one.busy_s for one in stations)
            / (counted_s * sum(max(1, one.servers) for one in stations))
            for name, stations in stages.items()
        }
        return Outcome(self._photos / counted_s, tuple(self._query_s), use)


SMALL: Final = Cluster(gpus=1, decoding_cores=24)
INGEST: Final = (
    ("1 A100, 24 decoding cores, 1 shard", SMALL),
    ("96 decoding cores", replace(SMALL, decoding_cores=96)),
    (
        "written by COPY, indexed afterwards",
        bulk := replace(SMALL, decoding_cores=96, write_s=COPY_S),
    ),
    ("8 A100", replace(bulk, gpus=8)),
    ("4 times the decoding cores", replace(bulk, gpus=8, decoding_cores=384)),
    ("again, into a live index", replace(SMALL, gpus=8, decoding_cores=384)),
    ("4 shards", replace(SMALL, gpus=8, decoding_cores=384, shards=4)),
)
ASKED: Final = Cluster(shards=4, cores_of_replica=4, queries_per_s=100)
QUERIES: Final = (
    ("4 shards, 1 replica, 100 queries/s", ASKED),
    ("800 queries/s", busy := replace(ASKED, queries_per_s=800)),
    ("8 coordinating cores", wide := replace(busy, coordinator_cores=8)),
    ("2 replicas of each shard", twice := replace(wide, replicas=2)),
    ("64 shards", many := replace(twice, shards=64)),
    ("16 coordinating cores", replace(many, coordinator_cores=16)),
)


def main() -> None:
    """Print what comes of growing a cluster, one step at a time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="simulated for each")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    if options.quick:
        options.seconds = 0.5
    print(f"| ingest | photos/s | {' | '.join(STAGES)} | bottleneck |")
    print("|---|---:|" + "---:|" * len(STAGES) + "---|")
    for name, cluster in INGEST:
        outcome = Simulation(cluster, options.seconds).run()
        print(f"| {name} | {outcome.photos_per_s:,.0f} |{_end(outcome)}")
    print(f"\n| queries | p50 | p99 | {' | '.join(STAGES)} | bottleneck |")
    print("|---|---:|---:|" + "---:|" * len(STAGES) + "---|")
    for name, cluster in QUERIES:
        outcome = Simulation(cluster, options.seconds).run()
        p50, p99 = (f"{outcome.query_ms(percent):,.1f} ms" for percent in (50, 99))
        print(f"| {name} | {p50} | {p99} |{_end(outcome)}")


def _end(outcome: Outcome) -> str:
    uses = " | ".join(f"{outcome.use[stage]:.0%}" for stage in STAGES)
    return f" {uses} | {outcome.bottleneck} |"


if __name__ == "__main__":
    main()

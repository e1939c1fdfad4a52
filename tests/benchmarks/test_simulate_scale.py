"""The simulation agrees with what can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.simulate_scale import Cluster, Simulation

PIPELINE = Cluster(
    gpus=2,
    decoding_cores=8,
    shards=2,
    cores_of_replica=4,
    decode_s=0.02,
    embed_s=1e-3,
    write_s=1e-3,
)  # 400 photos/s decoded, 2,000 embedded, 8,000 written


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cluster", "photos_per_s", "bottleneck"),
    [
        (PIPELINE, 400, "decoding"),
        (replace(PIPELINE, decoding_cores=80), 2_000, "embedding"),
        (replace(PIPELINE, write_s=1 / 30), 240, "shards"),
        (replace(PIPELINE, write_s=1 / 30, replicas=2), 240, "shards"),  # each has them all
    ],
)
def test_ingest_is_as_fast_as_its_slowest_stage(
    cluster: Cluster, photos_per_s: float, bottleneck: str
) -> None:
    outcome = Simulation(cluster, 40).run()
    assert outcome.photos_per_s == pytest.approx(photos_per_s, rel=0.1)
    assert outcome.bottleneck == bottleneck
    assert max(outcome.use.values()) == pytest.approx(1, abs=0.1)


@pytest.mark.slow
def test_a_query_is_as_slow_as_its_slowest_shard() -> None:
    few = Cluster(shards=2, queries_per_s=5, merge_s=0)
    many = replace(few, shards=50)
    least_ms = 1000 * (few.encode_text_s + few.search_s / 2)
    assert Simulation(few, 100).run().query_ms(0) >= least_ms
    assert Simulation(many, 100).run().query_ms(50) > Simulation(few, 100).run().query_ms(50)


@pytest.mark.slow
def test_replicas_share_queries() -> None:
    one = Cluster(shards=2, cores_of_replica=1, queries_per_s=200)
    uses = [Simulation(replace(one, replicas=n), 40).run().use["shards"] for n in (1, 2)]
    assert uses == pytest.approx([0.8, 0.4], rel=0.1)

"""Small files in the cache that are damaged: found out again, or named with the remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import seeded
import torch
from torch import nn

from clipcore.checkpoints.config_cache import Sizes, sizes
from clipcore.checkpoints.lockfile import FILE_NAME, LockFile, Recorded
from clipcore.encoder import unit_rows
from clipcore.engines.choice import measured, open_engine
from clipcore.engines.engines import REFERENCE, Tower
from clipcore.engines.json_cache import cache_path
from clipcore.errors import CheckpointDamaged, EngineRefused
from clipcore.model.config import TowerFacts

DEEP = b"[" * 100_000
WHOLE = (  # damage to the file as a whole
    *(b"", b"{", b"\x80", b"\xff\xfe{\x00}\x00", b"[]", b"null", b"7", b'"x"', b"NaN", DEEP),
    *(b'{"a":' * 100_000, bytes(1_000), b'{"a": ' + b"9" * 5_000 + b"}"),
)
ODD: tuple[Any, ...] = (None, 7, "x", [], [7], {}, {"a": 1}, [[]], [{}], {"a": [[]]}, True, -1.5)


def each_part_odd(content: Any) -> list[bytes]:
    """The content with each of its parts, at any depth, in turn of another form."""
    return [
        json.dumps(put(odd)).encode() for put in places(content, lambda value: value) for odd in ODD
    ]


def places(content: Any, around: Callable[[Any], Any]) -> list[Callable[[Any], Any]]:
    """For each part the function that puts another value there."""
    found: list[Callable[[Any], Any]] = [around]
    items = content.items() if isinstance(content, dict) else ()
    if isinstance(content, list):
        items = enumerate(content)
    for key, value in items:

        def put(new: Any, key: Any = key) -> Any:
            copy = content.copy()
            copy[key] = new
            return around(copy)

        found += places(value, put)
    return found


class Same(nn.Module):
    """(B, 4) -> (B, 4)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


@pytest.fixture
def tower(monkeypatch: pytest.MonkeyPatch) -> Tower:
    monkeypatch.setattr("clipcore.engines.choice.TIMED_S", 0.0)
    return Tower("same", Same, (-1, 4), lambda: np.eye(4, dtype=np.float32), 4, unit_rows)


@pytest.mark.slow
def test_trials_of_engines_are_made_again(tower: Tower, tmp_path: Path) -> None:
    memory = tmp_path / "engines.json"
    open_engine(tower, REFERENCE, memory)
    whole = memory.read_bytes()
    for damaged in WHOLE:
        memory.write_bytes(damaged)
        assert measured("same", memory) is None
        open_engine(tower, REFERENCE, memory)
        assert json.loads(memory.read_bytes()).keys() == json.loads(whole).keys()
    for damaged in each_part_odd(json.loads(whole)):
        memory.write_bytes(damaged)
        measured("same", memory)
        with suppress(EngineRefused):  # where it says that torch is refused
            open_engine(tower, REFERENCE, memory)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["TINY", "TINY_RESNET"])
def test_sizes_of_checkpoints_are_measured_again(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = Sizes(seeded.clip_config(getattr(seeded, name)), 2.5)
    ask = partial(sizes, "digest", TowerFacts(False), lambda: found)
    path = cache_path() / "checkpoints.json"
    ask()
    whole = json.loads(path.read_bytes())
    for damaged in WHOLE:
        path.write_bytes(damaged)
        assert ask() == found
        assert json.loads(path.read_bytes()) == whole
    for damaged in each_part_odd(whole):
        path.write_bytes(damaged)
        hash(ask())  # all of the kinds that they must be


def test_damaged_record_of_downloads_is_named_with_the_remedy(tmp_path: Path) -> None:
    weights, lock = tmp_path / "weights", LockFile(tmp_path)
    weights.write_bytes(b"x")
    lock.record("a", Recorded("repo", "revision", "file", 1, "0"))
    digest = lock.sha256(weights)
    whole = json.loads((tmp_path / FILE_NAME).read_bytes())
    for damaged in WHOLE:
        (tmp_path / FILE_NAME).write_bytes(damaged)
        for ask in (lambda: lock.checkpoint("a"), lambda: lock.sha256(weights)):
            with pytest.raises(CheckpointDamaged, match=r"lock\.json is damaged .*delete it"):
                ask()
    for damaged in each_part_odd(whole):
        (tmp_path / FILE_NAME).write_bytes(damaged)
        with suppress(CheckpointDamaged):
            assert isinstance(lock.checkpoint("a"), Recorded | None)
            assert lock.sha256(weights) in (digest, "x")  # "x" where it says so

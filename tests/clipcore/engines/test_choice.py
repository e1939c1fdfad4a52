"""Engines are certified against float32 torch before they count, and the choice is remembered."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from clipcore.encoder import unit_rows
from clipcore.engines.choice import (
    Trial,
    certify,
    machine,
    open_engine,
    quickest,
    try_engines,
)
from clipcore.engines.engines import (
    COMPACT,
    INT8,
    REFERENCE,
    Tower,
    engine_names,
    engines_for,
    make_engine,
)
from clipcore.errors import EngineRefused, MissingDependency
from clipcore.messages import literal

pytestmark = pytest.mark.slow

Rows = np.ndarray


class Small(nn.Module):
    """An image tower of a few weights: (B, 3, 8, 8) -> (B, 16)."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 8, 3)
        self.out = nn.Linear(8 * 36, 16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(torch.relu(self.conv(x)).flatten(1))


@pytest.fixture
def tower() -> Tower:
    probe = np.random.default_rng(0).normal(size=(32, 3, 8, 8)).astype(np.float32)
    return Tower("small", Small, (-1, 3, 8, 8), lambda: probe, 8, unit_rows)


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "engines.json"


@pytest.fixture(autouse=True)
def short_measurements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clipcore.engines.choice.TIMED_S", 0.0)


def rows(count: int = 32) -> Rows:
    return unit_rows(np.random.default_rng(1).normal(size=(count, 16)).astype(np.float32))


@pytest.mark.parametrize("name", engine_names())
def test_every_engine_of_this_machine_computes_the_same(name: str, tower: Tower) -> None:
    expected = tower.embed(make_engine(REFERENCE, tower)(tower.probe()))
    engine = make_engine(name, tower)
    assert certify(name, tower.embed(engine(tower.probe())), expected).refused is None
    one = tower.embed(engine(tower.probe()[:1]))
    assert float((one * expected[:1]).sum()) > 0.999


class Exact(Small):
    """A tower that computes in float32 alone."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.dtype != torch.float32:
            raise RuntimeError("no kernel for it")
        return super().forward(x)


def test_engine_that_fails_is_refused_with_the_reason(tower: Tower, memory: Path) -> None:
    trials = try_engines(replace(tower, load=Exact), ["torch-bfloat16"], memory)
    assert str(trials["torch-bfloat16"].refused) == "RuntimeError: no kernel for it"


def test_engine_whose_package_is_missing_is_refused_with_what_to_install(
    tower: Tower, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(EngineRefused, match=re.escape("recollect-photos[int8]")):
        open_engine(tower, INT8, memory)


def test_without_openvino_its_engines_are_none_of_this_machine(
    tower: Tower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert not any(name.startswith("openvino") for name in engine_names())
    with pytest.raises(MissingDependency, match=re.escape("recollect-photos[cpu]")):
        make_engine("openvino-float32", tower)


def test_machine_with_other_packages_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    before = machine()

    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata.Distribution, "from_name", missing)
    assert machine() != before


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda good: np.full_like(good, np.nan), "not finite"),
        (lambda good: 2 * good, "unit length"),
        (lambda good: np.roll(good, 1, axis=0), "cosine"),
        (lambda good: unit_rows(good + np.float32(0.05) * rows()[::-1]), "cosine 0.99"),
    ],
)
def test_engine_that_computes_something_else_is_refused_with_its_figure(
    spoil: Callable[[Rows], Rows], told: str
) -> None:
    trial = certify("an-engine", spoil(rows()), rows())
    assert told in str(trial.refused)


@pytest.mark.long  # only another OpenVINO may change it
def test_openvino_reports_nothing_to_its_makers(tmp_path: Path) -> None:
    script = (
        "import sys; from clipcore.engines.engines import engine_names; "
        "assert 'openvino-float32' in engine_names(); import openvino.tools.ovc; "
        "print([name for name in sys.modules if name.startswith('openvino_telemetry.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "HOME": str(tmp_path), "CI": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []  # it keeps an id of the machine under the home directory


def test_int8_may_differ_more_but_must_keep_the_neighbours() -> None:
    near = unit_rows(rows() + np.float32(0.045) * rows()[::-1])
    assert certify("an-engine", near, rows()).refused
    assert certify(INT8, near, rows()).refused is None
    crowd = unit_rows(
        np.float32(1) + np.float32(0.01) * rows()
    )  # all alike: order is all they have
    shuffled = np.roll(crowd, 7, axis=0)
    assert "recall" in str(certify(INT8, shuffled, crowd).refused)


def test_the_quickest_certified_engine_is_taken() -> None:
    trials = [
        Trial("a", 1, 10),
        Trial("b", 0.5, 99, refused=literal("cosine 0.5")),
        Trial("c", 1, 20),
    ]
    assert quickest(trials).engine == "c"
    with pytest.raises(EngineRefused, match=r"b: cosine 0\.5"):
        quickest(trials[1:2])


def test_trials_are_made_once_and_remembered(tower: Tower, memory: Path) -> None:
    open_engine(tower, memory=memory)
    stored = memory.read_bytes()
    loads = []
    counted = replace(tower, load=lambda: loads.append(1) or Small())
    open_engine(counted, memory=memory)
    assert memory.read_bytes() == stored
    assert len(loads) <= 1  # the engine itself, if it is torch; no trial


@pytest.mark.parametrize("batch", [1, 8])
def test_callers_at_once_each_get_their_own_answer(tower: Tower, batch: int) -> None:
    engine = make_engine("openvino-float32", replace(tower, timed=batch))
    inputs = [tower.probe()[start : start + batch] for start in range(0, 32, batch)] * 8
    expected = [engine(item) for item in inputs]
    with ThreadPoolExecutor(4) as pool:
        for found, wanted in zip(pool.map(engine, inputs), expected, strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_a_converted_tower_is_kept(tower: Tower) -> None:
    first = make_engine("openvino-float32", tower)(tower.probe())

    def load() -> nn.Module:
        raise AssertionError("the checkpoint is not needed any more")

    again = make_engine("openvino-float32", replace(tower, load=load))
    np.testing.assert_array_equal(again(tower.probe()), first)


def test_another_machine_tries_anew(tower: Tower, memory: Path) -> None:
    open_engine(tower, memory=memory)
    (trials,) = json.loads(memory.read_text()).values()
    nonsense = [
        {**trial, "refused": {"id": "elsewhere", "fields": {}}} for trial in trials["small"]
    ]
    memory.write_text(json.dumps({"another machine": {"small": nonsense}}))
    open_engine(tower, memory=memory)
    assert len(json.loads(memory.read_text())) == 2


def test_damaged_memory_is_no_harm(tower: Tower, memory: Path) -> None:
    memory.parent.mkdir()
    memory.write_text("{ this is not JSON")
    assert open_engine(tower, memory=memory)(tower.probe()).shape == (32, 16)


def test_engine_that_is_none_is_told_with_those_that_are(tower: Tower, memory: Path) -> None:
    with pytest.raises(EngineRefused, match=r"has no engine 'abacus'.*torch-float32"):
        open_engine(tower, "abacus", memory)


def test_wanted_engine_that_fails_is_refused_by_name(tower: Tower, memory: Path) -> None:
    memory.parent.mkdir()
    try_engines(tower, [REFERENCE], memory)
    stored = json.loads(memory.read_text())
    for trials in stored.values():
        refused = {"id": "cosine {value}", "fields": {"value": 0.7}}
        trials["small"].append({"engine": "torch-bfloat16", "refused": refused})
    memory.write_text(json.dumps(stored))
    with pytest.raises(EngineRefused, match=r"torch-bfloat16 is refused for small: cosine 0\.7"):
        open_engine(tower, "torch-bfloat16", memory)


def test_engine_tried_because_it_was_asked_for_is_not_chosen_for_others(
    tower: Tower, memory: Path
) -> None:
    open_engine(tower, REFERENCE, memory)  # alone, and slow
    assert [trial["engine"] for trial in trials_in(memory)] == [REFERENCE]
    open_engine(tower, memory=memory)
    assert {trial["engine"] for trial in trials_in(memory)} == set(engine_names())
    asked = Trial("openvino-int8", 1, 1000, asked_for=True)
    assert quickest([asked, Trial(REFERENCE, 1, 10)]).engine == REFERENCE


class Wide(nn.Module):
    """A tower of two large matrices, one of which multiplies from the other side: (B, 256)."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.turned = nn.Linear(256, 512)
        self.straight = nn.Parameter(torch.randn(512, 256) / 16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.turned(x)) @ self.straight


@pytest.fixture
def wide() -> Tower:
    probe = np.random.default_rng(0).normal(size=(4, 256)).astype(np.float32)
    return Tower("wide", Wide, (-1, 256), lambda: probe, 1, unit_rows, compact=True)


def test_a_compact_tower_takes_a_byte_for_each_number(
    wide: Tower, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    inputs = wide.probe()
    expected = unit_rows(make_engine(REFERENCE, wide)(inputs))
    assert (unit_rows(make_engine(COMPACT, wide)(inputs)) * expected).sum(axis=1).min() > 0.9995
    (weights,) = (tmp_path / "recollect" / "openvino").glob("*.bin")
    assert weights.stat().st_size < 1.1 * 2 * 256 * 512


def test_compact_goes_before_quicker_ones_where_it_is_certified(tower: Tower, wide: Tower) -> None:
    trials = [Trial(COMPACT, 1, 1), Trial("openvino-float32", 1, 9)]
    assert quickest(trials).engine == COMPACT
    refused = Trial(COMPACT, 0.5, refused=literal("no"))
    assert quickest([refused, trials[1]]).engine == "openvino-float32"
    assert COMPACT in engines_for(wide)
    assert COMPACT not in engines_for(tower)


def test_what_another_process_has_tried_is_not_tried_again(wide: Tower, memory: Path) -> None:
    def by_another() -> None:
        try_engines(wide, [COMPACT], memory)

    apart = replace(wide, try_apart=by_another)
    open_engine(apart, memory=memory)
    assert {trial["engine"] for trial in trials_in(memory)} == {COMPACT}


def test_a_tower_whose_other_process_fails_is_tried_here(wide: Tower, memory: Path) -> None:
    open_engine(replace(wide, try_apart=lambda: None), memory=memory)
    assert {trial["engine"] for trial in trials_in(memory)} == set(engines_for(wide))


def trials_in(memory: Path) -> list[dict[str, object]]:
    (machine,) = json.loads(memory.read_text()).values()
    (trials,) = machine.values()  # of one tower
    return list(trials)


def test_int8_is_calibrated_with_inputs_of_its_own(tower: Tower) -> None:
    asked = []
    calibrating = np.random.default_rng(2).normal(size=(16, 3, 8, 8)).astype(np.float32)
    own = replace(tower, calibration=lambda: asked.append(1) or calibrating)
    found = tower.embed(make_engine(INT8, own)(tower.probe()))
    assert asked == [1]
    expected = tower.embed(make_engine(REFERENCE, tower)(tower.probe()))
    assert (found * expected).sum(axis=1).mean() > 0.9  # so few weights are not worth 8 bits

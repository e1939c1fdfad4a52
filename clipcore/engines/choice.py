"""Which engine computes a tower best on this machine? Certified, then measured, then remembered.

Accelerated paths have been seen to give nonsense without a word. So every engine first embeds a
fixed probe, and one that disagrees with float32 torch is refused, with its figure.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from clipcore.arrays import FloatArray
from clipcore.engines import json_cache
from clipcore.engines.cpu import cores
from clipcore.engines.engines import (
    COMPACT,
    INT8,
    REFERENCE,
    Engine,
    Tower,
    engines_for,
    is_engine,
    make_engine,
)
from clipcore.errors import ClipcoreError, EngineRefused
from clipcore.messages import N_, Message, joined

log = logging.getLogger(__name__)


REVISION: Final = 5  # of what is remembered: raise it when old trials do not hold any more
COSINE: Final = 0.999  # each probe's embedding with the reference's, at least
INT8_COSINE: Final = 0.99
CERTIFYING: Final = 16  # probes are enough for the cosines; int8 must do with all of them
FIRST: Final = 4  # probes; engines that fail mostly fail on these
INT8_RECALL: Final = 0.95  # share of the reference's nearest probes among int8's
NEIGHBOURS: Final = 20
TIMED_S = 0.5  # calls are repeated for so long, and the quickest counts


@dataclass(frozen=True, slots=True)
class Trial:
    """The trial of one engine. `refused`: why it may not be used, or None.

    `asked_for`: it was tried because somebody named it, and is taken for those only who do.
    """

    engine: str
    cosine: float = 0.0
    inputs_per_s: float = 0.0
    refused: Message | None = None
    asked_for: bool = False


def open_engine(tower: Tower, wanted: str | None = None, memory: Path | None = None) -> Engine:
    """The engine for a tower: the quickest certified one, or the `wanted` one.

    Trials are made once and remembered, per machine, in the file `memory`.
    Raises EngineRefused if the wanted one is none of this machine's or is not certified.
    """
    memory = memory or memory_path()
    known = _recall(memory, tower.key)
    if wanted and wanted not in known:
        known |= try_engines(tower, [], memory, asked_for=[wanted])
    elif not wanted and not _offered(known):
        if tower.try_apart:
            tower.try_apart()
            known = _recall(memory, tower.key)
        if not _offered(known):
            known |= try_engines(tower, engines_for(tower), memory)
    if wanted and (refused := known[wanted].refused):
        raise EngineRefused(
            N_("the engine {wanted} is refused for {tower}: {refused}"),
            wanted=wanted,
            tower=tower.key,
            refused=refused,
        )
    name = wanted or quickest(list(known.values())).engine
    return make_engine(name, tower)


def _offered(known: dict[str, Trial]) -> list[Trial]:
    """The trials of engines that need not be asked for."""
    return [trial for trial in known.values() if not trial.asked_for]


def quickest(trials: Sequence[Trial]) -> Trial:
    """The certified trial with the most inputs per second, of those that need not be asked for.

    The compact engine goes before: it is tried for towers whose memory counts more.

    Raises EngineRefused if none is certified.
    """
    offered = [trial for trial in trials if not trial.asked_for]
    certified = [trial for trial in offered if trial.refused is None]
    if not certified:
        raise EngineRefused(joined(list(map(_refusal, offered))))
    return max(certified, key=lambda trial: (trial.engine == COMPACT, trial.inputs_per_s))


def _refusal(trial: Trial) -> Message:
    return Message(N_("{engine}: {why}"), engine=trial.engine, why=trial.refused)


def measured(key: str, memory: Path | None = None) -> float | None:
    """Inputs per second of the engine that is used for the tower called `key` on this machine.

    None before its first use.
    """
    known = _recall(memory or memory_path(), key)
    known.pop(INT8, None)
    rates = [trial.inputs_per_s for trial in known.values() if trial.refused is None]
    return max(rates, default=None)


def memory_path() -> Path:
    """The file with the trials of this machine."""
    return json_cache.cache_path() / "engines.json"


class Towers(Protocol):
    """An encoder whose towers engines can be tried with."""

    sides: tuple[str, ...]

    def tower(self, side: str) -> Tower: ...


def examine(encoder: Towers, memory: Path | None = None) -> dict[str, list[Trial]]:
    """Fresh trials of every engine of this machine for each side of an encoder.

    Of int8 too, where it has been asked for before: it is quantised then, which takes a minute.
    """
    memory = memory or memory_path()
    examined = {}
    for side in encoder.sides:
        tower = encoder.tower(side)
        asked_for = [INT8] if INT8 in _recall(memory, tower.key) else []
        trials = try_engines(tower, engines_for(tower), memory, asked_for)
        examined[side] = list(trials.values())
    return examined


def try_engines(
    tower: Tower, names: Sequence[str], memory: Path, asked_for: Sequence[str] = ()
) -> dict[str, Trial]:
    """A fresh trial of each of these engines, remembered beside those of others.

    `asked_for`: engines that are tried for those only who name them.
    """
    log.info("%s: trying %s", tower.key, ", ".join([*names, *asked_for]))
    reference = make_engine(REFERENCE, tower)
    strict = INT8 in [*names, *asked_for]
    probe = tower.probe()[: None if strict else CERTIFYING]
    began_s = time.perf_counter()
    expected = tower.embed(reference(probe))
    rate = len(probe) / (time.perf_counter() - began_s)  # torch computes a batch on all cores
    trials = {}
    for name in [*names, *asked_for]:
        if name == REFERENCE:
            if tower.timed == 1:  # as a search brings them
                rate = _inputs_per_s(reference, probe[:1], compiles=False)
            trial = replace(certify(name, expected, expected), inputs_per_s=rate)
        else:
            trial = _trial(name, tower, probe, expected)
        trials[name] = replace(trial, asked_for=name in asked_for)
        _tell(tower.key, trials[name])
    _remember(memory, tower.key, _recall(memory, tower.key) | trials)
    return trials


def _trial(name: str, tower: Tower, probe: npt.NDArray[Any], expected: FloatArray) -> Trial:
    """`expected`: the embeddings of the probe by the reference."""
    try:
        engine = make_engine(name, tower)
        for probes in _steps(name, len(probe)):
            rows = tower.embed(engine(probe[:probes]))
            trial = certify(name, rows, expected[:probes])
            if trial.refused:
                return trial
        return replace(trial, inputs_per_s=_inputs_per_s(engine, probe[: tower.timed]))
    except EngineRefused:
        raise
    except (ClipcoreError, RuntimeError, MemoryError) as error:  # as torch and OpenVINO fail
        return Trial(name, refused=_failure(error))


def _steps(name: str, probes: int) -> list[int]:
    """So many probes an engine is tried with, one step after the other."""
    return [probes] if name == INT8 else [FIRST, probes]  # a few probes have no neighbours


def _failure(error: Exception) -> Message:
    what = error.message if isinstance(error, ClipcoreError) else str(error)
    return Message(N_("{kind}: {why}"), kind=type(error).__name__, why=what)


def certify(name: str, rows: FloatArray, expected: FloatArray) -> Trial:
    """Compare an engine's (N, D) unit rows of the probe with the reference's."""
    if not np.isfinite(rows).all():
        return Trial(name, refused=Message(N_("its embeddings are not finite")))
    if np.abs(np.linalg.norm(rows, axis=1) - 1).max() > 1e-3:
        return Trial(name, refused=Message(N_("its embeddings are not of unit length")))
    cosine = float((rows * expected).sum(axis=1).min())
    least = INT8_COSINE if name == INT8 else COSINE
    if cosine < least:
        why = Message(
            N_("cosine {cosine} with {reference}, below {least}"),
            cosine=f"{cosine:.4f}",
            reference=REFERENCE,
            least=least,
        )
        return Trial(name, cosine, refused=why)
    if name == INT8 and (found := recall(rows, expected)) < INT8_RECALL:
        why = Message(
            N_("recall {recall} of neighbours, below {least}"),
            recall=f"{found:.3f}",
            least=INT8_RECALL,
        )
        return Trial(name, cosine, refused=why)
    return Trial(name, cosine)


def recall(rows: FloatArray, expected: FloatArray) -> float:
    """Of the reference's NEIGHBOURS of each probe, the share that `rows` finds.

    Of fewer than sixty probes a third are neighbours.
    """
    k = min(NEIGHBOURS, len(rows) // 3)
    wanted, found = (np.argsort(-(x @ x.T), axis=1, kind="stable")[:, :k] for x in (expected, rows))
    return float(np.mean([np.isin(*pair).mean() for pair in zip(wanted, found, strict=True)]))


def _inputs_per_s(engine: Engine, inputs: npt.NDArray[Any], *, compiles: bool = True) -> float:
    """Batches as ingest brings them, from a thread a core; a single input, as a search does.

    `compiles`: the first call of a shape takes longer, and does not count.
    """
    callers = cores() if len(inputs) > 1 else 1
    with ThreadPoolExecutor(callers) as pool:

        def round_s() -> float:
            before = time.perf_counter()
            list(pool.map(engine, [inputs] * callers))
            return time.perf_counter() - before

        if compiles:
            round_s()
        started, best = time.perf_counter(), round_s()
        while time.perf_counter() - started < TIMED_S:
            best = min(best, round_s())
    return callers * len(inputs) / best


def _tell(key: str, trial: Trial) -> None:
    if trial.refused:
        log.warning("the engine %s is not used for %s: %s", trial.engine, key, trial.refused)
    else:
        log.info("%s on %s: %.1f a second", key, trial.engine, trial.inputs_per_s)


# --- the memory ----------------------------------------------------------------------------------


def machine() -> str:
    """Names what a measurement holds for: processor, cores, and the packages' versions."""
    versions = [_version(package) for package in ("torch", "openvino", "nncf")]
    facts = [REVISION, platform.machine(), _processor(), os.cpu_count(), *versions]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _processor() -> str:
    """The processor's name; platform.processor() is empty on many Linux systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    # the flags as well: a hypervisor may hide what a processor of that name has
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags"))}))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _recall(memory: Path, key: str) -> dict[str, Trial]:
    trials = _of_machine(memory, json_cache.read(memory)).get(key, [])
    return {trial.engine: trial for trial in trials if is_engine(trial.engine)}


def _remember(memory: Path, key: str, trials: dict[str, Trial]) -> None:
    stored = json_cache.read(memory)
    known = _of_machine(memory, stored) | {key: list(trials.values())}
    stored[machine()] = msgspec.to_builtins(known)
    json_cache.write(memory, stored)


def _of_machine(memory: Path, stored: dict[str, Any]) -> dict[str, list[Trial]]:
    """The trials of each tower on this machine."""
    return json_cache.of_form(memory, stored.get(machine(), {}), dict[str, list[Trial]]) or {}

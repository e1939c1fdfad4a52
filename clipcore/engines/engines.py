"""The ways to compute a tower on this machine: torch on a device, or OpenVINO on the processor.

An engine is a function: a tower's input array -> its features, float32. Which one to take is
selection.py's to say. Knows torch modules and arrays; knows nothing of photos, texts or files.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from clipcore.arrays import FloatArray
from clipcore.engines.cpu import cores
from clipcore.engines.json_cache import cache_path, report_unusable
from clipcore.errors import EngineRefused, MissingDependency
from clipcore.messages import N_

if TYPE_CHECKING:
    from torch import nn

Engine = Callable[[npt.NDArray[Any]], FloatArray]

# SmoothQuant (Xiao et al. 2023) shares the range of values evenly between inputs and weights. With
# NNCF's own 0.95 the worst photo of a ViT-B-32-256 had cosine 0.990 instead of 0.997.
SMOOTHING: Final = 0.5
REVISION: Final = 3  # of how towers are converted: raise it when kept ones do not serve any more
REFERENCE: Final = "torch-float32"  # on the processor: what every other engine must agree with
INT8: Final = "openvino-int8"  # less exact than the others, so only where it is asked for
COMPACT: Final = "openvino-compact"  # a quarter of the memory, for towers that ask for it
LARGE_MATRIX: Final = 2**16  # numbers; smaller ones are not worth a scale for each row
FIRST_USE: Final = Lock()


@dataclass(frozen=True, slots=True)
class Tower:
    """A tower to be computed: how to load it, what it takes, and inputs to try engines with.

    `key` names its weights. `load()` gives the module, float32 on the processor. `shape`: of its
    input, -1 where it may vary. `probe()`: (N, ...) inputs of the kind it is made for, `timed`:
    how many of them come at once when speed counts. `embed`: its features -> unit rows.
    `calibration()`: inputs that tell int8 its value ranges; the probe's where there are no others.
    `compact`: its weights are large and its inputs few, so that memory counts more than speed.
    `try_apart()`: has its engines tried by another process, which remembers what it finds: a trial
    takes gigabytes, which its process keeps.
    """

    key: str
    load: Callable[[], nn.Module]
    shape: tuple[int, ...]
    probe: Callable[[], npt.NDArray[Any]]
    timed: int
    embed: Callable[[FloatArray], FloatArray]
    calibration: Callable[[], npt.NDArray[Any]] | None = None
    compact: bool = False
    try_apart: Callable[[], None] | None = None


def engine_names() -> list[str]:
    """The engines this machine has, the one that is likely the quickest first."""
    import torch

    if torch.cuda.is_available():
        return ["cuda-float16", "cuda-float32"]
    if torch.backends.mps.is_available():
        return ["mps-float32", REFERENCE]
    names = []
    if find_spec("openvino"):
        names += ["openvino-bfloat16"] if _openvino_has_bfloat16() else []
        names += ["openvino-float32"]
    if torch.ops.mkldnn._is_mkldnn_bf16_supported():  # noqa: SLF001 - torch has no public name
        names.append("torch-bfloat16")
    return [*names, REFERENCE]


def engines_for(tower: Tower) -> list[str]:
    """The engines of this machine that a tower is tried with."""
    names = engine_names()
    has_openvino = any(name.startswith("openvino") for name in names)
    return [COMPACT, *names] if tower.compact and has_openvino else names


def check_name(name: str) -> None:
    """Raises EngineRefused, with the engines of this machine, for a name that is none of them."""
    of_a_card = name.startswith(("cuda", "mps"))
    if not is_engine(name) or (of_a_card and name not in engine_names()):
        known = ", ".join([*engine_names(), INT8, COMPACT])
        raise EngineRefused(
            N_("this machine has no engine '{name}'; it has {known}"), name=name, known=known
        )


def make_engine(name: str, tower: Tower) -> Engine:
    """The engine called `name` with the tower's weights.

    Raises EngineRefused for a name that is none, MissingDependency where its package is missing.
    """
    check_name(name)
    place, _, precision = name.partition("-")
    if place == "openvino":
        return OpenVinoEngine(tower, precision)
    return TorchEngine(tower.load(), "cpu" if place == "torch" else place, precision)


def is_engine(name: str) -> bool:
    """Whether an engine is called so, on whatever machine."""
    place, _, precision = name.partition("-")
    if place == "openvino":
        return precision in ("float32", "bfloat16", "int8", "compact")
    return place in ("torch", "cuda", "mps") and precision in ("float32", "bfloat16", "float16")


class TorchEngine:
    """A module on a torch device, in one precision. Thread-safe."""

    def __init__(self, module: nn.Module, device: str, precision: str) -> None:
        import torch

        self._device, self._dtype = device, getattr(torch, precision)
        placed: Any = module.to(device, self._dtype).eval()
        self._module = placed.to(memory_format=torch.channels_last)  # quicker convolutions

    def __call__(self, inputs: npt.NDArray[Any]) -> FloatArray:
        import torch

        # torch warns about arrays it may not write to; `require` copies only those
        batch = torch.from_numpy(np.require(inputs, requirements=["C", "W"])).to(self._device)
        with torch.inference_mode():
            if batch.is_floating_point():
                batch = batch.to(self._dtype)
            features: FloatArray = self._module(batch).float().cpu().numpy()
        return features


class OpenVinoEngine:
    """A module as OpenVINO compiles it for the processor. Thread-safe.

    A tower that is fed batches gets a stream a core: as many callers are served at once, each on
    a core of its own, so that nobody waits for the slowest part of a batch. One that is fed single
    inputs gets all cores for each.

    It is converted from the torch module itself, and kept in the cache with its weights in float16:
    the next start needs neither torch nor the checkpoint, and half the memory. int8 is quantised
    with NNCF, its value ranges read off the tower's calibration inputs. "compact" keeps the large
    matrices in int8, with a scale for each row, and computes in float32.
    """

    def __init__(self, tower: Tower, precision: str) -> None:
        openvino = _openvino()
        numbers = precision if precision in ("int8", "compact") else "float16"
        model = _converted(openvino, tower, numbers)
        streams = cores() if tower.timed > 1 else 1
        compiled = openvino.Core().compile_model(
            model,
            "CPU",
            {
                **_cached_compilation(model),
                "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32",
                "NUM_STREAMS": streams,
                "INFERENCE_NUM_THREADS": cores(),
            },
        )
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for _ in range(streams):
            self._idle.put(compiled.create_infer_request())

    def __call__(self, inputs: npt.NDArray[Any]) -> FloatArray:
        request = self._idle.get()
        try:
            outputs = request.infer(inputs, share_inputs=True)
            features: FloatArray = outputs[0].copy()  # its buffer is used again
        finally:
            self._idle.put(request)
        return features


def _converted(openvino: Any, tower: Tower, numbers: str) -> Any:
    """The path of the converted tower in the cache, put there if it is missing.

    The model itself where the cache cannot be used.
    """
    facts = [REVISION, tower.key, numbers, openvino.__version__]
    name = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    path = cache_path() / "openvino" / f"{name}.xml"
    with suppress(OSError):  # of a directory that may not be entered
        if path.exists():
            return path
    model = _convert(openvino, tower)
    if numbers == "int8":
        model = _quantised(model, (tower.calibration or tower.probe)())
    if numbers == "compact":
        _compress(openvino, model)
    try:
        _keep(openvino, model, path)
    except OSError as error:
        report_unusable(cache_path(), error)
        return model
    return path


def _cached_compilation(model: Any) -> dict[str, str]:
    """1 MB a model, so that the next start compiles nothing: where that can be written."""
    if not isinstance(model, Path) or not os.access(model.parent, os.W_OK):
        return {}
    return {"CACHE_DIR": str(model.parent), "CACHE_MODE": "OPTIMIZE_SIZE"}


def _keep(openvino: Any, model: Any, path: Path) -> None:
    """The description comes last: where it is, the weights beside it are whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent) as scratch:
        written = Path(scratch) / path.name
        openvino.save_model(model, written, compress_to_fp16=True)
        for suffix in (".bin", ".xml"):
            written.with_suffix(suffix).replace(path.with_suffix(suffix))


def _convert(openvino: Any, tower: Tower) -> Any:
    import torch

    example = torch.from_numpy(tower.probe()[:2].copy())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch.jit, which OpenVINO reads
        # torch's own check takes seconds; the trial compares with the module itself
        traced: Any = torch.jit.trace(tower.load().eval(), example, check_trace=False)  # type: ignore[no-untyped-call]
        return openvino.convert_model(traced, example_input=example, input=list(tower.shape))


def _quantised(model: Any, inputs: npt.NDArray[Any]) -> Any:
    """NNCF reports through the same package as OpenVINO, which is out of the way by now."""
    try:
        import nncf
    except ImportError as error:
        raise MissingDependency(
            N_('the engine openvino-int8 needs NNCF: pip install "recollect-photos[int8]"')
        ) from error
    samples = [item[None] for item in inputs]
    return nncf.quantize(
        model,
        nncf.Dataset(samples),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(samples),
        advanced_parameters=nncf.AdvancedQuantizationParameters(
            smooth_quant_alphas=nncf.AdvancedSmoothQuantParameters(matmul=SMOOTHING)
        ),
    )


def _compress(openvino: Any, model: Any) -> None:
    """Puts the large matrices of a model into int8, each row on a scale of its own.

    OpenVINO keeps them so in memory and widens them as it multiplies: a quarter of float32.
    """
    for node in model.get_ops():
        matrix = node.input_value(1).get_node() if node.get_type_name() == "MatMul" else None
        if matrix is None or matrix.get_type_name() != "Constant":
            continue
        numbers = np.asarray(matrix.data, dtype=np.float32)
        if numbers.ndim == 2 and numbers.size >= LARGE_MATRIX:
            # each output's inputs lie along a row where the matrix is turned, else along a column
            along = 1 if node.get_attributes()["transpose_b"] else 0
            node.input(1).replace_source_output(_scaled(openvino, numbers, along).output(0))


def _scaled(openvino: Any, numbers: FloatArray, along: int) -> Any:
    """An int8 constant and its scales, as OpenVINO knows compressed weights."""
    opset = openvino.opset13
    scales = np.abs(numbers).max(axis=along, keepdims=True) / np.float32(127)
    scales = np.maximum(scales, np.finfo(np.float16).tiny)  # kept in float16, and never 0
    whole = np.rint(numbers / scales.astype(np.float16).astype(np.float32))
    weights = opset.constant(np.clip(whole, -127, 127).astype(np.int8))
    widened = opset.convert(weights, "f16")
    factors = opset.constant(scales.astype(np.float16))
    return opset.convert(opset.multiply(widened, factors), "f32")


def _openvino() -> Any:
    # OpenVINO reports its use to its makers from the import on. Nothing leaves this machine: where
    # the package that reports cannot be imported, OpenVINO goes on without it.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    try:
        import openvino
    except ImportError as error:
        raise MissingDependency(
            N_('this engine needs OpenVINO: pip install "recollect-photos[cpu]"')
        ) from error
    with FIRST_USE:  # two threads that hand it their first arrays at once would wait for ever
        openvino.Type.f32.to_dtype()
    return openvino


def _openvino_has_bfloat16() -> bool:
    return "BF16" in _openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")

"""The tensors in a weight file, by the names that the file gives them.

Safetensors files are read tensor by tensor, so that a tower that is not asked for is never in
memory. Pickles are read with `weights_only`, which runs no code. OpenAI's TorchScript archives can
run code, so they are read only when the file's sha256 is one that the caller names. A file fits a
model strictly or not at all. Knows no model.
"""

from __future__ import annotations

import hashlib
import pickle
import re
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from clipcore.errors import CheckpointDamaged, CheckpointMismatch, CheckpointUnsafe
from clipcore.messages import N_, Message, joined

Wanted = Callable[[str], bool]
Module = TypeVar("Module", bound=nn.Module)

POINTER: Final = b"version https://git-lfs.github.com/spec/"


def read_raw_header(path: Path, archive_sha256: str | None = None) -> dict[str, Tensor]:
    """Names and shapes of a file as meta tensors."""
    _refuse_pointer(path)
    if path.suffix == ".safetensors":
        return _safetensors_header(path)
    tensors = _read_pickle_or_archive(path, archive_sha256)
    return {name: tensor.to("meta") for name, tensor in tensors.items()}


def read_raw(path: Path, wanted: Wanted, archive_sha256: str | None = None) -> dict[str, Tensor]:
    """The tensors whose names are wanted.

    `archive_sha256`: the hash that makes a TorchScript archive trusted; others are refused.
    Raises CheckpointDamaged or CheckpointUnsafe.
    """
    _refuse_pointer(path)
    if path.suffix == ".safetensors":
        return _safetensors_tensors(path, wanted)
    tensors = _read_pickle_or_archive(path, archive_sha256)
    return {name: tensor for name, tensor in tensors.items() if wanted(name)}


def read_metadata(path: Path) -> dict[str, str]:
    """The free-form metadata of a safetensors file; empty for other files."""
    if path.suffix != ".safetensors":
        return {}
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error


def is_torchscript(path: Path) -> bool:
    """Whether a file is an archive with code, which `torch.jit.save` writes."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("constants.pkl") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


def _refuse_pointer(path: Path) -> None:
    """A clone made without Git LFS has a small text in place of each weight file."""
    try:
        with path.open("rb") as file:
            start = file.read(len(POINTER))
    except OSError as error:
        raise _damaged(path, error) from error
    if start == POINTER:
        raise CheckpointDamaged(
            N_(
                "{path} is a pointer of Git LFS, not the weights: run 'git lfs pull' in its "
                "directory"
            ),
            path=path,
        )


def _safetensors_header(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            shapes = {name: tuple(part.get_shape()) for name, part in slices.items()}
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error
    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


def _safetensors_tensors(path: Path, wanted: Wanted) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys() if wanted(name)}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error


def _read_pickle_or_archive(path: Path, archive_sha256: str | None) -> dict[str, Tensor]:
    if is_torchscript(path):
        return _read_archive(path, archive_sha256)
    return _state_dict(path, _read_pickle(path))


def _read_archive(path: Path, trusted_sha256: str | None) -> dict[str, Tensor]:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != trusted_sha256:
            raise CheckpointUnsafe(
                N_(
                    "{path} is a TorchScript archive, which can run code, and its sha256 {digest} "
                    "is none of those OpenAI published; use a .safetensors file of the same "
                    "weights"
                ),
                path=path,
                digest=found,
            )
        file.seek(0)  # the very bytes that were hashed are loaded
        with warnings.catch_warnings():
            # torch announces the end of TorchScript; OpenAI's files will not change for it.
            warnings.simplefilter("ignore", category=DeprecationWarning)
            module = torch.jit.load(file, map_location="cpu")  # type: ignore[no-untyped-call]
    return dict(module.state_dict())


def _read_pickle(path: Path) -> object:
    try:
        # Mapped, so that only the pages of the tensors that are used are read.
        mapped = zipfile.is_zipfile(path)
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        if re.search(r"Unsupported|not allowed|forbidden|GLOBAL", str(error)):
            raise CheckpointUnsafe(
                N_(
                    "{path} holds more than tensors and could run code when read: {why}; use a "
                    ".safetensors file of the same weights"
                ),
                path=path,
                why=_first_line(error),
            ) from error
        raise _damaged(path, error) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise _damaged(path, error) from error


def _state_dict(path: Path, content: object) -> dict[str, Tensor]:
    """The tensors of a pickle, which training code may have put under "state_dict"."""
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict) or not content:
        raise CheckpointMismatch(
            N_("{path} holds a {kind}, not a state dict"), path=path, kind=type(content).__name__
        )
    strange = [name for name, value in content.items() if not isinstance(value, Tensor)]
    if strange:
        raise CheckpointMismatch(
            N_("{path} holds more than tensors: {names}"), path=path, names=_some(strange)
        )
    return content


def _damaged(path: Path, error: Exception) -> CheckpointDamaged:
    return CheckpointDamaged(
        N_("{path} cannot be read, it may be cut short: {why}; delete it and fetch it again"),
        path=path,
        why=_first_line(error),
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


# --- fitting a model -----------------------------------------------------------------------------


def check_names(header: Mapping[str, Tensor], expected: Mapping[str, Tensor], path: Path) -> None:
    """Raises CheckpointMismatch unless a file has the names and shapes of a model, no more."""
    missing = sorted(expected.keys() - header.keys())
    extra = sorted(header.keys() - expected.keys())
    differing = [
        f"{name} is {tuple(header[name].shape)}, not {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in header and header[name].shape != tensor.shape
    ]
    problems = {
        N_("missing: {names}"): missing,
        N_("not of this model: {names}"): extra,
        N_("of another shape: {names}"): differing,
    }
    found = [Message(what, names=_some(names)) for what, names in problems.items() if names]
    if found:
        raise CheckpointMismatch(
            N_("{path} does not fit the model; {problems}"), path=path, problems=joined(found)
        )


def filled(model: Module, tensors: Mapping[str, Tensor], device: str, path: Path) -> Module:
    """A model on the meta device with its weights, in evaluation mode.

    float16 on CUDA, else float32. Raises CheckpointMismatch unless names and shapes are its own.
    """
    dtype = torch.float16 if torch.device(device).type == "cuda" else torch.float32
    state = {name: _placed(tensor, device, dtype) for name, tensor in tensors.items()}
    try:
        # Strict, and by assignment: nothing is initialised only to be overwritten.
        model.load_state_dict(state, strict=True, assign=True)
    except RuntimeError as error:
        raise CheckpointMismatch(
            N_("{path} does not fit the model: {why}"), path=path, why=error
        ) from error
    return model.eval().requires_grad_(False)


def _placed(tensor: Tensor, device: str, dtype: torch.dtype) -> Tensor:
    """On the device; counters of batch norms stay whole numbers."""
    return tensor.to(device, dtype if tensor.is_floating_point() else tensor.dtype)


def _some(names: list[str], most: int = 6) -> Message | str:
    first = ", ".join(names[:most])
    if len(names) <= most:
        return first
    return Message(N_("{names} and {count} more"), names=first, count=len(names) - most)

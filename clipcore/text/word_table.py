"""The table of words of a text tower, on disk: only the rows that a text names are read.

A table of 256,000 words is 786 MB of float32; the text of a query names ten rows of 3 KB. They are
read, not mapped: of a mapped file the system brings far more into memory than was asked for (a
thousand rows: 780 MB). Knows the form of safetensors files; knows nothing of words.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from io import FileIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from clipcore.arrays import FloatArray
from clipcore.errors import CheckpointDamaged, CheckpointMismatch
from clipcore.messages import N_

# the numbers of the format -> of numpy; bfloat16, which numpy has not, is the upper half of float32
NUMBERS: Final[dict[str, np.dtype[Any]]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
}
LENGTH_BYTES: Final = 8  # of the number in front of the header


class WordTable:
    """Callable: (B, T) token ids -> (B, T, width) float32. Thread-safe."""

    def __init__(self, path: Path, names: Collection[str]) -> None:
        """`names`: those that it may have in a safetensors file. Raises a CheckpointError."""
        start, facts = _entry(path, names)
        self.words, self.width = facts["shape"]
        self._numbers = facts["dtype"]
        self._type: np.dtype[Any] = NUMBERS[self._numbers]
        self._start = start + facts["data_offsets"][0]
        self._path = path

    def __call__(self, tokens: npt.NDArray[np.int64]) -> FloatArray:
        """Each row is read once, however often the texts name it."""
        named, places = np.unique(tokens, return_inverse=True)
        if len(named) and not 0 <= named[0] <= named[-1] < self.words:
            raise CheckpointMismatch(
                N_("{path} has {size} words; its tokenizer names number {token}"),
                path=self._path,
                size=self.words,
                token=int(named[-1]),
            )
        rows = np.empty((len(named), self.width), self._type)
        with self._path.open("rb", buffering=0) as file:
            for row, word in zip(rows, named.tolist(), strict=True):
                self._read(file, word, row)
        return self._as_float32(rows)[places.reshape(tokens.shape)]

    def _read(self, file: FileIO, word: int, row: npt.NDArray[Any]) -> None:
        file.seek(self._start + word * row.nbytes)
        if file.readinto(row.data.cast("B")) != row.nbytes:
            raise _damaged(self._path, f"row {word}")

    def _as_float32(self, rows: npt.NDArray[Any]) -> FloatArray:
        if self._numbers == "BF16":
            return (rows.astype(np.uint32) << 16).view(np.float32)
        return rows.astype(np.float32, copy=False)


def _entry(path: Path, names: Collection[str]) -> tuple[int, dict[str, Any]]:
    """Where the tensors begin in the file, and the header's entry of the first such name."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(LENGTH_BYTES), "little")
            header = json.loads(file.read(length))
            facts = header[next(name for name in names if name in header)]
            known = facts["dtype"] in NUMBERS and len(facts["shape"]) == 2
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        StopIteration,
        MemoryError,
        OverflowError,
    ) as error:
        raise _damaged(path, f"{type(error).__name__} {error}") from error
    if not known:
        raise CheckpointMismatch(
            N_("{path}: {name} is no table of numbers that this version reads"),
            path=path,
            name=facts,
        )
    return LENGTH_BYTES + length, facts


def _damaged(path: Path, why: str) -> CheckpointDamaged:
    return CheckpointDamaged(
        N_("{path} cannot be read, it may be cut short: {why}; delete it and fetch it again"),
        path=path,
        why=why,
    )

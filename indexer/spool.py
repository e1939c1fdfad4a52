"""Collections that do not fill the memory: past a limit, what was added first lies on disk.

The file has no name and goes with the collections that use it. Knows nothing of what it keeps.
"""

from __future__ import annotations

import operator
import pickle
import weakref
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import Final, Generic, TypeVar

from indexer.disk import room_for

T = TypeVar("T")

IN_MEMORY: Final = 300_000  # of files, more than most people have: some 100 MB
AT_ONCE: Final = 1000  # are written together, and read
AT_ONCE_OF_MANY: Final = 200


class _Scratch:
    """A file without a name, for lists of values. Raises DiskFull."""

    def __init__(self) -> None:
        self._file = TemporaryFile(prefix="recollect-")  # noqa: SIM115 - as long as this lives
        weakref.finalize(self, self._file.close)

    def write(self, values: object) -> int:
        """Where they are from now on."""
        with room_for(Path(gettempdir())):
            start = self._file.seek(0, 2)
            pickle.dump(values, self._file, pickle.HIGHEST_PROTOCOL)
            self._file.flush()
        return start

    def read(self, start: int) -> object:
        self._file.seek(start)
        return pickle.load(self._file)


class Spool(Collection[T], Generic[T]):
    """Values in the order in which they were added, of which `in_memory` at most are in memory.

    It may be read any number of times, not while it is added to. For one thread.
    """

    def __init__(
        self,
        values: Iterable[T] = (),
        *,
        in_memory: int = IN_MEMORY,
        scratch: _Scratch | None = None,
    ) -> None:
        self._in_memory = in_memory
        self._scratch = scratch
        self._starts: list[int] = []
        self._written = 0
        self._last: list[T] = []
        self.extend(values)

    def append(self, value: T) -> None:
        """Add a value. Raises DiskFull."""
        self._last.append(value)
        if len(self._last) >= self._in_memory:
            self._write()

    def extend(self, values: Iterable[T]) -> None:
        """Add values. Raises DiskFull."""
        for value in values:
            self.append(value)

    def collected(self) -> Collection[T]:
        """All of it: a tuple, if it has fitted into the memory so far."""
        return self if self._starts else tuple(self._last)

    def _write(self) -> None:
        self._scratch = self._scratch or _Scratch()
        for start in range(0, len(self._last), AT_ONCE):
            self._starts.append(self._scratch.write(self._last[start : start + AT_ONCE]))
        self._written += len(self._last)
        self._last.clear()

    def __len__(self) -> int:
        return self._written + len(self._last)

    def __iter__(self) -> Iterator[T]:
        for start in self._starts:
            assert self._scratch
            values: list[T] = self._scratch.read(start)  # type: ignore[assignment]
            yield from values
        yield from self._last

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Spool):
            return NotImplemented
        return len(self) == len(other) and all(map(operator.eq, self, other))

    __hash__ = None  # type: ignore[assignment]  # it may be added to

    def __contains__(self, value: object) -> bool:
        return any(value == other for other in self)


def dealt(values: Iterable[T], parts: int, key: Callable[[T], Hashable]) -> list[Spool[T]]:
    """The values in `parts` piles; those of equal keys come into the same. Raises DiskFull."""
    scratch = _Scratch()
    piles: list[Spool[T]] = [
        Spool(in_memory=AT_ONCE_OF_MANY, scratch=scratch) for _ in range(parts)
    ]
    for value in values:
        piles[hash(key(value)) % parts].append(value)
    return piles

"""The searchable view of the embeddings. The only file that imports faiss.

Holds (id, unit vector) pairs and finds the nearest by inner product. Knows nothing of photos or
SQL. It only grows; ids that died are dropped by those who know, and a rebuild compacts.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from indexer.errors import MissingFaiss

log = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

MAGIC: Final = b"recollect index 1\n"


@dataclass(frozen=True, slots=True)
class SnapshotHeader:
    """What a snapshot is a view of. Any difference from what is wanted discards it."""

    library_id: str
    model_id: str
    dim: int
    last_id: int
    count: int


class VectorIndex:
    """An exact inner-product index. Searches and additions may come from any thread."""

    kind: Final = "exact"

    def __init__(self, dim: int) -> None:
        faiss = _faiss()
        self.dim = dim
        self.last_id = 0
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dim))
        self._lock = threading.Lock()  # FAISS: an addition excludes everything else

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, ids: IntArray, vectors: FloatArray) -> None:
        """Add (N,) growing ids with their (N, D) unit rows."""
        with self._lock:
            self._index.add_with_ids(vectors, ids)
            self.last_id = int(ids[-1])

    def search(self, query: FloatArray, k: int, allowed: IntArray | None = None) -> IntArray:
        """The ids of the (at most) k vectors nearest to the (D,) query, best first.

        `allowed`: sorted ids; only these are returned.
        """
        faiss, parameters = _faiss(), None
        if allowed is not None:
            parameters = faiss.SearchParameters(sel=faiss.IDSelectorBatch(allowed))
        with self._lock:
            k = min(k, len(self) if allowed is None else len(allowed))
            if k == 0:
                return np.empty(0, dtype=np.int64)
            _, ids = self._index.search(query[None], k, params=parameters)
        found: IntArray = ids[0]
        return found[found >= 0]

    def save(self, path: Path, library_id: str, model_id: str) -> None:
        """Write a snapshot: a temporary file, fsync, rename."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with temporary.open("wb") as file, self._lock:
                header = SnapshotHeader(library_id, model_id, self.dim, self.last_id, len(self))
                file.write(MAGIC + json.dumps(asdict(header)).encode() + b"\n")
                faiss = _faiss()
                faiss.write_index(self._index, faiss.PyCallbackIOWriter(file.write))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path, library_id: str, model_id: str, dim: int) -> VectorIndex:
        """The snapshot at `path`, or an empty index where there is none that fits."""
        index = cls(dim)
        try:
            with path.open("rb") as file:
                index._read(file, library_id, model_id)
        except FileNotFoundError:
            return index
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError is FAISS's
            log.warning("index snapshot %s discarded, building it anew: %s", path, error)
            return cls(dim)
        return index

    def _read(self, file: BinaryIO, library_id: str, model_id: str) -> None:
        if file.readline(len(MAGIC)) != MAGIC:
            raise ValueError("it is no snapshot of this version")
        header = _header(file.readline(4096))
        wanted = SnapshotHeader(library_id, model_id, self.dim, header.last_id, header.count)
        if header != wanted:
            raise ValueError(f"it is of {header}, not of {wanted}")
        faiss = _faiss()
        loaded = faiss.read_index(faiss.PyCallbackIOReader(file.read))
        if not isinstance(loaded, faiss.IndexIDMap2):
            raise ValueError(f"it holds another kind of index, {type(loaded).__name__}")
        if (loaded.d, loaded.ntotal) != (header.dim, header.count):
            raise ValueError(f"{loaded.ntotal} vectors, the header says {header.count}")
        self._index, self.last_id = loaded, header.last_id


def _header(line: bytes) -> SnapshotHeader:
    value = json.loads(line)
    if not isinstance(value, dict) or set(value) != set(SnapshotHeader.__slots__):
        raise ValueError("its header is damaged")
    if not all(isinstance(value[name], int) for name in ("dim", "last_id", "count")):
        raise ValueError("its header is damaged")
    return SnapshotHeader(**value)


def _faiss() -> Any:
    """The faiss module, imported at first use: it takes time, and may be missing."""
    try:
        import faiss
    except ImportError as error:
        raise MissingFaiss(
            "FAISS is not installed: pip install 'recollect-photos[cpu]' "
            "(or [gpu] for CUDA graphics cards)"
        ) from error
    return faiss

"""The file in which an index is kept between runs, and whether it is whole and fits.

One line that names the format, one line of JSON (the header), the index, and the CRC-32 of all
that comes before it. Whoever reads the index may trust every byte of it: a damaged size would
make FAISS ask for gigabytes. Knows nothing of what an index is.
"""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Final

from indexer.json_files import parsed
from indexer.private import private_file

MAGIC: Final = b"recollect index 3\n"
HEADER_BYTES: Final = 4096  # the longest header that is read
CRC_BYTES: Final = 4
CHUNK_BYTES: Final = 1 << 22

Write = Callable[[bytes], object]


class OtherOwner(ValueError):
    """The snapshot is of another library, or of the model that this one had or is to have."""


@dataclass(frozen=True, slots=True)
class SnapshotHeader:
    """What a snapshot is a view of, and of what kind (see index_policy.py)."""

    library_id: str
    model_id: str
    dim: int
    kind: str
    last_id: int
    count: int

    def check(self, library_id: str, model_id: str, dim: int) -> None:
        """Raise OtherOwner if it is of another library or model, ValueError if it cannot be."""
        if self.library_id != library_id:
            raise OtherOwner(f"it is of the library {self.library_id}, not of {library_id}")
        if self.model_id != model_id:
            raise OtherOwner(f"it is of the model {self.model_id}, not of {model_id}")
        if self.dim != dim:
            raise ValueError(f"its vectors have {self.dim} numbers, not {dim}")


def write_snapshot(
    path: Path, header: SnapshotHeader, write_index: Callable[[Write], None]
) -> None:
    """Write a snapshot: a temporary file, fsync, rename. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        with open(temporary, "wb", opener=private_file) as file:
            checked = _Checked(file)
            checked.write(MAGIC + json.dumps(asdict(header)).encode() + b"\n")
            write_index(checked.write)
            file.write(checked.crc.to_bytes(CRC_BYTES, "little"))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_header(file: BinaryIO) -> SnapshotHeader:
    """The header; the file then stands where the index starts. Raises ValueError."""
    if file.readline(len(MAGIC)) != MAGIC:
        raise ValueError("it is no snapshot of this version")
    line = file.readline(HEADER_BYTES)
    try:
        header = parsed(line, SnapshotHeader)
    except ValueError as error:
        raise ValueError(f"its header is damaged: {error}") from error
    if json.loads(line) != asdict(header):
        raise ValueError("its header has fields that this version does not know")
    return header


def header_of(file: BinaryIO, library_id: str, model_id: str, dim: int) -> SnapshotHeader:
    """The same, if it is a view of this and every byte is as it was written. Raises ValueError."""
    header = read_header(file)
    header.check(library_id, model_id, dim)
    check_whole(file)
    return header


def check_whole(file: BinaryIO) -> None:
    """Raise ValueError unless every byte is as it was written; the position stays."""
    start = file.tell()
    left = file.seek(0, os.SEEK_END) - CRC_BYTES
    file.seek(0)
    crc = 0
    while left > 0 and (chunk := file.read(min(CHUNK_BYTES, left))):
        crc = zlib.crc32(chunk, crc)
        left -= len(chunk)
    if left or file.read() != crc.to_bytes(CRC_BYTES, "little"):
        raise ValueError("it is damaged or cut short")
    file.seek(start)


class _Checked:
    """Writes to a file and keeps the CRC of what it wrote."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.crc = 0

    def write(self, data: bytes) -> int:
        self.crc = zlib.crc32(data, self.crc)
        return self._file.write(data)

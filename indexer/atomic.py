"""Files are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from indexer.disk import room_for
from indexer.private import private_file


def write_atomically(path: Path, data: bytes) -> None:
    """Write `path` whole or not at all, for its owner only: a temporary file, then a rename.

    Makes no directory: that of a removed library must not come back. Raises DiskFull.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{id(data):x}")
    with room_for(path):
        try:
            with open(temporary, "wb", opener=private_file) as file:
                file.write(data)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

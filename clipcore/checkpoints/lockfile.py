"""What hash each weight file had when it was first seen; later loads are held to it.

One JSON file in the cache directory the weights lie in, so that it moves with them. Hashing 600 MB
takes about a second, so a hash is kept with the file's size and modification time and computed
again only when either changes. Knows no names of models beyond the strings it is given.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from clipcore.engines.json_cache import report_unusable
from clipcore.errors import CheckpointDamaged

FILE_NAME = "recollect.lock.json"
FILES, CHECKPOINTS = "files", "checkpoints"


def sha256(path: Path) -> str:
    """Of the whole file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Recorded:
    """One downloaded checkpoint, as it was when it came."""

    repo: str
    revision: str
    file: str
    size_bytes: int
    sha256: str


class LockFile:
    """The record in one directory. A directory that cannot be written is read all the same."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME

    def checkpoint(self, name: str) -> Recorded | None:
        """What was recorded of a downloaded checkpoint."""
        entry = self._read()[CHECKPOINTS].get(name)
        return Recorded(**entry) if entry else None

    def record(self, name: str, recorded: Recorded) -> None:
        """Keeps a checkpoint's facts; what is recorded already stays, only told to differ."""
        known = self.checkpoint(name)
        if known and known.sha256 != recorded.sha256:
            raise CheckpointDamaged(
                f"{recorded.file} of {name} has sha256 {recorded.sha256}; {self.path} records "
                f"{known.sha256} from the first download; delete the entry there to accept the "
                "new file"
            )
        self._write(CHECKPOINTS, name, asdict(recorded))

    def sha256(self, path: Path) -> str:
        """The file's hash: the kept one while size and modification time are the same."""
        path = path.resolve()
        stat = path.stat()
        stamp = {"size_bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}
        entry = self._read()[FILES].get(str(path), {})
        if {key: entry.get(key) for key in stamp} == stamp and "sha256" in entry:
            return str(entry["sha256"])
        digest = sha256(path)
        self._write(FILES, str(path), {**stamp, "sha256": digest})
        return digest

    def _read(self) -> dict[str, dict[str, Any]]:
        content: dict[str, dict[str, Any]] = {}
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            pass
        except OSError as error:
            report_unusable(self.path.parent, error)
        except ValueError as error:
            raise CheckpointDamaged(
                f"{self.path} is no JSON ({error}); delete it to have the hashes computed again"
            ) from error
        return {FILES: content.get(FILES, {}), CHECKPOINTS: content.get(CHECKPOINTS, {})}

    def _write(self, section: str, key: str, value: dict[str, Any]) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self.path}.lock"):
                content = self._read()
                content[section][key] = value
                temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
                temporary.write_text(json.dumps(content, indent=1, sort_keys=True))
                temporary.replace(self.path)
        except OSError as error:
            report_unusable(self.path.parent, error)

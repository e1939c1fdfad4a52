"""Records the hash of each weight file at first sight; later loads must match it.

One JSON file in the cache directory the weights lie in, so that it moves with them. Hashing 600 MB
takes about a second, so a hash is kept with the file's size and modification time and computed
again only when either changes. Knows no names of models beyond the strings it is given.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import msgspec
from filelock import FileLock

from clipcore.engines.json_cache import DAMAGES, report_unusable
from clipcore.errors import CheckpointDamaged
from clipcore.messages import N_

FILE_NAME = "recollect.lock.json"


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


@dataclass(frozen=True)
class Hashed:
    """A file's hash, which holds while its size and time are these."""

    size_bytes: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True)
class Content:
    """All that the record has: hashes by the files' paths, downloads by their names."""

    files: dict[str, Hashed] = field(default_factory=dict)
    checkpoints: dict[str, Recorded] = field(default_factory=dict)


class LockFile:
    """The record in one directory. A directory that cannot be written is read all the same."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME

    def checkpoint(self, name: str) -> Recorded | None:
        """The record of a downloaded checkpoint."""
        return self._read().checkpoints.get(name)

    def record(self, name: str, recorded: Recorded) -> None:
        """Records a checkpoint's facts; an older record stays, and a difference is logged."""
        known = self.checkpoint(name)
        if known and known.sha256 != recorded.sha256:
            raise CheckpointDamaged(
                N_(
                    "{file} of {name} has sha256 {expected}; {path} records {known} from the "
                    "first download; delete the entry there to accept the new file"
                ),
                file=recorded.file,
                name=name,
                expected=recorded.sha256,
                path=self.path,
                known=known.sha256,
            )
        self._write(lambda content: content.checkpoints.update({name: recorded}))

    def sha256(self, path: Path) -> str:
        """The file's hash: the kept one while size and modification time are the same."""
        path = path.resolve()
        stat = path.stat()
        stamp = stat.st_size, stat.st_mtime_ns
        known = self._read().files.get(str(path))
        if known and (known.size_bytes, known.mtime_ns) == stamp:
            return known.sha256
        hashed = Hashed(*stamp, sha256(path))
        self._write(lambda content: content.files.update({str(path): hashed}))
        return hashed.sha256

    def _read(self) -> Content:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            return msgspec.convert(content, Content)
        except FileNotFoundError:
            pass
        except OSError as error:
            report_unusable(self.path.parent, error)
        except DAMAGES as error:
            raise CheckpointDamaged(
                N_("{path} is damaged ({why}); delete it to have the hashes computed again"),
                path=self.path,
                why=error,
            ) from error
        return Content()

    def _write(self, change: Callable[[Content], None]) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self.path}.lock"):
                content = self._read()
                change(content)
                temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
                temporary.write_text(json.dumps(asdict(content), indent=1, sort_keys=True))
                temporary.replace(self.path)
        except OSError as error:
            report_unusable(self.path.parent, error)

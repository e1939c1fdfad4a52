"""Notices photo directories that come and go: drives and shares that are mounted, unmounted, moved.

The operating system reports no event for these. Lists no folder and knows nothing of the library.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from indexer.daemon.mounts import Mount, all_mounts

CHECK_S: Final = 2.0  # a few calls of stat, and a read of the table of mounts


class _State(NamedTuple):
    """What a photo directory is at a moment; `identity` is None where there is none."""

    identity: tuple[int, int] | None
    may_be_listed: bool
    mounts: frozenset[tuple[str, str]]  # at the directory and below it


class Presence:
    """Compares photo directories with what they were. Asks the system every `check_s` at most."""

    def __init__(
        self,
        mounts: Callable[[], Iterable[Mount]] = all_mounts,
        clock: Callable[[], float] = time.monotonic,
        check_s: float = CHECK_S,
    ) -> None:
        self._mounts = mounts
        self._clock = clock
        self._check_s = check_s
        self._states: dict[Path, _State] = {}
        self._check_at_s = clock()

    def renew(self, roots: Collection[Path]) -> None:
        """Remember what these directories are now; call it before they are scanned."""
        self._states = self._now(roots)

    def changed(self) -> bool:
        """Whether one of them is there again, is no longer there, or is another one."""
        now_s = self._clock()
        if not self._states or now_s < self._check_at_s:
            return False
        self._check_at_s = now_s + self._check_s
        return self._now(self._states) != self._states

    def _now(self, roots: Iterable[Path]) -> dict[Path, _State]:
        mounts = [
            (Path(mount.mountpoint), f"{mount.device} {mount.fstype}") for mount in self._mounts()
        ]
        return {
            root: _State(
                identity(root),
                os.access(root, os.R_OK | os.X_OK),
                frozenset((str(at), what) for at, what in mounts if at.is_relative_to(root)),
            )
            for root in roots
        }


def identity(folder: Path) -> tuple[int, int] | None:
    """Device and number of the folder itself; None where it cannot be seen."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino

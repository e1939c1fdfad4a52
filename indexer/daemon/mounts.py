"""Which roots can only be polled, and why: nobody reports what happens on another machine's disk.

Says so once for each root. Knows nothing of how the others are watched.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final, Protocol

import psutil

log = logging.getLogger(__name__)

# As /proc/mounts and mount(8) call them; the shares of virtual machines report nothing either.
NETWORK: Final = frozenset(
    (
        *("nfs", "nfs3", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afpfs", "ncpfs", "afs"),
        *("ceph", "glusterfs", "lustre", "davfs", "webdav", "9p", "virtiofs", "vboxsf", "drvfs"),
        *(
            "fuse.sshfs",
            "fuse.rclone",
            "fuse.glusterfs",
            "fuse.davfs",
            "fuse.s3fs",
            "fuse.smbnetfs",
        ),
        *("fuse.vmhgfs-fuse", "fuse.curlftpfs", "fuse.gvfsd-fuse", "macfuse", "osxfuse"),
    )
)


class Mount(Protocol):
    """A mounted file system, as psutil tells of it."""

    @property
    def device(self) -> str: ...
    @property
    def mountpoint(self) -> str: ...
    @property
    def fstype(self) -> str: ...


def all_mounts() -> Iterable[Mount]:
    """The present mounts."""
    return psutil.disk_partitions(all=True)


class Polled:
    """The roots that are polled; `mounts` tells what is mounted."""

    def __init__(self, mounts: Callable[[], Iterable[Mount]] = all_mounts) -> None:
        self._mounts = mounts
        self._told: set[Path] = set()
        self.roots: set[Path] = set()

    def renew(self, roots: Collection[Path]) -> None:
        """Begin again with the roots that lie on a network file system, or have one below."""
        self.roots = set()
        mounts = [(Path(mount.mountpoint), mount.fstype) for mount in self._mounts()]
        for root in roots:
            if kind := _network(root, mounts):
                self.add(root, f"it lies on a network file system ({kind})")

    def add(self, root: Path, why: str) -> None:
        """Poll this root too."""
        self.roots.add(root)
        if root not in self._told:
            self._told.add(root)
            log.warning("%s is not watched, only looked at from time to time: %s", root, why)


def _network(root: Path, mounts: list[tuple[Path, str]]) -> str | None:
    above = [mount for mount in mounts if root.is_relative_to(mount[0])]
    nearest = max(above, key=lambda mount: len(mount[0].parts), default=None)
    below = [mount for mount in mounts if root in mount[0].parents]
    kinds = [kind for _, kind in (*below, *([nearest] if nearest else ()))]
    return next((kind for kind in kinds if kind in NETWORK), None)

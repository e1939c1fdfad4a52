"""Runs the command of a systemd unit as the unit confines it, in a mount namespace of its own.

As a program, as root: `unshare --mount python -m tests.indexer.confined UNIT TEMPORARY`. All is
read-only but /dev, /proc, /sys, the unit's ReadWritePaths, and TEMPORARY, which stands for the
/tmp that PrivateTmp gives it. The directory that TEMPORARY is in is read-only wherever it lies.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

API = ("/dev", "/proc", "/sys")  # ProtectSystem=strict leaves these writable


def settings(unit: Path) -> dict[str, list[str]]:
    """What each name of the unit is set to, unquoted."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text("utf-8").splitlines():
        name, is_setting, value = line.partition("=")
        if is_setting:
            found.setdefault(name, []).append(value.replace("%%", "%"))
    return found


def paths(values: list[str]) -> list[str]:
    """The paths that exist; a minus lets systemd pass over those that do not."""
    named = (shlex.split(value.removeprefix("-"))[0] for value in values)
    return [path for path in named if Path(path).exists()]


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def mounted() -> list[str]:
    """All mount points, in the order in which they were mounted."""
    lines = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    return [line.split()[4].encode().decode("unicode_escape") for line in lines]


def is_below(path: str, others: list[str]) -> bool:
    return any(Path(path).is_relative_to(other) for other in others)


def main() -> None:
    unit, temporary = settings(Path(sys.argv[1])), sys.argv[2]
    assert unit["ProtectSystem"] == ["strict"], unit
    mount("--make-rprivate", "/")
    writable = [*paths(unit["ReadWritePaths"]), temporary]
    tested = str(Path(temporary).parent)
    for path in (tested, *writable):
        mount("--bind", path, path)
    for path in mounted():
        if path == tested or not is_below(path, [*API, *writable]):
            mount("-o", "remount,bind,ro", path)
    own = dict(shlex.split(one)[0].split("=", 1) for one in unit.get("Environment", []))
    command = shlex.split(unit["ExecStart"][0].replace("$$", "$"))
    os.execve(command[0], command, {**os.environ, **own, "TMPDIR": temporary})


if __name__ == "__main__":
    main()

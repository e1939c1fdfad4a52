"""The daemon as a service of the person's own session: systemd on Linux, launchd on macOS.

Writes the unit or the agent, and calls the system's own tool. Knows nothing of the daemon but the
command that runs it.
"""

from __future__ import annotations

import hashlib
import os
import plistlib
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from huggingface_hub.constants import HF_HUB_CACHE

from indexer.daemon_state import Desk
from indexer.errors import ServiceError
from indexer.places import default_library

STOP_S: Final = 10  # the daemon ends within 5 s; then it is killed, which costs a batch at most
NEITHER: Final = (
    "this machine has neither systemd nor launchd: let its own scheduler run 'indexer watch'"
)


class Service(Protocol):
    """The daemon of one library as a service. Each method says what it did; raises ServiceError."""

    def install(self) -> str:
        """Write the file and start the daemon, now and at each login."""
        ...

    def status(self) -> str:
        """Whether it is installed, and whether it runs."""
        ...

    def uninstall(self) -> str:
        """Stop the daemon and remove the file."""
        ...


def service_of(library: Path, roots: Sequence[Path]) -> Service:
    """The service of this library, in the form of this machine."""
    command = [sys.executable, "-m", "indexer.cli", "watch", "--library", str(library)]
    if sys.platform == "darwin":
        return LaunchdService(library, command)
    if sys.platform == "linux":
        return SystemdService(library, command, roots)
    raise ServiceError(NEITHER)


def service_name(library: Path) -> str:
    """`recollect` for the default library, and a name of its own for each other one."""
    if library == default_library():
        return "recollect"
    return f"recollect-{hashlib.sha256(os.fsencode(library)).hexdigest()[:8]}"


class SystemdService:
    """A unit of the person's own systemd."""

    def __init__(self, library: Path, command: Sequence[str], roots: Sequence[Path]) -> None:
        self._library = library
        self._command = command
        self._roots = roots
        self._unit = f"{service_name(library)}.service"
        config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        self._path = config / "systemd" / "user" / self._unit

    def install(self) -> str:
        """Write the unit, enable it and start it."""
        _need("systemctl", NEITHER)
        _refuse_second(self._library)
        Path(HF_HUB_CACHE).mkdir(parents=True, exist_ok=True)  # made writable below
        writable = [self._library, Path(HF_HUB_CACHE)]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(systemd_unit(self._command, self._roots, writable), "utf-8")
        self._systemctl("daemon-reload")
        self._systemctl("enable", "--now", self._unit)
        return f"{self._unit} runs, and will at each login; {self._path} says how"

    def status(self) -> str:
        """What systemd says of it."""
        if not self._path.exists():
            return "not installed: 'indexer service install' does it"
        _need("systemctl", NEITHER)
        state = _run("systemctl", "--user", "is-active", self._unit).stdout.strip()
        return f"{self._unit}: {state or 'unknown'} ({self._path})"

    def uninstall(self) -> str:
        """Stop the unit and remove it."""
        if not self._path.exists():
            return "not installed"
        _need("systemctl", NEITHER)
        self._systemctl("disable", "--now", self._unit)
        self._path.unlink()
        self._systemctl("daemon-reload")
        return f"{self._unit} is stopped and removed"

    def _systemctl(self, *arguments: str) -> None:
        _checked("systemctl", "--user", *arguments)


class LaunchdService:
    """An agent of the person's own launchd."""

    def __init__(self, library: Path, command: Sequence[str]) -> None:
        self._library = library
        self._command = command
        self._label = f"photos.{service_name(library)}"
        self._path = Path.home() / "Library" / "LaunchAgents" / f"{self._label}.plist"

    def install(self) -> str:
        """Write the agent and load it."""
        _need("launchctl", NEITHER)
        _refuse_second(self._library)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        log = Path.home() / "Library" / "Logs" / f"{self._label}.log"
        self._path.write_bytes(launchd_agent(self._label, self._command, log))
        _checked("launchctl", "bootstrap", self._domain, str(self._path))
        return f"{self._label} runs, and will at each login; {self._path} says how"

    def status(self) -> str:
        """What launchd says of it."""
        if not self._path.exists():
            return "not installed: 'indexer service install' does it"
        _need("launchctl", NEITHER)
        told = _run("launchctl", "print", f"{self._domain}/{self._label}")
        state = re.search(r"^\s*state = (.+)$", told.stdout, re.M)
        return f"{self._label}: {state[1] if state else 'not loaded'} ({self._path})"

    def uninstall(self) -> str:
        """Unload the agent and remove it."""
        if not self._path.exists():
            return "not installed"
        _need("launchctl", NEITHER)
        _checked("launchctl", "bootout", f"{self._domain}/{self._label}")
        self._path.unlink()
        return f"{self._label} is stopped and removed"

    @property
    def _domain(self) -> str:
        # the type checker knows of no user ids on Windows, where this is never reached
        return f"gui/{os.getuid()}" if sys.platform != "win32" else ""


def systemd_unit(command: Sequence[str], roots: Sequence[Path], writable: Sequence[Path]) -> str:
    """A hardened unit: all that it may write to is `writable`; it may not even gain privileges.

    The photo folders are read-only twice over: the whole system is, and they are named. What
    drops capabilities (ProtectKernelModules and the like) is not for a person's own systemd.
    """
    start = " ".join(_quoted(part, argument=True) for part in command)
    read_only = "\n".join(f"ReadOnlyPaths=-{_path(root)}" for root in roots)
    read_write = "\n".join(f"ReadWritePaths=-{_path(path)}" for path in writable)
    return f"""[Unit]
Description=Recollect keeps the photo library in line with its folders
Documentation=man:systemd.exec(5)

[Service]
ExecStart={start}
Restart=on-failure
RestartSec=30
TimeoutStopSec={STOP_S}
IOSchedulingClass=idle
NoNewPrivileges=yes
ProtectSystem=strict
{read_only}
{read_write}
PrivateTmp=yes
ProtectControlGroups=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
UMask=0077

[Install]
WantedBy=default.target
"""


def launchd_agent(label: str, command: Sequence[str], log: Path) -> bytes:
    """An agent that starts at login, again if it fails, and gives way to everybody else."""
    return plistlib.dumps(
        {
            "Label": label,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ProcessType": "Background",
            "LowPriorityIO": True,
            "ExitTimeOut": STOP_S,
            "Umask": 0o077,
            "StandardOutPath": str(log),
            "StandardErrorPath": str(log),
        }
    )


def _quoted(text: str, *, argument: bool = False) -> str:
    """A word of a unit file, as systemd.syntax(7) and systemd.service(5) quote it."""
    if "\n" in text:
        raise ServiceError(f"{text!r} holds a line break, which no unit file can")
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text.replace("$", "$$") if argument else text}"'


def _path(path: Path) -> str:
    return _quoted(str(path))


def _refuse_second(library: Path) -> None:
    """The service would only fail beside a daemon that somebody started by hand."""
    if running := Desk(library).daemon():
        raise ServiceError(
            f"process {running.pid} on {running.host} is the library's daemon already: "
            "stop it first"
        )


def _need(program: str, why: str) -> None:
    if shutil.which(program) is None:
        raise ServiceError(f"{program} is not here: {why}")


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _checked(*command: str) -> None:
    done = _run(*command)
    if done.returncode:
        told = done.stderr.strip().splitlines()
        raise ServiceError(f"'{' '.join(command)}' failed: {told[-1] if told else done.returncode}")

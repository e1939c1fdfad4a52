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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

from huggingface_hub.constants import HF_HUB_CACHE

from clipcore.engines.json_cache import cache_path
from clipcore.messages import N_, Message, MessageId
from indexer.environment import HOST
from indexer.errors import ServiceError
from indexer.library.control import FileControl

STOP_S: Final = 10  # the daemon ends within 5 s; then it is killed, which costs a batch at most
NEITHER: Final = N_(
    "this machine has neither systemd nor launchd: let its own scheduler run 'indexer watch'"
)
NOT_INSTALLED: Final = "not installed: 'indexer service install' does it"
# a service has an environment of its own: these name its directories, and the host
INHERITED: Final = (
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "HF_HOME",
    "HF_HUB_CACHE",
    "HF_ENDPOINT",
    "HF_HUB_OFFLINE",
    HOST,
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


def service_of(library: Path, roots: Sequence[Path] = ()) -> Service:
    """The service of this library, in the form of this machine; `roots` are for `install()`."""
    command = [sys.executable, "-m", "indexer.cli", "watch", "--library", str(library)]
    if sys.platform == "darwin":
        return LaunchdService(library, command)
    if sys.platform == "linux":
        return SystemdService(library, command, roots)
    raise ServiceError(NEITHER)


def service_name(library: Path) -> str:
    """A name of its own for each library, made of its path."""
    path = library.resolve()
    folder = re.sub(r"[^A-Za-z0-9]+", "-", path.name).strip("-")[:32]
    return "-".join(dict.fromkeys(filter(None, ["recollect", folder, _hash(path)])))


def _hash(library: Path) -> str:
    return hashlib.sha256(os.fsencode(library)).hexdigest()[:8]


def _older_names(library: Path) -> tuple[str, ...]:
    """The service's name in earlier versions."""
    return f"recollect-{_hash(library)}", "recollect"


def environment() -> dict[str, str]:
    """The settings of this process that decide where the daemon reads and writes."""
    return {name: value for name in INHERITED if (value := os.environ.get(name))}


def caches() -> list[Path]:
    """The cache directories of the daemon, made where that is possible: all of them optional."""
    found = [cache_path(), Path(HF_HUB_CACHE)]
    for directory in found:
        with suppress(OSError):
            directory.mkdir(parents=True, exist_ok=True)
    return found


class SystemdService:
    """A unit of the person's own systemd."""

    def __init__(self, library: Path, command: Sequence[str], roots: Sequence[Path]) -> None:
        self._library = library
        self._command = command
        self._roots = roots
        config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        self._units = config / "systemd" / "user"
        self._path = self._units / f"{service_name(library)}.service"

    def install(self) -> str:
        """Write the unit, enable it and start it. A failure leaves what was there before."""
        _need("systemctl", NEITHER)
        _refuse_second(self._library)
        unit = systemd_unit(self._command, self._roots, [self._library, *caches()], environment())
        with _restored(self._path, self._remove):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(unit, "utf-8")
            self._systemctl("daemon-reload")
            self._systemctl("enable", "--now", self._path.name)
        for older in self._installed():
            if older != self._path:
                self._remove(older)
        return f"{self._path.name} runs, and will at each login; {self._path} says how"

    def status(self) -> str:
        """The service's state in systemd."""
        for path in self._installed():
            _need("systemctl", NEITHER)
            state = _run("systemctl", "--user", "is-active", path.name).stdout.strip()
            return f"{path.name}: {state or 'unknown'} ({path})"
        return NOT_INSTALLED

    def uninstall(self) -> str:
        """Stop the unit and remove it, whatever systemd says to that."""
        removed = self._installed()
        refusals = [refusal for path in removed for refusal in self._remove(path)]
        return _removed([path.name for path in removed], refusals)

    def _installed(self) -> list[Path]:
        """The units of this library: the one of its name, and those of earlier versions."""
        older = (self._units / f"{name}.service" for name in _older_names(self._library))
        return [path for path in dict.fromkeys([self._path, *older]) if self._is_ours(path)]

    def _is_ours(self, path: Path) -> bool:
        if not path.exists() or path == self._path:
            return path.exists()
        unit = path.read_text("utf-8")
        spellings = (self._library, self._library.resolve())
        return any(f'--library" {_quoted(str(one), argument=True)}' in unit for one in spellings)

    def _remove(self, path: Path) -> list[str]:
        """Stop and remove a unit; what systemd refuses of that."""
        stopped = _refusal("systemctl", "--user", "disable", "--now", path.name)
        for link in self._units.glob(f"*.wants/{path.name}"):  # where systemd did not answer
            link.unlink()
        path.unlink(missing_ok=True)
        return [*stopped, *_refusal("systemctl", "--user", "daemon-reload")]

    def _systemctl(self, *arguments: str) -> None:
        _checked("systemctl", "--user", *arguments)


class LaunchdService:
    """An agent of the person's own launchd."""

    def __init__(self, library: Path, command: Sequence[str]) -> None:
        self._library = library
        self._command = command
        self._label = f"photos.{service_name(library)}"
        self._agents = Path.home() / "Library" / "LaunchAgents"
        self._path = self._agents / f"{self._label}.plist"

    def install(self) -> str:
        """Write the agent and load it. A failure leaves what was there before."""
        _need("launchctl", NEITHER)
        _refuse_second(self._library)
        caches()
        log = Path.home() / "Library" / "Logs" / f"{self._label}.log"
        agent = launchd_agent(self._label, self._command, log, environment())
        with _restored(self._path, self._remove):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_bytes(agent)
            self._unload(self._path)  # launchd refuses an agent that it has, though it has ended
            _checked("launchctl", "bootstrap", self._domain, str(self._path))
        for older in self._installed():
            if older != self._path:
                self._remove(older)
        return f"{self._label} runs, and will at each login; {self._path} says how"

    def status(self) -> str:
        """The service's state in launchd."""
        for path in self._installed():
            _need("launchctl", NEITHER)
            printed = _run("launchctl", "print", f"{self._domain}/{path.stem}")
            state = re.search(r"^\s*state = (.+)$", printed.stdout, re.M)
            return f"{path.stem}: {state[1] if state else 'not loaded'} ({path})"
        return NOT_INSTALLED

    def uninstall(self) -> str:
        """Unload the agent and remove it, whatever launchd says to that."""
        removed = self._installed()
        refusals = [refusal for path in removed for refusal in self._remove(path)]
        return _removed([path.stem for path in removed], refusals)

    def _installed(self) -> list[Path]:
        """The agents of this library: the one of its name, and those of earlier versions."""
        older = (self._agents / f"photos.{name}.plist" for name in _older_names(self._library))
        return [path for path in dict.fromkeys([self._path, *older]) if self._is_ours(path)]

    def _is_ours(self, path: Path) -> bool:
        if not path.exists() or path == self._path:
            return path.exists()
        arguments = plistlib.loads(path.read_bytes())["ProgramArguments"]
        return bool({str(self._library), str(self._library.resolve())} & {*arguments})

    def _remove(self, path: Path) -> list[str]:
        """Unload and remove an agent; what launchd refuses of that."""
        stopped = self._unload(path)
        path.unlink(missing_ok=True)
        return stopped

    def _unload(self, path: Path) -> list[str]:
        return _refusal("launchctl", "bootout", f"{self._domain}/{path.stem}")

    @property
    def _domain(self) -> str:
        # the type checker knows of no user ids on Windows, where this is never reached
        return f"gui/{os.getuid()}" if sys.platform != "win32" else ""


def systemd_unit(
    command: Sequence[str],
    roots: Sequence[Path],
    writable: Sequence[Path],
    environment: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """A hardened unit: all that it may write to is `writable`; it may not even gain privileges.

    The photo folders are read-only twice over: the whole system is, and they are named. What
    drops capabilities (ProtectKernelModules and the like) is not for a person's own systemd.
    """
    settings = "".join(f"Environment={_quoted(f'{k}={v}')}\n" for k, v in environment.items())
    start = " ".join(_quoted(part, argument=True) for part in command)
    read_only = "\n".join(f"ReadOnlyPaths=-{_path(root)}" for root in roots)
    read_write = "\n".join(f"ReadWritePaths=-{_path(path)}" for path in writable)
    return f"""[Unit]
Description=Recollect keeps the photo library in line with its folders
Documentation=man:systemd.exec(5)

[Service]
{settings}ExecStart={start}
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


def launchd_agent(
    label: str,
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """An agent that starts at login, again if it fails, and gives way to everybody else."""
    return plistlib.dumps(
        {
            "Label": label,
            "ProgramArguments": list(command),
            "EnvironmentVariables": dict(environment),
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
        raise ServiceError(N_("'{text}' holds a line break, which no unit file can"), text=text)
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text.replace("$", "$$") if argument else text}"'


def _path(path: Path) -> str:
    return _quoted(str(path))


def _refuse_second(library: Path) -> None:
    """The service would only fail beside a daemon that somebody started by hand."""
    if running := FileControl(library).daemon():
        raise ServiceError(
            N_("process {pid} on {host} is the library's daemon already: stop it first"),
            pid=running.pid,
            host=running.host,
        )


def _need(program: str, why: MessageId) -> None:
    if shutil.which(program) is None:
        raise ServiceError(N_("{program} is not here: {why}"), program=program, why=Message(why))


@contextmanager
def _restored(path: Path, remove: Callable[[Path], object]) -> Iterator[None]:
    """Where installing fails, `remove` what it has made; the file before it comes back."""
    before = path.read_bytes() if path.exists() else None
    try:
        yield
    except BaseException:
        remove(path)
        if before is not None:
            path.write_bytes(before)
        raise


def _removed(names: Sequence[str], refusals: Sequence[str]) -> str:
    if not names:
        return "not installed"
    refused = "".join(f"; {refusal}" for refusal in refusals)
    return f"{', '.join(names)}: stopped and removed{refused}"


def _refusal(*command: str) -> list[str]:
    """Why the command failed, if it did or is not here."""
    try:
        _checked(*command)
    except (ServiceError, OSError) as error:
        return [str(error)]
    return []


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _checked(*command: str) -> None:
    done = _run(*command)
    if done.returncode:
        errors = done.stderr.strip().splitlines()
        raise ServiceError(
            N_("'{command}' failed: {why}"),
            command=" ".join(command),
            why=errors[-1] if errors else done.returncode,
        )

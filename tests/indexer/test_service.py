"""The service: what systemd and launchd are given, and what is said where neither is."""

from __future__ import annotations

import configparser
import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.daemon_state import Desk, Telling
from indexer.errors import ServiceError
from indexer.service import SystemdService, launchd_agent, service_of, systemd_unit
from tests.conftest import run_indexer

ODD = 'My "best" photos 100% $HOME \\o/'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of one's own with a `systemctl` that only writes down what it is told."""
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\necho active\n')
    program.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return tmp_path


def unit_of(text: str) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=False)  # type: ignore[call-arg]
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser["Service"]


def test_unit_is_hardened_and_names_what_it_may_write(tmp_path: Path) -> None:
    unit = unit_of(systemd_unit(["/usr/bin/indexer"], [Path("/p")], [Path("/library")]))
    assert unit["NoNewPrivileges"] == "yes"
    assert unit["ProtectSystem"] == "strict"
    assert unit["ReadOnlyPaths"] == '-"/p"'
    assert unit["ReadWritePaths"] == '-"/library"'


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_finds_nothing_to_object_to_even_in_odd_paths(tmp_path: Path) -> None:
    photos, library = tmp_path / ODD, tmp_path / "library %h"
    command = [sys.executable, "-m", "indexer.cli", "watch", "--library", str(library)]
    unit = tmp_path / "recollect.service"
    unit.write_text(systemd_unit(command, [photos, Path("/photos")], [library]), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    told = [line for line in done.stderr.splitlines() if "recollect" in line]
    assert (done.returncode, told) == (0, [])


def test_line_break_in_a_path_is_refused() -> None:
    with pytest.raises(ServiceError, match="line break"):
        systemd_unit(["indexer"], [Path("/photos\nExecStart=/bin/sh")], [])


def test_agent_starts_at_login_in_the_background() -> None:
    command = ["/usr/bin/indexer", "watch", "--library", f"/Users/me/{ODD}"]
    agent = plistlib.loads(launchd_agent("photos.recollect", command, Path("/l.log")))
    assert agent["ProgramArguments"] == command
    assert (agent["Label"], agent["RunAtLoad"]) == ("photos.recollect", True)
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    assert agent["ProcessType"] == "Background"


def test_install_status_and_uninstall_by_the_command(home: Path, own_library: Path) -> None:
    library = ("--library", own_library)
    assert run_indexer("service", "status", *library).stdout.startswith("not installed")
    done = run_indexer("service", "install", *library)
    assert done.returncode == 0, done.stderr
    (unit,) = (home / ".config" / "systemd" / "user").iterdir()
    assert f'"{own_library}"' in unit_of(unit.read_text())["ExecStart"]
    assert unit_of(unit.read_text())["ReadOnlyPaths"].endswith('data/sample"')
    told = run_indexer("service", "status", *library).stdout
    assert told == f"{unit.name}: active ({unit})\n"
    assert run_indexer("service", "uninstall", *library).returncode == 0
    assert not unit.exists()
    assert (home / "calls").read_text().splitlines() == [
        "--user daemon-reload",
        f"--user enable --now {unit.name}",
        f"--user is-active {unit.name}",
        f"--user disable --now {unit.name}",
        "--user daemon-reload",
    ]
    assert run_indexer("service", "uninstall", *library).stdout == "not installed\n"


def test_machine_without_systemd_is_told_what_to_do(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    service = SystemdService(tmp_path / "library", ["indexer"], [])
    with pytest.raises(ServiceError, match=r"systemctl is not here.*indexer watch"):
        service.install()
    assert not (home / ".config").exists()


def test_refusal_of_systemd_is_told_in_one_line(home: Path, tmp_path: Path) -> None:
    (home / "bin" / "systemctl").write_text(
        "#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n"
    )
    with pytest.raises(ServiceError, match="'systemctl --user daemon-reload' failed: Failed to co"):
        SystemdService(tmp_path / "library", ["indexer"], []).install()


def test_service_is_not_installed_beside_a_running_daemon(home: Path, tmp_path: Path) -> None:
    with Telling(Desk(tmp_path)):
        while not list(tmp_path.glob("daemon-state.json")):
            pass
        with pytest.raises(ServiceError, match="is the library's daemon already"):
            SystemdService(tmp_path, ["indexer"], []).install()


def test_other_platforms_are_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ServiceError, match="indexer watch"):
        service_of(tmp_path, [])

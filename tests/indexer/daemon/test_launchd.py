"""The service of macOS, by a `launchctl` that keeps its list of agents in a folder."""

from __future__ import annotations

import hashlib
import os
import plistlib
import sys
from pathlib import Path

import pytest

from indexer.daemon.service import LaunchdService, launchd_agent
from indexer.errors import ServiceError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a program of a shell")

LAUNCHCTL = """#!/bin/sh
cd "$(dirname "$0")/../loaded"
case "$1" in
bootstrap)
  agent=$(basename "$3" .plist)
  [ ! -e "$agent" ] || { echo "Bootstrap failed: 5: Input/output error" >&2; exit 5; }
  touch "$agent";;
bootout) rm "${2##*/}" 2>/dev/null || { echo "Boot-out failed: 3: No such process" >&2; exit 3; };;
print) [ ! -e "${2##*/}" ] || printf '\\tstate = running\\n';;
esac
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of one's own."""
    program = tmp_path / "bin" / "launchctl"
    program.parent.mkdir()
    (tmp_path / "loaded").mkdir()
    program.write_text(LAUNCHCTL)
    program.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return tmp_path


def service(library: Path) -> LaunchdService:
    return LaunchdService(library, command(library))


def command(library: Path) -> list[str]:
    return ["indexer", "watch", "--library", str(library)]


def agents(home: Path) -> list[Path]:
    return sorted((home / "Library" / "LaunchAgents").glob("*.plist"))


def loaded(home: Path) -> set[str]:
    return {path.name for path in (home / "loaded").iterdir()}


def refuse(home: Path, why: str) -> None:
    """From now on launchd refuses everything."""
    (home / "bin" / "launchctl").write_text(f"#!/bin/sh\necho '{why}' >&2\nexit 1\n")


def test_agent_is_loaded_reported_and_removed(home: Path) -> None:
    library = home / "my library"
    assert service(library).status().startswith("not installed")
    assert service(library).uninstall() == "not installed"
    message = service(library).install()
    (agent,) = agents(home)
    assert message == f"{agent.stem} runs, and will at each login; {agent} says how"
    assert plistlib.loads(agent.read_bytes())["ProgramArguments"] == command(library)
    assert loaded(home) == {agent.stem}
    assert service(library).status() == f"{agent.stem}: running ({agent})"
    assert service(library).uninstall() == f"{agent.stem}: stopped and removed"
    assert agents(home) == []
    assert loaded(home) == set()


def test_agent_that_is_loaded_is_replaced(home: Path) -> None:
    service(home / "library").install()
    LaunchdService(home / "library", ["another", *command(home / "library")]).install()
    (agent,) = agents(home)
    assert plistlib.loads(agent.read_bytes())["ProgramArguments"][0] == "another"
    assert loaded(home) == {agent.stem}


def test_agent_that_is_not_loaded_is_reported_as_such(home: Path) -> None:
    service(home / "library").install()
    for name in loaded(home):
        (home / "loaded" / name).unlink()
    assert ": not loaded (" in service(home / "library").status()


def test_failed_install_leaves_what_was_there(home: Path) -> None:
    refuse(home, "Operation not permitted")
    with pytest.raises(ServiceError, match="Operation not permitted"):
        service(home / "library").install()
    assert agents(home) == []
    (home / "bin" / "launchctl").write_text(LAUNCHCTL)
    service(home / "library").install()
    (agent,) = agents(home)
    before = agent.read_bytes()
    refuse(home, "Operation not permitted")
    with pytest.raises(ServiceError, match="Operation not permitted"):
        LaunchdService(home / "library", ["another"]).install()
    assert agent.read_bytes() == before


def test_agent_goes_whatever_launchd_says(home: Path) -> None:
    service(home / "library").install()
    refuse(home, "No such process")
    assert "stopped and removed; 'launchctl bootout" in service(home / "library").uninstall()
    assert agents(home) == []


@pytest.mark.parametrize("name", ["recollect", "hash"])
def test_agent_of_an_earlier_version_is_found_replaced_and_removed(home: Path, name: str) -> None:
    library, other = home / "my library", home / "other"
    digest = hashlib.sha256(os.fsencode(library)).hexdigest()[:8]
    label = "photos.recollect" if name == "recollect" else f"photos.recollect-{digest}"
    older = home / "Library" / "LaunchAgents" / f"{label}.plist"
    older.parent.mkdir(parents=True)
    older.write_bytes(launchd_agent(label, command(library), home / "log"))
    (home / "loaded" / label).touch()
    assert service(library).status() == f"{label}: running ({older})"
    assert service(other).uninstall() == "not installed"
    assert older.exists()
    service(library).install()
    (agent,) = agents(home)
    assert agent != older
    assert loaded(home) == {agent.stem}
    older.write_bytes(launchd_agent(label, command(library), home / "log"))
    assert label in service(library).uninstall()
    assert agents(home) == []

"""The service: what systemd and launchd are given, and what is said where neither is."""

from __future__ import annotations

import configparser
import hashlib
import os
import plistlib
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from huggingface_hub.constants import HF_HUB_CACHE

from clipcore.engines.json_cache import cache_path
from indexer.daemon.service import (
    LaunchdService,
    SystemdService,
    launchd_agent,
    service_of,
    systemd_unit,
)
from indexer.errors import ServiceError
from indexer.library.control import FileControl, StateReporter
from tests.commands import run_indexer
from tests.indexer.confined import settings
from tests.photos import make_photo
from tests.waiting import eventually

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
    (unit,) = units(home)
    assert f'"{own_library}"' in unit_of(unit.read_text())["ExecStart"]
    assert unit_of(unit.read_text())["ReadOnlyPaths"].endswith('data/sample"')
    printed = run_indexer("service", "status", *library).stdout
    assert printed == f"{unit.name}: active ({unit})\n"
    shutil.rmtree(own_library)  # the service goes all the same
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


def units(home: Path) -> list[Path]:
    return sorted((home / ".config" / "systemd" / "user").glob("*.service"))


def service(library: Path) -> SystemdService:
    return SystemdService(library, ["indexer", "watch", "--library", str(library)], [])


def test_each_library_has_a_unit_of_its_own(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = tmp_path / "one" / "photos", tmp_path / "other" / "photos"
    for library in (one, other):
        monkeypatch.setenv("RECOLLECT_LIBRARY", str(library))
        service(library).install()
    assert len(units(home)) == 2
    for library in (one, other):
        assert ": active (" in service(library).status()
    service(one).uninstall()
    assert service(one).status().startswith("not installed")
    assert ": active (" in service(other).status()
    assert all(unit.name.startswith("recollect-photos-") for unit in units(home))


def test_unit_is_found_by_any_spelling_of_the_path(home: Path, tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "library")
    service(tmp_path / "link").install()
    assert "active" in service(tmp_path / "library").status()
    service(tmp_path / "library").uninstall()
    assert units(home) == []


@pytest.mark.parametrize("name", ["recollect", "hash"])
def test_unit_of_an_earlier_version_is_found_replaced_and_removed(
    home: Path, tmp_path: Path, name: str
) -> None:
    library, other = tmp_path / "my library", tmp_path / "other"
    digest = hashlib.sha256(os.fsencode(library)).hexdigest()[:8]
    folder = home / ".config" / "systemd" / "user"
    older = folder / ("recollect.service" if name == "recollect" else f"recollect-{digest}.service")
    folder.mkdir(parents=True)
    command = ["python", "-m", "indexer.cli", "watch", "--library", str(library)]
    older.write_text(systemd_unit(command, [], []))
    assert service(library).status() == f"{older.name}: active ({older})"
    assert service(other).status().startswith("not installed")
    assert service(other).uninstall() == "not installed"
    assert older.exists()
    service(library).install()
    assert len(units(home)) == 1
    assert not older.exists()
    older.write_text(systemd_unit(command, [], []))
    assert older.name in service(library).uninstall()
    assert units(home) == []


def test_failed_install_leaves_nothing(home: Path, tmp_path: Path) -> None:
    wants = home / ".config" / "systemd" / "user" / "default.target.wants"
    (home / "bin" / "systemctl").write_text(
        f"""#!/bin/sh
        [ "$2" = enable ] || exit 0
        mkdir -p {wants}; ln -s ../$4 {wants}/$4
        echo 'Failed to start' >&2; exit 1
        """
    )
    with pytest.raises(ServiceError, match="Failed to start"):
        service(tmp_path / "library").install()
    assert units(home) == list(wants.iterdir()) == []


def test_uninstall_removes_whatever_systemd_says(home: Path, tmp_path: Path) -> None:
    library = service(tmp_path / "library")
    library.install()
    (home / "bin" / "systemctl").write_text("#!/bin/sh\necho 'No bus' >&2\nexit 1\n")
    assert "stopped and removed; 'systemctl --user disable" in library.uninstall()
    assert units(home) == []


def test_unit_lets_the_daemon_write_to_library_and_caches(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "my cache"))
    service(tmp_path / "library").install()
    unit = settings(units(home)[0])
    assert f'"XDG_CACHE_HOME={tmp_path}/my cache"' in unit["Environment"]
    writable = [f'-"{tmp_path}/library"', f'-"{cache_path()}"', f'-"{HF_HUB_CACHE}"']
    assert unit["ReadWritePaths"] == writable
    assert cache_path().is_dir()


@pytest.mark.long  # what it may write is named above
@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mount namespaces, which root may make"
)
@pytest.mark.processes
@pytest.mark.parametrize("caches", ["named", pytest.param("lost", marks=pytest.mark.long)])
def test_daemon_works_within_the_restrictions_of_its_unit(
    home: Path, tmp_path: Path, caches: str
) -> None:
    library, photos = tmp_path / "library", tmp_path / "photos"
    make_photo(photos / "red.png", "red")
    run_indexer("roots", "add", photos, "--library", library)
    assert run_indexer("service", "install", "--library", library).returncode == 0
    (unit,) = units(home)
    if caches == "lost":  # as where the directory was deleted after the installation
        text = unit.read_text("utf-8").replace(f'ReadWritePaths=-"{cache_path()}"\n', "")
        unit.write_text(text.replace(str(cache_path().parent), str(tmp_path / "no cache")), "utf-8")
    # the quickest engine to try: which one it is decides nothing here
    engine = unit.read_text("utf-8").replace(
        '"--library"', '"--engine" "torch-float32" "--library"'
    )
    unit.write_text(engine, "utf-8")
    (tmp_path / "tmp").mkdir()
    own = [sys.executable, "-m", "tests.indexer.confined", unit, tmp_path / "tmp"]
    with (tmp_path / "log").open("w") as log:
        daemon = subprocess.Popen(["unshare", "--mount", *map(str, own)], stderr=log)
        try:
            eventually(lambda: photos_in(library) or daemon.poll() is not None)
        finally:
            daemon.terminate()
    said = (tmp_path / "log").read_text()
    assert (daemon.wait(60), photos_in(library)) == (0, 1), said
    assert "Traceback" not in said
    assert said.count("cannot be used") == (caches == "lost"), said


def photos_in(library: Path) -> int:
    with closing(sqlite3.connect(library / "library.db")) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM photos WHERE content_id")
    return int(count)


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
    with StateReporter(FileControl(tmp_path)):
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


@pytest.mark.parametrize(
    ("platform", "kind"), [("linux", SystemdService), ("darwin", LaunchdService)]
)
def test_service_has_the_form_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, kind: type
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert isinstance(service_of(tmp_path), kind)

"""The daemon's commands as a user meets them: real processes, signals, exit codes, ports."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import socket
import sqlite3
import sys
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import psycopg
import pytest
from typer.testing import CliRunner

from indexer.cli.main import app
from indexer.library.copying import copy_library
from indexer.library.directory import LibraryDirectory
from indexer.paths import library_name, url_in
from indexer.records.status import DaemonState
from indexer.serving.password import has_password, is_password
from tests.command_processes import Running, indexer_process, running
from tests.commands import run_indexer, starter_library
from tests.conftest import SAMPLE, SAMPLE_PHOTOS
from tests.depth import at_depth
from tests.photos import make_photo
from tests.waiting import eventually

# by whoever made it the engines of this machine have been tried, which takes a while
pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("sample_library")]

POLAR_BEAR = SAMPLE / "Animals" / "Arctic" / "IMG_2034.jpg"
STOP_S = 15  # 5 s are promised on an idle machine; a test may share its own


def photos_in(library: Path) -> int:
    """Asked of the database: a command a poll would take the processor from the daemon."""
    connect: Callable[[], Any]
    if url := url_in(library):
        connect = partial(psycopg.connect, url)
    elif (library / "library.db").exists():
        connect = partial(sqlite3.connect, library / "library.db")
    else:
        return -1
    with closing(connect()) as connection:
        query = "SELECT count(content_id) FROM photos WHERE missing_since IS NULL"
        return int(connection.execute(query).fetchone()[0])


@pytest.fixture
def sample(place: Path, sample_library: Path) -> Path:
    """A library of the sample that a test may write to, on each engine."""
    if url_in(place):
        copy_library(LibraryDirectory(sample_library), LibraryDirectory(place))
    else:
        shutil.copytree(sample_library, place)
    return place


@pytest.mark.long  # the next ones stop it, tests/indexer/daemon has the rest
def test_watch_takes_in_a_new_photo_and_stops_on_sigterm(place: Path, tmp_path: Path) -> None:
    photos, library = tmp_path / "photos", place
    make_photo(photos / "red.png", "red")
    with running("watch", photos, "--library", library, "--nice", 0) as process:
        eventually(lambda: photos_in(library) == 1)
        shutil.copy(POLAR_BEAR, photos / "new.jpg")
        eventually(lambda: photos_in(library) == 2)
        (photos / "red.png").unlink()
        eventually(lambda: photos_in(library) == 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_S) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def printed_number(process: Running, pattern: str) -> int:
    """The number that the next line which matches has."""
    for line in process.stdout:
        if found := re.search(pattern, line):
            return int(found[1])
    raise AssertionError(f"no line matches {pattern}")


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health") as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_serve_answers_on_loopback_and_ctrl_c_stops_all_of_it(sample: Path) -> None:
    with running("serve", "--library", sample, "--port", 0, "--metrics", 0) as process:
        measured = printed_number(process, r"metrics at http://127.0.0.1:(\d+)/metrics")
        port = printed_number(process, r"The page: http://127.0.0.1:(\d+) ")
        eventually(lambda: answers(port))
        assert scraped(measured)["recollect_photos"] == SAMPLE_PHOTOS
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_S) == 0
    assert not answers(port)


@pytest.mark.parametrize("option", ["--port", "--metrics"])
@pytest.mark.parametrize("port", [-1, 65_536, 99_999])
def test_a_port_that_is_none_is_wrong_usage(option: str, port: int) -> None:
    done = CliRunner().invoke(app, ["serve", option, str(port)])
    assert done.exit_code == 2
    assert option in done.stderr


def test_ctrl_c_at_the_prompt_for_a_password_sets_none(sample_library: Path) -> None:
    pid, terminal = pty.fork()
    if not pid:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a job in the background ignores it
        started = [sys.executable, "-c", "from indexer.cli.main import main; main()"]
        os.execv(sys.executable, [*started, "password", "--library", str(sample_library)])
    said = b""
    while b"Password: " not in said:
        said += os.read(terminal, 1024)
    os.write(terminal, b"\x03")
    with suppress(OSError):  # EIO: the other end is closed
        while part := os.read(terminal, 1024):
            said += part
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130
    assert b"indexer: stopped: no password was set" in said
    assert not (sample_library / "password.json").exists()


def test_passwords_that_differ_are_asked_for_again_and_the_one_that_is_set_can_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starter_library(tmp_path / "library").close()
    typed = iter(["correct horse", "correct house", "correct horse", "correct horse"])
    monkeypatch.setattr("indexer.cli.daemon.getpass", lambda _: next(typed))
    done = run_indexer("password", "--library", tmp_path / "library")
    assert done.returncode == 0
    assert done.stderr == "indexer: the passwords differ: try again\n"
    assert is_password(tmp_path / "library", "correct horse")
    assert run_indexer("password", "--remove", "--library", tmp_path / "library").returncode == 0
    assert not has_password(tmp_path / "library")


def test_serve_names_a_port_that_is_taken(sample_library: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = indexer_process("serve", "--library", sample_library, "--port", port)
    assert done.returncode == 1
    assert f"port {port}" in done.stderr


def status(library: Path) -> dict[str, Any]:
    done = run_indexer("status", "--library", library, "--json")
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.parametrize("number", [signal.SIGTERM, *at_depth(signal.SIGINT)])
def test_daemon_finishes_the_batch_in_hand_and_stops(place: Path, number: signal.Signals) -> None:
    started = ("watch", SAMPLE, "--library", place, "--model", "starter", "--nice", 0)
    with running(*started) as process:
        eventually(lambda: photos_in(place) > 0)
        process.send_signal(number)
        assert process.wait(STOP_S) == 0
        said = process.stdout.read()
    assert "Traceback" not in said
    ingested = photos_in(place)
    assert 0 < ingested < SAMPLE_PHOTOS  # whole batches, and not all of them
    assert status(place)["embeddings"] == ingested
    assert f"INFO stopped; {SAMPLE_PHOTOS - ingested} files left for the next start" in said
    batches = re.findall(r"INFO (\d+) files?, ", said)  # a line a batch
    assert sum(map(int, batches)) == ingested


def test_interrupted_rebuild_keeps_what_it_has_and_exits_with_130(place: Path) -> None:
    with running("rebuild", SAMPLE, "--library", place, "--model", "starter") as process:
        eventually(lambda: photos_in(place) > 0)
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_S) == 130
        said = process.stdout.read()
    assert "Traceback" not in said
    assert " embedded, 0 failed in " in said
    left = SAMPLE_PHOTOS - photos_in(place)
    assert 0 < left < SAMPLE_PHOTOS
    assert f"indexer: stopped: {left} files left, the next rebuild continues there" in said


def test_daemon_tells_its_state_runs_nicely_and_heeds_pause(sample: Path) -> None:
    port = free_port()
    with running("watch", "--library", sample, "--threads", 1, "--metrics", port) as process:
        eventually(lambda: (status(sample)["daemon"] or {}).get("doing") == "watching")
        daemon = status(sample)["daemon"]
        assert list(daemon) == [
            *("pid", "host", "since", "doing", "paused", "queue"),
            *("photos_per_s", "left_s", "last_reconcile", "last_error"),
        ]
        assert (daemon["pid"], daemon["host"]) == (process.pid, socket.gethostname())
        assert daemon["last_reconcile"].endswith("Z")
        assert psutil.Process(process.pid).nice() == os.nice(0) + 10
        assert scraped(port)["recollect_daemon_up"] == 1
        assert scraped(port)["recollect_photos"] == status(sample)["photos"]
        assert run_indexer("pause", "--library", sample).returncode == 0
        eventually(lambda: scraped(port)["recollect_daemon_paused"] == 1)
        told = run_indexer("status", "--library", sample).stdout
        assert "daemon      paused: 'indexer resume' continues" in told
        # a paused daemon lets go of the library
        assert run_indexer("rebuild", "--library", sample).returncode == 0
        run_indexer("resume", "--library", sample)
        eventually(lambda: scraped(port)["recollect_daemon_paused"] == 0)
        retry = ("failures", "--retry", "--library", sample)
        # the daemon takes the library back a moment after it says that it goes on
        eventually(lambda: "at the next full scan" in run_indexer(*retry).stderr)
        process.kill()
    assert status(sample)["daemon"] is None


def test_watch_rests_on_battery_where_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    battery = SimpleNamespace(power_plugged=False)
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
    make_photo(tmp_path / "photos" / "red.png", "red")
    library = starter_library(tmp_path / "library")
    library.add_root(tmp_path / "photos")

    def stopped_at() -> DaemonState:
        try:
            return eventually(lambda: settled(library.status().daemon))
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    with closing(library), ThreadPoolExecutor(1) as other:
        state = other.submit(stopped_at)
        at = ("--library", library.path, "--nice", 0)
        assert run_indexer("watch", "--battery", "pause", *at).returncode == 0
        assert "battery" in str(state.result().paused)
        assert library.status().photos == 0


def settled(state: DaemonState | None) -> DaemonState | None:
    """The state of a daemon that rests or has nothing left to do."""
    return state if state and (state.paused or state.doing == "watching") else None


def scraped(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return {
        name: float(value)
        for name, value in (line.split(" ") for line in lines if not line.startswith("#"))
    }


def test_second_daemon_says_who_the_first_is(sample: Path) -> None:
    with watching(sample) as first:
        second = indexer_process("watch", "--library", sample)
        assert second.returncode == 1
        assert f"is watched by process {first.pid} on" in second.stderr.splitlines()[-1]


@contextmanager
def watching(library: Path) -> Iterator[Running]:
    with running("watch", "--library", library) as daemon:
        eventually(lambda: status(library)["daemon"] is not None)
        yield daemon


@pytest.mark.long  # the others have a second daemon, and a page
def test_serve_shows_the_page_alone_beside_a_daemon(sample: Path) -> None:
    port = free_port()
    with watching(sample), running("serve", "--library", sample, "--port", port) as page:
        alone = f"serving only the page: the library at {library_name(sample)} is watched by"
        assert any(alone in line for line in page.stdout)
        eventually(lambda: answers(port))
        page.send_signal(signal.SIGTERM)
        assert page.wait(STOP_S) == 0


def test_metrics_name_a_port_that_is_taken(sample_library: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = indexer_process("watch", "--library", sample_library, "--metrics", port)
    assert done.returncode == 1
    assert f"port {port}" in done.stderr

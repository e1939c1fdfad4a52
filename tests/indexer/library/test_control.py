"""What a daemon tells beside the database: believed while it lives, and not a moment longer."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from indexer.library.control import BELIEVED_S, MAKING_WAY, STATE, FileControl, StateReporter
from indexer.records.status import Activity, Work
from tests.waiting import eventually


def test_state_is_told_while_the_daemon_runs_and_gone_afterwards(tmp_path: Path) -> None:
    with StateReporter(FileControl(tmp_path)) as told:
        told.set(queue=7, photos_per_s=2.5, left_s=3)
        eventually(lambda: FileControl(tmp_path).daemon() == told.state)
        state = FileControl(tmp_path).daemon()
        assert state
        assert (state.pid, state.host) == (os.getpid(), socket.gethostname())
    assert FileControl(tmp_path).daemon() is None
    assert list(tmp_path.iterdir()) == []


def told_by(path: Path, **changes: object) -> None:
    """A state file with something changed in it, as it would be found."""
    with StateReporter(FileControl(path)):
        eventually((path / STATE).exists)
        document = json.loads((path / STATE).read_bytes())
    (path / STATE).write_text(json.dumps({**document, **changes}))


def test_dead_process_is_not_taken_for_a_daemon(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    told_by(tmp_path, pid=ended.pid)
    assert FileControl(tmp_path).daemon() is None


@pytest.mark.parametrize("host", [socket.gethostname(), "another-host"])
def test_old_sign_of_life_is_not_believed(tmp_path: Path, host: str) -> None:
    told_by(tmp_path, host=host)
    assert FileControl(tmp_path).daemon()
    told_by(tmp_path, host=host, written_at_s=time.time() - BELIEVED_S - 1)
    assert FileControl(tmp_path).daemon() is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 1}', "null"])
def test_damaged_file_is_no_daemon(tmp_path: Path, text: str) -> None:
    (tmp_path / STATE).write_text(text)
    assert FileControl(tmp_path).daemon() is None


def test_pause_is_kept_until_resume_and_may_be_said_twice(tmp_path: Path) -> None:
    control = FileControl(tmp_path)
    assert not control.is_paused()
    for say, paused in (
        (control.pause, True),
        (control.pause, True),
        (control.resume, False),
        (control.resume, False),
    ):
        say()
        assert FileControl(tmp_path).is_paused() is paused


SCANS = (Work(Activity.SCANNING, "/other"), Work(Activity.SCANNING), Work(Activity.WATCHING))
ONE, OTHER = Work(Activity.REMOVING, "/one"), Work(Activity.REMOVING, "/other")


def test_what_a_daemon_begins_is_told_at_once(tmp_path: Path) -> None:
    control = FileControl(tmp_path)
    with StateReporter(control) as told:
        for work in (Work(Activity.LOADING), Work(Activity.SCANNING, "/photos"), *SCANS):
            told.set(work=work)
            now = control.daemon()
            assert now
            assert now.work == work


def test_a_requested_scan_names_its_folder_and_several_name_none(tmp_path: Path) -> None:
    control = FileControl(tmp_path)
    assert control.requested_scan() is None
    control.request_scan(Path("/one"))
    control.request_scan(Path("/one"))
    assert control.requested_scan() == "/one"
    control.request_scan(Path("/other"))
    assert control.requested_scan() == ""
    control.take_scan_request()
    assert control.requested_scan() is None
    control.request_scan(Path(os.fsdecode(b"/caf\xe9")))
    assert control.requested_scan() == os.fsdecode(b"/caf\xe9")


def test_a_daemon_makes_way_only_while_somebody_asks_who_is_alive(tmp_path: Path) -> None:
    control = FileControl(tmp_path)
    with control.making_way(ONE):
        assert control.makes_way_for() == ONE
        with control.making_way(OTHER):
            assert control.makes_way_for() == OTHER
        assert control.makes_way_for() is None
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    request = {"work": asdict(ONE), "pid": ended.pid, "host": socket.gethostname()}
    (tmp_path / MAKING_WAY).write_text(json.dumps({**request, "written_at_s": time.time()}))
    assert control.makes_way_for() is None

"""What a daemon tells beside the database: believed while it lives, and not a moment longer."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.daemon_state import (
    BELIEVED_S,
    STATE,
    Desk,
    Telling,
)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_state_is_told_while_the_daemon_runs_and_gone_afterwards(tmp_path: Path) -> None:
    with Telling(Desk(tmp_path)) as told:
        told.set(queue=7, photos_per_s=2.5, left_s=3)
        until(lambda: Desk(tmp_path).daemon() == told.state)
        state = Desk(tmp_path).daemon()
        assert state
        assert (state.pid, state.host) == (os.getpid(), socket.gethostname())
    assert Desk(tmp_path).daemon() is None
    assert list(tmp_path.iterdir()) == []


def told_by(path: Path, **changes: object) -> None:
    """A state file with something changed in it, as it would be found."""
    with Telling(Desk(path)):
        until((path / STATE).exists)
        document = json.loads((path / STATE).read_bytes())
    (path / STATE).write_text(json.dumps({**document, **changes}))


def test_dead_process_is_not_taken_for_a_daemon(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    told_by(tmp_path, pid=ended.pid)
    assert Desk(tmp_path).daemon() is None


@pytest.mark.parametrize("host", [socket.gethostname(), "another-host"])
def test_old_sign_of_life_is_not_believed(tmp_path: Path, host: str) -> None:
    told_by(tmp_path, host=host)
    assert Desk(tmp_path).daemon()
    told_by(tmp_path, host=host, told_at_s=time.time() - BELIEVED_S - 1)
    assert Desk(tmp_path).daemon() is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 1}', "null"])
def test_damaged_file_is_no_daemon(tmp_path: Path, text: str) -> None:
    (tmp_path / STATE).write_text(text)
    assert Desk(tmp_path).daemon() is None


def test_pause_is_kept_until_resume_and_may_be_said_twice(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert not desk.is_paused()
    for say, paused in (
        (desk.pause, True),
        (desk.pause, True),
        (desk.resume, False),
        (desk.resume, False),
    ):
        say()
        assert Desk(tmp_path).is_paused() is paused

"""Progress in a pipe: plain lines, and none for work that does not take long."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from indexer.cli.progress import progress_shown


def test_lines_in_a_pipe_are_plain(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_shown() as progress:
        progress(0, 40)
        progress(32, 40)
        progress(40, 40)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("40 of 40 files, ")
    assert "\x1b" not in line


def test_nothing_to_do_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_shown() as progress:
        progress(0, 0)
    assert capsys.readouterr().err == ""


def test_work_goes_on_where_nobody_can_read_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        monkeypatch.setattr(sys, "stderr", full)
        with progress_shown() as progress:
            progress(1, 1)
        assert Path(f"/proc/self/fd/{full.fileno()}").readlink() == Path(os.devnull)

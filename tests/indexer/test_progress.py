"""Progress in a pipe: plain lines, and none for work that does not take long."""

from __future__ import annotations

import io

from indexer.progress import progress_on


def test_lines_in_a_pipe_are_plain() -> None:
    stream = io.StringIO()
    with progress_on(stream) as progress:
        progress(0, 40)
        progress(32, 40)
        progress(40, 40)
    (line,) = stream.getvalue().splitlines()
    assert line.startswith("40 of 40 files, ")
    assert "\x1b" not in line


def test_nothing_to_do_prints_nothing() -> None:
    stream = io.StringIO()
    with progress_on(stream) as progress:
        progress(0, 0)
    assert stream.getvalue() == ""

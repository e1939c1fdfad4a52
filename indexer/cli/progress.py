"""Progress of long work: a bar with rate and time left on a terminal, plain lines in a pipe."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import (
    Progress as Bar,
)
from rich.text import Text

from indexer.cli.terminal import say
from indexer.ingest.ingest import Progress
from indexer.plurals import counted

LINE_EVERY_S: Final = 10


@contextmanager
def progress_shown() -> Iterator[Progress]:
    """A Progress that shows itself on standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (TextColumn("photos"), BarColumn(), MofNCompleteColumn(), _Rate())
    with Bar(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("photos", total=None)

        def show(done: int, total: int) -> None:
            if not done:  # something else is counted from now on
                bar.reset(task)
            bar.update(task, completed=done, total=total)

        yield show


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "")


def _lines() -> Progress:
    started = last = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal started, last
        now = time.monotonic()
        if not done:  # something else is counted from now on
            started = last = now
        if not done or (now - last < LINE_EVERY_S and done < total):
            return
        last = now
        rate = done / max(now - started, 1e-3)
        left_s = (total - done) / rate
        say(f"{done} of {counted(total, 'file')}, {rate:.1f}/s, {left_s:.0f} s left")

    return show

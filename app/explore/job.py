"""Lets `indexer explore` run beside the page, at low priority: one at a time, for all visitors.

Knows nothing of what it computes.
"""

from __future__ import annotations

import atexit
import logging
import subprocess
import sys
import threading
from pathlib import Path

from clipcore.messages import Message, literal
from indexer.json_files import parsed
from indexer.records.status import ExploreProgress

log = logging.getLogger(__name__)


class Exploring:
    """Safe to use from several threads."""

    def __init__(self, library: Path) -> None:
        self._command = [
            sys.executable,
            "-m",
            "indexer.cli",
            "explore",
            "--json",
            "--library",
            str(library),
        ]
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self.doing: Message | None = None  # its last message
        self.error: Message | None = None  # why the last run failed, if it did

    @property
    def running(self) -> bool:
        """Whether it is at work."""
        return self._process is not None

    def start(self) -> None:
        """Start it, unless it runs."""
        with self._lock:
            if self._process is not None:
                return
            self.doing = self.error = None
            self._process = subprocess.Popen(
                [*self._command, "--nice", "19"],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            atexit.register(self._process.terminate)
            threading.Thread(target=self._follow, args=(self._process,), daemon=True).start()

    def _follow(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        last = ""
        error = None
        with process.stdout as lines:
            for line in map(str.strip, lines):
                try:
                    progress = parsed(line, ExploreProgress)
                except ValueError:  # other text: a log line, a traceback
                    last = line
                else:
                    self.doing, error = progress.doing or self.doing, progress.error
        failed = process.wait() != 0
        atexit.unregister(process.terminate)
        if failed:
            self.error = error or literal(last)
            log.warning("exploring failed: %s", self.error)
        self._process = None

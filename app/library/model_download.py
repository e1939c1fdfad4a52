"""Lets a model be downloaded beside the page: one at a time, for all visitors, whoever leaves.

A download that is interrupted goes on where it was when it is asked for again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from clipcore.checkpoints.hub import Progress
from clipcore.errors import ClipcoreError
from clipcore.messages import Message

log = logging.getLogger(__name__)


class _CancelledError(Exception):
    """Ends the download from within its progress."""


class Pulling:
    """Safe to use from several threads."""

    def __init__(self, pull: Callable[[str, Progress], object]) -> None:
        self._pull = pull
        self._lock = threading.Lock()
        self._cancelled = False
        self.model: str | None = None  # which is being downloaded
        self.share = 0.0  # of it that is here
        self.failed: dict[str, Message] = {}  # model -> why its last download failed

    def start(self, model: str) -> None:
        """Download that model, unless one is being downloaded."""
        with self._lock:
            if self.model is not None:
                return
            self.model, self.share, self._cancelled = model, 0.0, False
        self.failed.pop(model, None)
        threading.Thread(target=self._run, args=(model,), name="pull", daemon=True).start()

    def cancel(self) -> None:
        """Break the download off; what came so far is kept."""
        self._cancelled = True

    def _run(self, model: str) -> None:
        try:
            self._pull(model, self._progress)
        except _CancelledError:
            log.info("the download of %s was broken off", model)
        except ClipcoreError as error:
            log.warning("%s", error)
            self.failed[model] = error.message
        finally:
            self.model = None

    def _progress(self, here_bytes: int, total_bytes: int) -> None:
        if self._cancelled:
            raise _CancelledError
        self.share = here_bytes / max(1, total_bytes)

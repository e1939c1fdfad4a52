"""Low priority and few threads, seen from outside the process; no platform is crashed by it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import psutil
import pytest

from indexer.daemon.priority import lower_priority, on_battery


def output_of(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_priority_is_lowered_by_so_much() -> None:
    before = psutil.Process().nice()
    code = (
        "import psutil; from indexer.daemon.priority import lower_priority; "
        "lower_priority(5); print(psutil.Process().nice())"
    )
    assert output_of(code) == str(before + 5)


@pytest.mark.slow
def test_encoder_computes_with_as_many_threads_as_allowed() -> None:
    code = (
        "from indexer.daemon.priority import limit_threads; limit_threads(1); "
        "import torch; print(torch.get_num_threads())"
    )
    assert output_of(code) == "1"


def test_machine_without_a_battery_is_not_on_battery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(psutil, "sensors_battery", raising=False)
    assert on_battery() is False


def test_priority_that_may_not_be_changed_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(_: int) -> int:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "nice", refused)
    lower_priority(5)
    (message,) = caplog.messages
    assert "Operation not permitted" in message


def test_priority_of_nothing_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "nice", lambda _: pytest.fail("it was to stay"))
    lower_priority(0)

"""OpenVINO serves several threads from its first call on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from clipcore.families.clip import ClipEncoder
from tests.depth import deeper
from tests.parity.seeded import write_open_clip

pytestmark = pytest.mark.slow

TIMES = deeper(3)
FIRST_CALLS = f"""
import openvino, os, signal, sys, threading, torch
from clipcore.engines.engines import engine_names
sys.setswitchinterval(1e-6)

def first(start):
    start.wait()
    engine_names()
    openvino.Type.f32.to_dtype()

def two_at_once():
    start = threading.Barrier(2)
    threads = [threading.Thread(target=first, args=[start]) for _ in range(2)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()

for _ in range({TIMES}):
    if not (pid := os.fork()):  # to each fork the calls are the first
        signal.alarm(60)
        two_at_once()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
"""


def test_threads_that_use_it_first_at_once_do_not_wait_for_each_other() -> None:
    # a process that hangs holds the lock of all Python: only an end helps
    command = [sys.executable, "-c", FIRST_CALLS]
    assert subprocess.run(command, timeout=400, check=False).returncode == 0


def test_tower_computes_the_same_where_the_cache_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source = str(write_open_clip(tmp_path / "model"))
    pixels = np.random.default_rng(0).random((2, 3, 64, 64), dtype=np.float32)
    expected = ClipEncoder(source, engine="torch-float32").embed_images(pixels)
    caplog.clear()
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(in_the_way))
    found = ClipEncoder(source, engine="openvino-float32").embed_images(pixels)
    assert (found * expected).sum(axis=1).min() > 0.999
    unusable = [record.message for record in caplog.records if "cannot be used" in record.message]
    assert len(unusable) == 1
    assert str(in_the_way / "recollect") in unusable[0]

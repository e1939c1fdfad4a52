"""OpenVINO serves several threads from its first call on."""

from __future__ import annotations

import subprocess
import sys

FIRST_CALLS = """
import openvino, sys, threading
from clipcore.engines import _openvino
sys.setswitchinterval(1e-6)
start = threading.Barrier(2)
def first():
    start.wait()
    _openvino().Type.f32.to_dtype()
threads = [threading.Thread(target=first) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_threads_that_use_it_first_at_once_do_not_wait_for_each_other() -> None:
    for _ in range(3):  # a process that hangs holds the lock of all Python: only an end helps
        command = [sys.executable, "-c", FIRST_CALLS]
        assert subprocess.run(command, timeout=120, check=False).returncode == 0

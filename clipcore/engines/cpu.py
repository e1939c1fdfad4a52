"""The number of cores that may compute here."""

from __future__ import annotations

import os


def cores() -> int:
    """As many as OMP_NUM_THREADS says, which torch reads too; else those this process may use."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    if hasattr(os, "sched_getaffinity"):  # a container may have fewer than the machine
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

"""The daemon's share of the machine: priority, threads, and battery.

What a platform cannot do is left undone: the photos come in all the same.
"""

from __future__ import annotations

import logging
import os
import sys

import psutil

log = logging.getLogger(__name__)


def lower_priority(nice: int) -> None:
    """Let everybody else go first: 0 changes nothing, 19 is the lowest priority.

    Windows knows classes only: anything above 0 is "below normal" there.
    """
    if nice == 0:
        return
    try:
        if sys.platform == "win32":
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            os.nice(nice)
    except (OSError, psutil.Error) as error:
        log.warning("the priority stays as it is: %s", error)


def limit_threads(count: int) -> None:
    """Let the encoder compute with so many threads. Call it before torch or FAISS is loaded."""
    # read by OpenMP, in which torch, FAISS and most BLAS libraries compute, when it is loaded
    os.environ["OMP_NUM_THREADS"] = str(count)


def on_battery() -> bool:
    """Whether the machine runs on its battery; no where nobody can tell."""
    sensors = getattr(psutil, "sensors_battery", None)  # missing where psutil has no such sensor
    battery = sensors() if sensors else None
    return battery is not None and battery.power_plugged is False

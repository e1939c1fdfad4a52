"""Tries the engines of a model's text tower in a process of its own.

    python -m clipcore.families.text_trials SOURCE

A trial takes torch, the weights in float32 and their conversion: gigabytes for a large model. The
process of a search would keep them, so this one does it and ends; the results and the converted
model are in the cache then.
"""

from __future__ import annotations

import logging
import subprocess
import sys

log = logging.getLogger(__name__)


def try_text_engines(source: str) -> None:
    """Returns when the trials are remembered, or have failed: then the caller tries by itself."""
    log.info("trying engines for the texts of %s in a process of its own", source)
    command = [sys.executable, "-m", "clipcore.families.text_trials", source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        log.warning("the trials for %s have failed: %s", source, done.stderr.strip()[-500:])


def main(source: str) -> None:
    """Try all engines of this machine with the text tower of a model."""
    from clipcore.engines.choice import memory_path, try_engines
    from clipcore.engines.engines import engines_for
    from clipcore.families.registry import family_of

    tower = family_of(source).open(source, None, None).tower("text")
    try_engines(tower, engines_for(tower), memory_path())


if __name__ == "__main__":
    main(sys.argv[1])

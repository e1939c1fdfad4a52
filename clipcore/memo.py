"""What has been found out and can be found out anew: JSON files in the user's cache directory."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

log = logging.getLogger(__name__)


def cache_path() -> Path:
    """The directory: converted models, sizes of checkpoints, which engine is quickest."""
    return user_cache_path("recollect")


def read(path: Path) -> dict[str, Any]:
    """What was kept in a file; empty where there is none, or a damaged one."""
    try:
        stored = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except ValueError:
        log.warning("%s is damaged: what it held is found out anew", path)
        return {}
    return stored if isinstance(stored, dict) else {}


def write(path: Path, content: dict[str, Any]) -> None:
    """Written whole or not at all; of two processes that write at once, one wins."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(content, indent=2), "utf-8")
        temporary.replace(path)
    except OSError as error:
        log.warning("%s cannot be written, and is found out anew each time: %s", path, error)

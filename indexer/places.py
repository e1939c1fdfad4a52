"""Where a library lies when nobody says, and the directory it gets."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

from indexer.errors import RootError


def default_library() -> Path:
    """RECOLLECT_LIBRARY if it is set, else the platform's directory for a user's data."""
    named = os.environ.get("RECOLLECT_LIBRARY")
    return Path(named) if named else user_data_path("recollect", appauthor=False)


def make_directory(path: Path) -> None:
    """Make the directory `path`, if it is not there. Raises RootError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RootError(f"{path} cannot be made: {error.strerror}") from error

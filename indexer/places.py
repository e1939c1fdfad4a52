"""Where a library lies when nobody says."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path


def default_library() -> Path:
    """RECOLLECT_LIBRARY if it is set, else the platform's directory for a user's data."""
    named = os.environ.get("RECOLLECT_LIBRARY")
    return Path(named) if named else user_data_path("recollect", appauthor=False)

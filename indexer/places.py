"""Where a person's library lies when nobody says: the one default of the page and the command line.

Read by app/ and cli.py only; everything else is told its place.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import platformdirs

VARIABLE: Final = "RECOLLECT_LIBRARY"


def default_library() -> Path:
    """The directory that RECOLLECT_LIBRARY names, else the platform's place for user data."""
    if named := os.environ.get(VARIABLE):
        return Path(named).expanduser()
    return platformdirs.user_data_path("recollect", appauthor=False)

"""The page's scripts: ES modules that the browser fetches from this server, and keeps for good.

They lie beside the Python files that draw them. Their address has a hash of all of them: scripts of
another version have another one, and import each other by relative paths below it. Knows nothing of
what they draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from string import Template
from typing import Final

APP: Final = Path(__file__).parents[1]
LOADER: Final = Path(__file__).with_name("loader.js")
SCRIPTS_URL: Final = "scripts"
VERSION_DIGITS: Final = 16


@cache
def scripts() -> Mapping[str, bytes]:
    """All of them, by their paths below app/."""
    paths = sorted(path for path in APP.rglob("*.js") if path != LOADER)
    return {path.relative_to(APP).as_posix(): path.read_bytes() for path in paths}


@cache
def version() -> str:
    """The same for the same scripts, whichever server has them."""
    hashed = sha256()
    for name, content in scripts().items():
        hashed.update(f"{name} {len(content)} ".encode() + content)
    return hashed.hexdigest()[:VERSION_DIGITS]


def script_url(name: str) -> str:
    """The URL of the script with this name."""
    return f"/{SCRIPTS_URL}/{version()}/{name}"


def script(version_asked: str, name: str) -> bytes | None:
    """The script of this name; None where there is none, or another version is asked for."""
    return scripts().get(name) if version_asked == version() else None


def loader(name: str) -> str:
    """What Streamlit is given to run: it lets the script of this name draw."""
    template = Template(LOADER.read_text("utf-8"))
    return template.substitute(script=script_url(name).removeprefix("/"))

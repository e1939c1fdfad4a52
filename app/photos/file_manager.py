"""The file manager of the machine the page runs on, for a person who sits at that machine."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import streamlit as st

from indexer.serving.access import is_loopback


def can_show() -> bool:
    """Whether the visitor sits at this machine, as far as one can see, and it has one."""
    visitor = st.context.ip_address  # None: this machine
    return (
        is_loopback(st.get_option("server.address"))
        and (visitor is None or is_loopback(visitor))
        and has_file_manager()
    )


def has_file_manager(
    platform: str = sys.platform, environment: Mapping[str, str] = os.environ
) -> bool:
    """Whether this machine has a screen and a program that opens folders on it."""
    if platform in ("darwin", "win32"):
        return True
    has_screen = bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
    return has_screen and shutil.which("xdg-open", path=environment.get("PATH")) is not None


def show(path: Path) -> None:
    """Open the folder of this file; where the file manager can, with the file marked."""
    click.launch(str(path), locate=True)

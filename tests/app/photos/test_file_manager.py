"""Whether the machine that serves the page can show a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.photos.file_manager import has_file_manager


@pytest.fixture
def programs(tmp_path: Path) -> str:
    """A directory with a program that opens folders."""
    (tmp_path / "xdg-open").touch(mode=0o755)
    return str(tmp_path)


@pytest.mark.parametrize("screen", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_linux_needs_a_screen_and_the_program(programs: str, tmp_path: Path, screen: str) -> None:
    assert has_file_manager("linux", {screen: ":9", "PATH": programs})
    assert not has_file_manager("linux", {screen: "", "PATH": programs})
    assert not has_file_manager("linux", {screen: ":9", "PATH": str(tmp_path / "nothing")})


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_have_one(platform: str) -> None:
    assert has_file_manager(platform, {})

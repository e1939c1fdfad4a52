"""Whether the machine that serves the page can show a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st

from app.photos.file_manager import has_file_manager
from tests.app.events import send
from tests.app.test_main import ingested, page_over
from tests.photos import make_photo


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("visitor", "screen", "is_shown"),
    [("127.0.0.1", ":9", True), ("127.0.0.1", "", False), ("10.0.0.2", ":9", False)],
)
def test_folder_is_shown_only_to_a_visitor_who_sits_at_the_machine(
    tmp_path: Path,
    programs: str,
    monkeypatch: pytest.MonkeyPatch,
    visitor: str,
    screen: str,
    is_shown: bool,
) -> None:
    shown: list[str] = []
    monkeypatch.setattr("click.launch", lambda path, **_how: shown.append(path))
    monkeypatch.setenv("PATH", programs)
    monkeypatch.setenv("DISPLAY", screen)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(type(st.context), "ip_address", visitor)
    photo = make_photo(tmp_path / "photos" / "red.jpg", "red")
    library = ingested(tmp_path)
    send(page_over(library, photo="1"), "recollect_detail", "act", "folder")
    assert shown == ([str(photo)] if is_shown else [])
    library.close()

"""What a server does before its first visitor comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.ui.library_handle import search_once
from tests.app.serving import served
from tests.waiting import eventually

pytestmark = pytest.mark.slow


def test_server_loads_what_the_first_search_needs(own_library: Path) -> None:
    for embedded in own_library.glob("generic-texts-*"):
        embedded.unlink()
    with served(own_library):  # it is written once a model has embedded texts
        eventually(lambda: any(own_library.glob("generic-texts-*")))


def test_no_library_is_no_trouble_for_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RECOLLECT_LIBRARY", str(tmp_path / "none"))
    with caplog.at_level("INFO", logger="app"):
        search_once()
    assert "the first search will load what it needs: " in caplog.text

"""What a server does before its first visitor comes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from app.ui.library_handle import search_once
from tests.app.serving import WAIT_MS, served


def test_server_loads_what_the_first_search_needs(own_library: Path) -> None:
    embedded = own_library / "generic-texts.bin"  # written once a model has embedded texts
    embedded.unlink(missing_ok=True)
    until = time.monotonic() + WAIT_MS / 1000
    with served(own_library):
        while not embedded.exists() and time.monotonic() < until:
            time.sleep(0.05)
    assert embedded.exists()


def test_no_library_is_no_trouble_for_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RECOLLECT_LIBRARY", str(tmp_path / "none"))
    with caplog.at_level("INFO"):
        search_once()
    assert "the first search will load what it needs: " in caplog.text

"""What a rebuild says where a folder is missing: one of photos, or a place for the library."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import run_indexer, starter_library
from tests.photos import make_photo

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("sample_library")]  # engines are tried


def test_library_without_folders_says_that_one_is_needed(tmp_path: Path) -> None:
    starter_library(tmp_path / "library").close()
    done = run_indexer("rebuild", "--library", tmp_path / "library")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no photo directory yet" in done.stderr


def test_folder_that_is_gone_is_told_and_its_photos_are_kept(tmp_path: Path) -> None:
    photos, at = tmp_path / "photos", ("--library", tmp_path / "library")
    make_photo(photos / "red.png", "red")
    run_indexer("rebuild", photos, *at, "--model", "starter")
    photos.rename(tmp_path / "away")
    done = run_indexer("rebuild", *at)
    assert done.returncode == 0
    assert done.stderr.startswith(f"indexer: {photos}")
    assert "1 photo" in run_indexer("status", *at).stdout


@pytest.mark.parametrize("command", ["status", "rebuild"])
def test_place_that_the_system_refuses_is_named_in_one_line(tmp_path: Path, command: str) -> None:
    place = tmp_path / ("long" * 100)
    done = run_indexer(command, "--library", place)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"indexer: {place}")
    assert "name too long" in done.stderr

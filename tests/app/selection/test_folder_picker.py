"""The walk through folders, in Streamlit's own test harness, over real ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from indexer.environment import FOLDERS
from tests.app.views.test_library import press, words

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder in which one may choose, with three in it."""
    for name in ("attic", "Pictures", "Videos"):
        (tmp_path / "home" / name).mkdir(parents=True)
    monkeypatch.setenv(FOLDERS, str(tmp_path / "home"))
    return tmp_path / "home"


def picker() -> AppTest:
    def script() -> None:
        from app.selection.folder_picker import folder_picker

        folder_picker(None, done="Add {folder}")  # type: ignore[arg-type] # nothing is added

    test = AppTest.from_function(script, default_timeout=30).run()
    assert not test.exception
    return test


def keys(test: AppTest) -> set[str | None]:
    return {button.key for button in test.button}


def test_of_several_folders_one_is_opened_before_anything_can_be_added(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = home.with_name("drive")
    drive.mkdir()
    monkeypatch.setenv(FOLDERS, os.pathsep.join((str(home), str(drive))))
    test = picker()
    assert "Open the folder that holds your photos." in words(test)
    assert "picker_add" not in keys(test)
    press(test, str(drive))
    assert "picker_add" in keys(test)
    test.button(key="picker_all").click().run()
    assert "picker_add" not in keys(test)


def test_folder_that_has_gone_since_it_was_listed_is_told(home: Path) -> None:
    test = picker()
    (home / "attic").rmdir()
    press(test, "attic")
    assert "This folder cannot be opened: No such file or directory" in words(test)
    test.button(key="picker_step_0").click().run()
    assert not test.error


def test_of_very_many_folders_some_are_listed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.selection.folder_picker.SHOWN", 2)
    test = picker()
    assert {"picker_folder_0", "picker_folder_1"} == {
        key for key in keys(test) if key and key.startswith("picker_folder")
    }
    assert "and 1 more" in words(test)

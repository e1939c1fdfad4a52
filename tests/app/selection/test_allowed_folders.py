"""Which folders a person may look at, over real ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.selection.allowed_folders import folders_in, tops, trail
from indexer.environment import FOLDERS


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("home/Pictures/2019", "home/attic", "home/.hidden", "elsewhere/secret"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "home" / "notes.txt").touch()
    return tmp_path / "home"


def test_only_visible_folders_are_listed_by_name(home: Path) -> None:
    assert [path.name for path in folders_in(home, [home])] == ["attic", "Pictures"]


def test_nothing_outside_is_listed(home: Path) -> None:
    for outside in (home.parent, home / "..", home.parent / "elsewhere", Path("/")):
        with pytest.raises(PermissionError):
            folders_in(outside, [home])


def test_link_that_leads_out_is_neither_listed_nor_followed(home: Path) -> None:
    (home / "way out").symlink_to(home.parent / "elsewhere")
    (home / "way in").symlink_to(home / "Pictures")
    assert "way out" not in [path.name for path in folders_in(home, [home])]
    assert "way in" in [path.name for path in folders_in(home, [home])]
    with pytest.raises(PermissionError):
        folders_in(home / "way out", [home])


def test_home_is_the_only_top_unless_others_are_named(home: Path) -> None:
    assert tops({}) == (Path.home().resolve(),)
    named = os.pathsep.join(map(str, (home, home.parent / "elsewhere")))
    assert tops({FOLDERS: named}) == (home, home.parent / "elsewhere")


def test_trail_begins_at_the_top(home: Path) -> None:
    assert trail(home / "Pictures" / "2019", [home]) == [
        home,
        home / "Pictures",
        home / "Pictures" / "2019",
    ]
    assert trail(home, [home]) == [home]


def test_link_that_cannot_be_followed_hides_no_other_folder(home: Path) -> None:
    (home / "circle").symlink_to("circle")
    (home / "one way").symlink_to("the other")
    (home / "the other").symlink_to("one way")
    (home / "long").symlink_to("x" * 300)
    (home / "dead").symlink_to("nowhere")
    assert [path.name for path in folders_in(home, [home])] == ["attic", "Pictures"]
    with pytest.raises(PermissionError):
        folders_in(home / "circle", [home])


def test_folder_whose_name_is_not_utf8_is_left_out_and_hides_no_other(home: Path) -> None:
    unnamed = home / os.fsdecode(b"caf\xe9")
    unnamed.mkdir()
    assert [path.name for path in folders_in(home, [home])] == ["attic", "Pictures"]
    assert tops({FOLDERS: os.pathsep.join((str(unnamed), str(home)))}) == (home,)

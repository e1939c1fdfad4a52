"""Ticked photos: exported, copied and searched with, in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from indexer.library.library import open_library
from tests.app.serving import names, served
from tests.conftest import SAMPLE

pytestmark = pytest.mark.browser

BEARS = "?q=a+polar+bear+in+the+snow&all=1"


@pytest.fixture(scope="module")
def home(sample_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where folders may be chosen, beside a library of its own.

    One is free, the other holds photos of the library.
    """
    base = tmp_path_factory.mktemp("selection")
    home = base / "home"
    (home / "Copies").mkdir(parents=True)
    (home / "Photos").mkdir()
    library = open_library(Path(shutil.copytree(sample_library, base / "library")))
    library.add_root(home / "Photos")
    library.close()
    return home


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with served(home.with_name("library")) as address:
        yield address


@pytest.fixture
def two(page: Page, address: str) -> list[Path]:
    """The first two photos, ticked."""
    page.goto(address + BEARS)
    ticked = names(page)[:2]
    for name in ticked:
        page.get_by_role("checkbox", name=f"Select {name}").click()
    expect(page.locator(".st-key-selection_bar")).to_contain_text("2 photos selected")
    return [next(SAMPLE.rglob(name)) for name in ticked]


def exported(page: Page, label: str) -> Path:
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as downloading:
        page.get_by_role("link", name=label).click()
    return downloading.value.path()


@pytest.mark.long  # test_ways.py exports, test_exports.py has forms
def test_paths_are_exported_in_each_form_and_photos_as_a_zip(page: Page, two: list[Path]) -> None:
    assert exported(page, "(.txt)").read_text("utf-8").splitlines() == list(map(str, two))
    page.keyboard.press("Escape")
    assert [Path(one["path"]) for one in json.loads(exported(page, "(.json)").read_text())] == two
    page.keyboard.press("Escape")
    rows = exported(page, "(.csv)").read_text("utf-8-sig").splitlines()
    assert len(rows) == 3
    assert str(two[0]) in rows[1]
    page.keyboard.press("Escape")
    with zipfile.ZipFile(exported(page, "zip")) as archive:
        assert archive.namelist() == [path.name for path in two]
        assert [archive.read(path.name) for path in two] == [path.read_bytes() for path in two]


@pytest.mark.long  # test_explore.py has it for a group
def test_more_like_these_is_the_next_query(page: Page, two: list[Path]) -> None:
    page.get_by_role("button", name="More like these").click()
    expect(page.get_by_label("Search your photos")).to_have_value(re.compile(r"#\d+ \+ #\d+"))
    for path in two:
        expect(page.locator(".opener .name").filter(has_text=path.name)).to_have_count(0)
    assert names(page)


def test_copies_go_where_they_may_and_overwrite_nothing(
    page: Page, two: list[Path], home: Path
) -> None:
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_role("button", name="Photos", exact=True).click()
    page.get_by_role("button", name="Copy 2 photos here").click()
    expect(page.get_by_text("Nothing is written into")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name=home.name).click()
    new_folder = page.get_by_label("In a new folder (optional)")
    new_folder.fill("../elsewhere")
    page.get_by_role("button", name="Copy 2 photos here").click()
    expect(page.get_by_text("This cannot be the name of a folder.")).to_be_visible()
    new_folder.fill("")
    for expected in (2, 4):
        page.get_by_role("button", name="Copies", exact=True).click()
        page.get_by_role("button", name="Copy 2 photos here").click()
        expect(page.get_by_text("2 files were copied to:")).to_be_visible()
        assert len(list((home / "Copies").iterdir())) == expected
        page.keyboard.press("Escape")  # the button that had the keyboard is gone
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.get_by_role("button", name="Copy", exact=True).click()
    copied = {path.read_bytes() for path in (home / "Copies").iterdir()}
    assert copied == {path.read_bytes() for path in two}
    assert list((home / "Photos").iterdir()) == []

"""Which directories may hold photos, which may hold a library, and what names neither may have."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer.errors import LibraryError, QueryError, RootError
from indexer.library.copying import copy_library
from indexer.library.directory import LibraryDirectory
from indexer.library.library import Library, open_library
from indexer.location import location
from indexer.paths import VARIABLE, holds_library, is_library, library_directory
from indexer.records.changes import IngestReport
from tests.commands import run_indexer
from tests.conftest import on_sqlite
from tests.fakes import ColourEncoder
from tests.photos import make_photo

BAD_NAME = os.fsdecode(b"\xff")


def opened(path: Path, **options: Any) -> Library:
    encoder = ColourEncoder()
    return open_library(path, model="colour", open_encoder=lambda _: encoder, **options)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    make_photo(tmp_path / "photos" / "red.png", "red")
    make_photo(tmp_path / "photos" / ".hidden" / "green.png", "green")
    make_photo(tmp_path / "photos" / "raw" / "deep" / "blue.png", "blue")
    return tmp_path / "photos"


@pytest.fixture
def library(place: Path, photos: Path) -> Iterator[Library]:
    library = opened(place, create=True)
    library.add_root(photos, ["raw/"])
    yield library
    library.close()


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another library, which has a thumbnail."""
    make_photo(tmp_path / "elsewhere" / "lime.png", "lime")
    library = opened(tmp_path / "other", create=True)
    library.add_root(tmp_path / "elsewhere")
    rebuild(library)
    library.close()
    assert len(list((tmp_path / "other" / "thumbnails").rglob("*.jpg"))) == 1
    return tmp_path / "other"


def rebuild(library: Library) -> IngestReport:
    with library.writing():
        return library.rebuild()


def found(library: Library) -> set[str]:
    return {hit.photo.path.name for hit in library.search("red", 99).hits}


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# a folder that a known root leaves out


@pytest.mark.parametrize(
    ("folder", "photo"), [(".hidden", "green.png"), ("raw", "blue.png"), ("raw/deep", "blue.png")]
)
@on_sqlite
def test_folder_that_a_known_root_leaves_out_becomes_a_root_of_its_own(
    library: Library, photos: Path, folder: str, photo: str
) -> None:
    root = library.add_root(photos / folder)
    assert root.path == photos / folder
    assert library.add_root(photos / folder) == root
    rebuild(library)
    assert found(library) == {"red.png", photo}
    assert library.add_root(root.path / "nothing" / "..") == root


@on_sqlite
def test_folder_within_a_known_root_belongs_to_it(library: Library, photos: Path) -> None:
    (photos / "seen").mkdir()
    assert library.add_root(photos / "seen").path == photos


# libraries and photo directories


def test_folder_of_a_library_is_known_by_its_database_and_a_lock() -> None:
    assert holds_library(["library.db", "writer.json", "thumbnails"])
    assert holds_library(["database-url", "daemon.lock"])
    assert not holds_library(["library.db", "thumbnails", "photo.jpg"])  # another program's
    assert not holds_library(["writer.json"])


def test_folder_that_cannot_be_listed_is_taken_for_no_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("library.db", "writer.json"):
        (tmp_path / name).touch()
    assert is_library(tmp_path)

    def refused(_: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refused)
    assert not is_library(tmp_path)


@on_sqlite
def test_another_library_below_a_root_is_left_out(
    library: Library, photos: Path, other: Path
) -> None:
    other.rename(photos / "other")
    (photos / "link.jpg").symlink_to(next((photos / "other" / "thumbnails").rglob("*.jpg")))
    (photos / "link").symlink_to(photos / "other" / "thumbnails")
    rebuild(library)
    assert found(library) == {"red.png"}
    thumbnail = next((photos / "other" / "thumbnails").rglob("*.jpg"))
    with library.writing():
        assert library.update([thumbnail, thumbnail.parent, photos / "other"]).embedded == 0


@on_sqlite
def test_thumbnails_that_came_in_before_leave_however_many_they_are(
    library: Library, photos: Path
) -> None:
    for seed in range(30):
        make_photo(photos / "other" / "thumbnails" / f"{seed}.png", "green", seed=seed)
    assert rebuild(library).embedded == 31
    for name in ("library.db", "writer.json"):
        (photos / "other" / name).touch()
    report = rebuild(library)
    assert (report.missing, report.notices, found(library)) == (30, (), {"red.png"})


@on_sqlite
def test_root_that_holds_a_library_all_the_same_has_its_photos_found_and_no_thumbnail(
    library: Library, photos: Path
) -> None:
    make_photo(photos / "thumbnails" / "ab" / "x.png", "green")
    for name in ("library.db", "writer.json"):
        (photos / name).touch()
    rebuild(library)
    assert found(library) == {"red.png"}


@on_sqlite
def test_library_and_its_thumbnails_cannot_be_photo_directories(
    library: Library, other: Path
) -> None:
    for directory in (other, other / "thumbnails", next((other / "thumbnails").iterdir())):
        with pytest.raises(RootError, match="is a library: the pictures in it are thumbnails"):
            library.add_root(directory)


@pytest.mark.slow
@on_sqlite
def test_root_around_the_library_leaves_it_out(library: Library, tmp_path: Path) -> None:
    rebuild(library)
    make_photo(tmp_path / "more.png", "blue")
    library.add_root(tmp_path)
    report = rebuild(library)
    assert (report.embedded, found(library)) == (1, {"red.png", "more.png"})


@pytest.mark.parametrize("inside", ["", "library", "a/b"])
def test_new_library_in_a_photo_directory_is_refused_before_anything_is_written(
    photos: Path, inside: str
) -> None:
    before = sorted(photos.rglob("*"))
    with pytest.raises(RootError, match=r"never written to|the library itself"):
        opened(photos / inside, create=True, directories=[photos])
    assert sorted(photos.rglob("*")) == before


def test_new_library_in_a_hidden_folder_of_a_photo_directory_is_made(photos: Path) -> None:
    opened(photos / ".library", create=True, directories=[photos]).close()
    assert (photos / ".library" / "library.db").exists()


def test_new_library_is_not_made_for_a_directory_that_is_none(tmp_path: Path) -> None:
    for directory in (tmp_path / "nosuch", location("nosuch://bucket/photos")):
        with pytest.raises(RootError):
            opened(tmp_path / "new", create=True, directories=[directory])
    assert not (tmp_path / "new").exists()


@on_sqlite
def test_copy_into_a_photo_directory_is_refused_before_anything_is_written(
    library: Library, photos: Path
) -> None:
    before = sorted(photos.rglob("*"))
    with pytest.raises(LibraryError, match=f"lie in the photo directory {photos}"):
        copy_library(LibraryDirectory(library.path), LibraryDirectory(photos / "copy"))
    assert sorted(photos.rglob("*")) == before


# names


@on_sqlite
def test_directory_whose_name_is_not_utf8_is_refused_by_name(
    library: Library, tmp_path: Path
) -> None:
    bad = tmp_path / BAD_NAME
    try:
        bad.mkdir()
    except OSError:
        pytest.skip("this file system takes no such names")
    with pytest.raises(RootError, match=r"\\xff: its name is not valid UTF-8: rename it"):
        library.add_root(bad)
    with pytest.raises(RootError, match=r"\\xff is not a photo directory"):
        library.remove_root(bad)
    with pytest.raises(LibraryError, match=r"\\xff cannot hold a library"):
        library_directory(str(bad))


@on_sqlite
def test_query_that_is_not_utf8_is_refused(library: Library) -> None:
    with pytest.raises(QueryError, match="not valid UTF-8"):
        library.search(f"a red {BAD_NAME}")


EMPTY = [
    ["rebuild", ""],
    ["rebuild", "  ", "{photos}"],
    ["watch", ""],
    ["serve", "\t"],
    ["roots", "add", ""],
    ["roots", "remove", " "],
    ["copy", "", "x"],
    ["copy", "{photos}", ""],
    ["status", "--library", ""],
    ["search", "red", "--library", "  "],
    ["search", "red", "--model", ""],
    ["serve", "--oidc", ""],
    ["models", "use", ""],
    ["roots", "add", "{photos}", "--exclude", "   "],
]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", EMPTY, ids=" ".join)
def test_empty_path_is_wrong_usage(
    arguments: list[str], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "library"))
    done = run_indexer(*(argument.format(photos=photos) for argument in arguments))
    assert done.returncode == 2, done.stdout + done.stderr
    assert names_in(tmp_path) == {"photos"}


@pytest.mark.parametrize("named", ["", " "])
def test_empty_variable_for_the_library_is_wrong_usage(
    named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, named)
    done = run_indexer("status")
    assert done.returncode == 2
    assert VARIABLE in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", ["rebuild", "watch"])
def test_no_library_is_made_without_a_directory(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run_indexer(command, "--library", "new")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert names_in(tmp_path) == set()


@pytest.mark.parametrize(
    "url", ["sqlite:///x", "MySQL://me:secret@host/album", "s3://bucket/album", "nope://x"]
)
def test_url_that_is_no_database_of_ours_is_refused_without_its_password(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LibraryError, match="a library is a directory or postgresql://") as refused:
        library_directory(url)
    assert "secret" not in str(refused.value)
    assert names_in(tmp_path) == set()


def test_quoted_tilde_is_the_home(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert library_directory("~/library") == tmp_path / "library"
    library = opened(library_directory("~/library"), create=True)
    assert library.add_root(location("~/photos")).path == photos
    with pytest.raises(RootError, match="not a visible directory"):
        library.add_root(location("~nobody-has-this-name/photos"))
    library.close()


@pytest.mark.slow
def test_output_that_is_not_utf8_gets_json_and_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Latin-1 lacks these names: JSON escapes them, and text in a pipe keeps their bytes."""
    broken = tmp_path / "photos" / "熊猫 😀.png"
    broken.parent.mkdir()
    broken.touch()
    library = opened(tmp_path / "library", create=True)
    library.add_root(broken.parent)
    rebuild(library)
    library.close()
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")

    def printed(*arguments: object) -> bytes:
        command = [sys.executable, "-m", "indexer.cli", "failures", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, check=False)
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
        return done.stdout

    (failure,) = json.loads(printed("--json", "--library", library.path))
    assert failure["path"] == str(broken)
    assert os.fsencode(broken) in printed("--library", library.path)

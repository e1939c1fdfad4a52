"""Exports: each form tells every photo, and a zip holds the very bytes."""

from __future__ import annotations

import csv
import io
import json
import os
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path

import pytest

from app.selection.exports import MISSING, as_csv, as_json, as_txt, free_name, paths_of, zipped
from app.selection.safe_text import safe_name
from indexer.location import RemotePath
from indexer.records.photos import Facts, Item, Photo

FACTS = Facts(64, 48, "JPEG", taken_at=datetime(2019, 6, 30, 12), camera="x, y", latitude_deg=1.5)


def photo(path: Path, number: int = 1) -> Photo:
    return Photo(number, path, 7, 0, b"", FACTS)


def test_text_has_a_path_a_line() -> None:
    photos = [photo(Path("/a/日本.jpg")), photo(Path("/b/x.jpg"))]
    assert as_txt(photos).decode() == "/a/日本.jpg\n/b/x.jpg\n"


def test_text_has_all_files_of_a_photo() -> None:
    items = [Item(photo(Path("/a/1.jpg")), (photo(Path("/a/1.cr2")),)), Item(photo(Path("/b.jpg")))]
    assert paths_of(items).decode() == "/a/1.jpg\n/a/1.cr2\n/b.jpg\n"


def test_table_and_objects_tell_the_same() -> None:
    raw, film = photo(Path("/a/1.cr2")), photo(Path("/a/1.mov"))
    items = [Item(photo(Path('/a/"1", 日本.jpg'), 5), (raw, film))]
    (row,) = csv.DictReader(io.StringIO(as_csv(items).decode("utf-8-sig")))
    (printed,) = json.loads(as_json(items))
    assert row.pop("other_files").splitlines() == printed.pop("other_files")
    assert row == {name: "" if value is None else str(value) for name, value in printed.items()}
    assert (printed["path"], printed["photo_id"], printed["camera"]) == (
        '/a/"1", 日本.jpg',
        5,
        "x, y",
    )
    assert (printed["date"], printed["date_source"]) == ("2019-06-30T12:00:00", "exif")


HOSTILE = (
    "=cmd|' /C calc'!A0.jpg",
    "+1.jpg",
    "-1.jpg",
    "@SUM(A1).jpg",
    "\t=1.jpg",
    "two\nlines.jpg",
    "two\r\nlines.jpg",
    "back\\slash\n.jpg",
    "\u2028.jpg",
    "\udcff.jpg",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_and_cameras_are_no_formulas_in_a_table(name: str) -> None:
    one = replace(photo(Path(name)), facts=replace(FACTS, camera=name, latitude_deg=-1.5))
    (row,) = csv.DictReader(io.StringIO(as_csv([Item(one)]).decode("utf-8-sig")))
    for cell in (row["path"], row["camera"]):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
        assert cell.removeprefix("'") == name.replace("\udcff", "?")
    assert row["latitude_deg"] == "-1.5"  # a number stays one


@pytest.mark.parametrize("name", HOSTILE)
def test_each_name_is_one_line_and_all_can_be_told_apart(name: str) -> None:
    (line,) = as_txt([photo(Path("/a") / name)]).splitlines()
    text = os.fsdecode(line)
    assert len(text.splitlines()) == 1
    if text.startswith("\\"):
        text = text[1:].encode("latin-1", "backslashreplace").decode("unicode_escape")
    assert text == f"/a/{name}"


@pytest.mark.parametrize("name", HOSTILE)
def test_objects_have_every_name_as_it_is(name: str) -> None:
    assert json.loads(as_json([Item(photo(Path("/a") / name))]))[0]["path"] == f"/a/{name}"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a.jpg", "a.jpg"),
        ("日本 (1).jpg", "日本 (1).jpg"),
        (".hidden", ".hidden"),
        ("C:\\windows\\x.jpg", "C__windows_x.jpg"),
        ("con.jpg", "_con.jpg"),
        ("COM1", "_COM1"),
        ("lpt¹ .tar.gz", "_lpt¹ .tar.gz"),
        ("..\\..\\x.jpg", ".._.._x.jpg"),
        ("..", "_"),
        (" a. . ", "a"),
        ("a\nb\x00.jpg", "a_b_.jpg"),
        ("\u202egpj.exe", "_gpj.exe"),
        ("\udcff.jpg", "_.jpg"),
        ("日" * 200 + ".jpeg", "日" * 65 + ".jpeg"),
    ],
)
def test_name_in_a_zip_is_safe_on_each_system(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_names_that_are_made_safe_differ_still(tmp_path: Path) -> None:
    names = ["a:b.jpg", "a?b.jpg", "A_B.jpg", "e\u0301.jpg", "\u00e9.jpg", "con.jpg", "_con.jpg"]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    made = b"".join(zipped([photo(tmp_path / name) for name in names]))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.namelist() == [
            *("a_b.jpg", "a_b (2).jpg", "A_B (3).jpg", "e\u0301.jpg", "\u00e9 (2).jpg"),
            *("_con.jpg", "_con (2).jpg"),
        ]


def test_coordinates_are_told_without_what_reckoning_leaves_over() -> None:
    here = replace(FACTS, latitude_deg=41.9 + 1 / 3e8, longitude_deg=12.305200000000001)
    photos = [replace(photo(Path("/a.jpg")), facts=here)]
    (printed,) = json.loads(as_json(map(Item, photos)))
    assert (printed["latitude_deg"], printed["longitude_deg"]) == (41.9, 12.3052)
    assert b",41.9,12.3052\r\n" in as_csv(map(Item, photos))


def test_zip_holds_the_bytes_under_names_that_differ(tmp_path: Path) -> None:
    paths = [tmp_path / part / "IMG.jpg" for part in "abc"]
    for number, path in enumerate(paths):
        path.parent.mkdir()
        path.write_bytes(bytes([number]) * 9)
    paths[1].rename(paths[1].with_name("img.JPG"))
    photos = [photo(path.with_name("img.JPG") if path == paths[1] else path) for path in paths]
    stream = zipped(photos)
    expected, made = len(stream), b"".join(stream)
    assert len(made) == expected
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["IMG.jpg", "img (2).JPG", "IMG (3).jpg"]
        assert [archive.read(name)[0] for name in archive.namelist()] == [0, 1, 2]


def test_zip_holds_photos_behind_urls(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"7 bytes")
    stream = zipped([replace(photo(tmp_path), path=RemotePath(f"file://{tmp_path}/a.jpg"))])
    expected, made = len(stream), b"".join(stream)
    assert len(made) == expected
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.read("a.jpg") == b"7 bytes"


def test_zip_tells_what_it_lacks(tmp_path: Path) -> None:
    made = b"".join(zipped([photo(tmp_path / "gone.jpg")]))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.read(MISSING).decode() == f"{tmp_path / 'gone.jpg'}\n"


def test_zip_tells_what_went_just_when_it_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.setattr(
        "os.path.exists", lambda path: Path(path).name != "a.jpg"
    )  # the second look
    made = b"".join(zipped([photo(tmp_path / name) for name in ("a.jpg", "b.jpg")]))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.namelist() == ["b.jpg", MISSING]
        assert archive.read(MISSING).decode() == f"{tmp_path / 'a.jpg'}\n"


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_folder(path: Path) -> None:
    path.mkdir()
    (path / "inside.jpg").write_bytes(b"x")


NO_FILES = (a_pipe, a_device, a_folder)


@pytest.mark.parametrize("make", NO_FILES)
def test_zip_lacks_what_is_no_file(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "a.jpg")
    made = b"".join(zipped([photo(tmp_path / "a.jpg")]))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.namelist() == [MISSING]


@pytest.mark.parametrize("make", NO_FILES)
def test_zip_breaks_off_at_what_is_no_file_any_more(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    stream = zipped([photo(tmp_path / "a.jpg")])
    (tmp_path / "a.jpg").unlink()
    make(tmp_path / "a.jpg")
    with pytest.raises(OSError, match=r"is no file|Is a directory"):
        b"".join(stream)


def test_zip_holds_photos_that_are_links_with_the_times_of_their_files(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    os.utime(tmp_path / "a.jpg", (1_000_000_000, 1_000_000_000))
    (tmp_path / "link.jpg").symlink_to("a.jpg")
    made = b"".join(zipped([photo(tmp_path / "link.jpg")]))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        (member,) = archive.infolist()
        assert (member.filename, archive.read(member)) == ("link.jpg", b"x")
        assert member.date_time == datetime.fromtimestamp(1_000_000_000).timetuple()[:6]


class Incomparable(Photo):
    """Of thousands, each compared with each other would keep the visitor waiting."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        raise AssertionError("photos are compared with each other")


def test_zip_of_thousands_starts_at_once_and_is_never_in_memory(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(bytes(8_000_000))
    photos = [photo(tmp_path / "photo.jpg", number) for number in range(20)]
    photos = [Incomparable(**{f.name: getattr(one, f.name) for f in fields(one)}) for one in photos]
    tracemalloc.start()
    try:
        stream = zipped([*photos, photo(tmp_path / "gone.jpg")])
        sent = sum(map(len, stream))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent > 20 * 8_000_000
    assert peak < 8_000_000


def test_name_that_is_free_stays() -> None:
    assert free_name("a.b.jpg", {"x"}.__contains__) == "a.b.jpg"
    assert free_name("a.b.jpg", {"a.b.jpg", "a.b (2).jpg"}.__contains__) == "a.b (3).jpg"

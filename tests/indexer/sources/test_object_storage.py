"""Photos behind URLs, in memory and on a real server that speaks S3: the rules of a library."""

from __future__ import annotations

import io
import os
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from moto.server import ThreadedMotoServer
from PIL import Image
from sqlalchemy import inspect, text

from indexer.cli.output import search_document
from indexer.daemon.daemon import Daemon
from indexer.errors import RootError
from indexer.imaging.preview import large_picture
from indexer.library.indexing import RebuildOptions
from indexer.library.library import Library, open_library
from indexer.location import RemotePath, location
from indexer.paths import library_directory
from indexer.records.changes import IngestReport
from tests.commands import run_indexer
from tests.fakes import ColourEncoder
from tests.indexer.taking_in import as_host
from tests.photos import photo_bytes
from tests.postgres_server import Server
from tests.stores import store_of, thumbnails_of
from tests.waiting import eventually

pytestmark = pytest.mark.slow

SECRET = "dont-tell-anybody"
COLOURS = ("red", "green", "blue")


class MoodyFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """Keeps files in memory; denies what it is told to deny."""

    protocol = "moody"
    denied: str | None = None

    def ls(self, path: str, detail: bool = True, **more: Any) -> Any:
        if self.denied is not None and path.endswith(self.denied):
            raise PermissionError(13, "Access Denied")
        return super().ls(path, detail, **more)


fsspec.register_implementation("moody", MoodyFileSystem)


class Storage:
    """A folder of a file system that is not this machine's."""

    def __init__(self, url: str) -> None:
        self.folder = RemotePath(url)
        self.system, self.path = fsspec.core.url_to_fs(url)

    def put(self, name: str, colour: str, seed: int = 0) -> None:
        self.system.pipe_file(f"{self.path}/{name}", photo_bytes(colour, seed=seed))

    def move(self, name: str, new: str) -> None:
        self.system.mv(f"{self.path}/{name}", f"{self.path}/{new}")

    def remove(self, name: str) -> None:
        self.system.rm(f"{self.path}/{name}", recursive=True)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    """A bucket on a server that nothing else has written to."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    storage = Storage("s3://bucket/photos")
    storage.system.mkdir("bucket")
    yield storage
    urllib.request.urlopen(urllib.request.Request(f"{s3_endpoint}/moto-api/reset", method="POST"))
    type(storage.system).clear_instance_cache()


@pytest.fixture
def moody() -> Iterator[Storage]:
    yield Storage("moody://photos")
    MoodyFileSystem.denied = None
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.fixture(params=["moody", "s3"])
def storage(request: pytest.FixtureRequest) -> Storage:
    found: Storage = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def library(place: Path) -> Iterator[Library]:
    encoder = ColourEncoder()
    opened = open_library(place, create=True, model="colour", open_encoder=lambda _: encoder)
    yield opened
    opened.close()


def filled(library: Library, storage: Storage) -> Library:
    """Three photos, one of them in a folder, taken in."""
    storage.put("red.png", "red")
    storage.put("green.png", "green")
    storage.put("2019 #1/blue?.png", "blue")
    library.add_root(storage.folder)
    assert counts(rebuild(library)) == {"embedded": 3}
    return library


def rebuild(library: Library, **options: bool) -> IngestReport:
    with library.writing():
        return library.rebuild(RebuildOptions(**options))


def counts(report: IngestReport) -> dict[str, int]:
    names = ("embedded", "known", "moved", "missing", "restored", "failed", "deferred")
    return {name: number for name in names if (number := getattr(report, name))}


def found(library: Library, query: str) -> str:
    return str(library.search(query, 1).hits[0].photo.path)


def test_photos_behind_a_url_are_found_under_their_urls(library: Library, storage: Storage) -> None:
    filled(library, storage)
    assert found(library, "blue") == f"{storage.folder}/2019 #1/blue?.png"
    document = search_document(library.search("red", 1))
    assert document["hits"][0]["path"] == f"{storage.folder}/red.png"
    assert library.search('red folder:"2019 #1"').hits[0].photo.path.name == "blue?.png"
    assert [str(root.path) for root in library.status().roots] == [str(storage.folder)]


def test_a_second_look_reads_nothing_again(library: Library, storage: Storage) -> None:
    assert counts(rebuild(filled(library, storage))) == {}


def test_what_is_written_anew_copied_or_removed_is_seen(library: Library, storage: Storage) -> None:
    filled(library, storage)
    storage.put("red.png", "yellow", seed=9)
    storage.put("copy.png", "green")
    storage.remove("2019 #1/blue?.png")
    assert counts(rebuild(library)) == {"embedded": 1, "known": 1, "missing": 1}
    assert found(library, "yellow") == f"{storage.folder}/red.png"
    storage.put("2019 #1/blue?.png", "blue")
    rebuild(library)
    assert library.status().missing == 0


def test_a_moved_object_keeps_its_number(library: Library, s3: Storage) -> None:
    number = filled(library, s3).search("red", 1).hits[0].photo.id
    s3.move("red.png", "elsewhere/red.png")
    assert counts(rebuild(library)) == {"moved": 1}
    assert str(library.photo(number).path) == f"{s3.folder}/elsewhere/red.png"


def test_what_another_host_has_indexed_since_is_not_downloaded_again(
    postgres: Server, s3: Storage, tmp_path: Path
) -> None:
    names = ("red.png", "green.png", "blue.png")
    for name in names:
        s3.put(name, name.removesuffix(".png"))

    def anna_is_quicker(done: int, _total: int) -> None:
        """Between bert's plan and his work. What he downloads now is not there any more."""
        if done:
            return
        with on_host("anna", tmp_path, url) as anna:
            assert counts(rebuild(anna)) == {"embedded": len(names)}
        for name in names:
            s3.remove(name)

    with postgres.fresh() as url, on_host("bert", tmp_path, url) as bert:
        with on_host("anna", tmp_path, url) as anna:
            anna.add_root(s3.folder)
        bert.add_root(s3.folder)
        with bert.writing():
            report = bert.rebuild(RebuildOptions(anna_is_quicker))
    assert counts(report) == {"known": len(names)}


@contextmanager
def on_host(host: str, directory: Path, url: str) -> Iterator[Library]:
    """The library at the URL as that host has it."""
    with (
        as_host(host, directory),
        closing(
            open_library(
                library_directory(url),
                create=True,
                model="colour",
                open_encoder=lambda _: ColourEncoder(),
            )
        ) as library,
    ):
        yield library


def test_what_cannot_be_a_photo_or_is_left_out_is_passed_by(
    library: Library, storage: Storage
) -> None:
    for name in ("a.png", "notes.txt", ".hidden/b.png", "@eaDir/c.png", "scans/d.png", "e/f.png"):
        storage.put(name, "red")
    inner = library.add_root(storage.folder / "e")
    root = library.add_root(storage.folder, ["scans/"])
    assert counts(rebuild(library)) == {"embedded": 1, "known": 1}
    photos = {status.path: status.photos for status in library.status().roots}
    assert photos == {inner.path: 1, root.path: 1}


def test_an_empty_storage_loses_no_photo(library: Library, storage: Storage) -> None:
    filled(library, storage)
    storage.remove("")
    report = rebuild(library)
    assert counts(report) == {}
    (notice,) = report.notices
    assert str(notice) == f"{storage.folder} cannot be read (there is nothing): 3 photos kept"
    assert counts(rebuild(library, accept_missing=True)) == {}  # it was not seen, whoever says what
    assert library.status().photos == 3


def test_many_photos_gone_at_once_are_not_believed(library: Library, moody: Storage) -> None:
    for seed in range(20):
        moody.put(f"{seed}.png", "red", seed)
    library.add_root(moody.folder)
    rebuild(library)
    for seed in range(15):
        moody.remove(f"{seed}.png")
    (notice,) = rebuild(library).notices
    assert str(notice).startswith(f"{moody.folder} looks unmounted: 20 photos kept; ")
    assert counts(rebuild(library, accept_missing=True)) == {"missing": 15}


def test_failures_are_tried_again_where_they_lie(library: Library, moody: Storage) -> None:
    library = filled(library, moody)
    for name in ("broken.png", "2019 #1/deep/broken too.png"):
        moody.system.pipe_file(f"{moody.path}/{name}", b"no image")
    assert counts(rebuild(library)) == {"failed": 2}
    moody.put("2019 #1/deep/broken too.png", "white")
    moody.put("new.png", "yellow")  # it is nobody's failure
    with library.writing():
        report = library.retry_failures()
    assert counts(report) == {"embedded": 1, "failed": 1}
    assert [failure.path.name for failure in library.failures()] == ["broken.png"]


def test_a_storage_out_of_reach_loses_no_photo(
    library: Library, s3: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(library, s3)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    type(s3.system).clear_instance_cache()
    report = rebuild(library)
    assert counts(report) == {}
    (notice,) = report.notices
    assert str(notice).startswith("s3://bucket/photos cannot be read (Could not connect")
    assert str(notice).endswith("3 photos kept")
    with library.writing():
        pruned = library.prune(timedelta(0))
    assert pruned.paths == ()


def test_a_folder_that_is_denied_keeps_its_photos(library: Library, moody: Storage) -> None:
    filled(library, moody)
    MoodyFileSystem.denied = "2019 #1"
    moody.put("new.png", "yellow")
    report = rebuild(library)
    assert counts(report) == {"embedded": 1}
    (notice,) = report.notices
    assert str(notice) == f"{moody.folder}: the folder 2019 #1 cannot be read, its photos kept"
    assert found(library, "blue").endswith("blue?.png")


def test_entry_that_a_storage_lists_badly_costs_only_itself(
    library: Library, moody: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("green.png", "no size.png", "odd size.png", "no time.png", "endless.png", "nul\0.png")
    for name in names:
        moody.put(name, "red", seed=len(name))
    listing = MoodyFileSystem.ls
    odd = {
        "no size": ("size", None),
        "odd size": ("size", "many"),
        "no time": ("created", "soon"),
        "endless": ("created", 9e99),
    }

    def ls(self: MoodyFileSystem, path: str, detail: bool = True, **more: Any) -> Any:
        entries = [dict(entry) for entry in listing(self, path, detail, **more)]
        for entry in entries:
            if told := odd.get(entry["name"].rpartition("/")[2].removesuffix(".png")):
                entry[told[0]] = told[1]
        return entries

    monkeypatch.setattr(MoodyFileSystem, "ls", ls)
    library.add_root(moody.folder)
    rebuild(library)
    reasons = {str(one.path).rpartition("/")[2]: str(one.reason) for one in library.failures()}
    assert reasons == {
        "no size.png": "cannot be scanned: its storage gives no size",
        "odd size.png": "cannot be scanned: its storage gives no size",
        r"nul\x00.png": "its name is not valid UTF-8: rename the file",
    }
    assert found(library, "red") == f"{moody.folder}/green.png"


@pytest.mark.skipif(sys.platform != "linux", reason="names that are not UTF-8")
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_file_whose_name_is_not_utf8_fails_and_stays_failed(
    library: Library, tmp_path: Path, scheme: str
) -> None:
    folder = tmp_path / "photos"
    (folder / os.fsdecode(b"caf\xe9")).mkdir(parents=True)
    for name in ("good.png", os.fsdecode(b"\xff.png"), os.fsdecode(b"caf\xe9/in.png")):
        (folder / name).write_bytes(photo_bytes("red", seed=len(name)))
    library.add_root(location(f"{scheme}{folder}"))
    assert counts(rebuild(library)) == {"embedded": 1, "failed": 2}
    expected = [f"{scheme}{folder}/{name}" for name in (r"\xff.png", r"caf\xe9/in.png")]
    for _ in range(2):
        assert [str(failure.path) for failure in library.failures()] == expected
        assert counts(rebuild(library)) == {}
        with library.writing():
            assert counts(library.retry_failures()) == {"failed": 2}
    assert library.status().missing == 0


@pytest.mark.skipif(sys.platform == "win32", reason="links")
@pytest.mark.parametrize("scheme", ["", "file://", "local://"])
def test_links_of_this_machine_are_followed_and_loops_are_cut(
    library: Library, tmp_path: Path, scheme: str
) -> None:
    folder = tmp_path / "photos"
    for name, colour in (("2019/red.png", "red"), (".hidden/annex.png", "green")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(photo_bytes(colour))
    (folder / "2019/loop").symlink_to(".")
    (folder / "2019/up").symlink_to("..")
    (folder / "2019/panda.png").symlink_to("../.hidden/annex.png")
    (folder / "broken.png").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.png")
    library.add_root(location(f"{scheme}{folder}"))
    for expected in ({"embedded": 2}, {}):
        report = rebuild(library)
        assert (counts(report), report.notices) == (expected, ())
    assert found(library, "green") == f"{scheme}{folder}/2019/panda.png"
    assert found(library, "red") == f"{scheme}{folder}/2019/red.png"
    assert library.failures() == []


def test_a_photo_that_changes_while_it_is_read_is_left_for_later(
    library: Library, moody: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    moody.put("red.png", "red")
    library.add_root(moody.folder)
    read = MemoryFileSystem.cat_file

    def read_and_written_anew(*arguments: Any, **more: Any) -> Any:
        data = read(*arguments, **more)
        moody.put("red.png", "green", seed=1)
        return data

    with monkeypatch.context() as patched:
        patched.setattr(MemoryFileSystem, "cat_file", read_and_written_anew)
        assert counts(rebuild(library)) == {"deferred": 1}
    assert counts(rebuild(library)) == {"embedded": 1}
    assert found(library, "green").endswith("red.png")


def test_a_link_shows_the_original_to_whoever_has_it(library: Library, s3: Storage) -> None:
    photo = filled(library, s3).search("blue", 1).hits[0].photo
    link = library.link(photo)
    assert link is not None
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == photo_bytes("blue")
    assert SECRET not in link


def test_where_there_are_no_links_the_photo_itself_is_shown(
    library: Library, moody: Storage
) -> None:
    photo = filled(library, moody).search("blue", 1).hits[0].photo
    assert library.link(photo) is None
    mime, jpeg = large_picture(photo, 32)
    assert (mime, isinstance(jpeg, bytes)) == ("image/jpeg", True)
    assert Image.open(io.BytesIO(bytes(jpeg))).size == (32, 24)
    with thumbnails_of(library) as thumbnails:
        thumbnails.forget(photo.sha256)
    thumbnail = library.thumbnail(photo)
    assert thumbnail is not None
    assert Image.open(io.BytesIO(thumbnail)).size == (64, 48)


def test_credentials_are_not_kept(library: Library, s3: Storage) -> None:
    filled(library, s3)
    kept = [path.read_bytes() for path in library.path.rglob("*") if path.is_file()]
    with store_of(library) as store, store.database.engine.connect() as connection:
        names = inspect(connection).get_table_names()
        rows = [connection.execute(text(f"SELECT * FROM {name}")).all() for name in names]
    kept += [str(table).encode() for table in rows]
    assert b"s3://bucket" in b"".join(kept)
    assert SECRET.encode() not in b"".join(kept)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sftp://me:secret@host/photos", "remove the password"),
        ("zip://::s3://bucket/a.zip", "URLs within URLs"),
        ("s3://", "a bucket at least"),
        ("nope://bucket", "Protocol not known: nope"),
        ("moody://nothing/here", "there is nothing"),
        ("moody://photos/red.png", "it is a file"),
    ],
)
def test_a_url_that_can_be_no_root_is_refused(
    library: Library, moody: Storage, url: str, why: str
) -> None:
    moody.put("red.png", "red")
    with pytest.raises(RootError, match=why) as refused:
        library.add_root(location(url))
    assert "secret" not in str(refused.value)
    assert library.roots() == []


def test_a_url_below_a_root_belongs_to_it(library: Library, moody: Storage) -> None:
    root = filled(library, moody).roots()[0]
    assert library.add_root(moody.folder / "2019 #1") == root
    library.remove_root(moody.folder)
    assert library.roots() == []


def test_the_daemon_looks_at_urls_on_its_timetable(library: Library, moody: Storage) -> None:
    filled(library, moody)
    daemon = Daemon(library, every_s=0.2)
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        moody.put("new.png", "yellow")
        eventually(lambda: library.status().photos == 4)
    finally:
        daemon.stop()
        thread.join()
    assert found(library, "yellow") == f"{moody.folder}/new.png"


def test_the_command_line_takes_a_url(s3: Storage, own_library: Path) -> None:
    s3.put("red.png", "red")
    done = run_indexer("rebuild", f"{s3.folder}/", "--library", own_library)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 embedded")
    listed = run_indexer("roots", "--library", own_library)
    assert str(s3.folder) in listed.stdout.splitlines()

"""A library made by an older version opens, migrates, and answers as it did then."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from alembic import command
from alembic.config import Config
from PIL import Image
from sqlalchemy import Engine, text

from app.i18n.language import speaking, translated
from indexer.library.library import Library, open_library
from indexer.paths import library_directory, this_host
from indexer.postgres_url import database_url
from indexer.store.column_types import as_text
from indexer.store.migrate import MIGRATIONS
from indexer.store.postgres import make_engine
from tests.fakes import ColourEncoder
from tests.indexer.store.old_library.answers import answers_of
from tests.indexer.store.old_library.make import FOLDERS, RECORDED, SCHEMA
from tests.raw_photos import dng
from tests.still_files import still
from tests.stores import store_of

OLD: Final = Path(__file__).with_name("old_library")
ANSWERS: Final = json.loads((OLD / "answers.json").read_text("utf-8"))
TABLES: Final = ("library", "roots", "contents", "photos", "embeddings")
FILES: Final = ("model-wish.json", "paused")  # of what was requested of the daemon


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The old library and its photos, as they were, where the library says that they lie."""
    for name in FOLDERS:
        shutil.copytree(OLD / name, tmp_path / name)
    shutil.copytree(OLD / "library", tmp_path / "library")
    with closing(sqlite3.connect(tmp_path / "library" / "library.db")) as connection, connection:
        for column in ("path", "notice"):
            connection.execute(
                f"UPDATE roots SET {column} = replace({column}, ?, ?)", (RECORDED, str(tmp_path))
            )
        rows = connection.execute(
            "SELECT roots.path, photos.path, mtime_ns FROM photos JOIN roots ON roots.id = root_id"
        )
        for folder, name, time_ns in rows.fetchall():
            if (file := Path(folder, name)).exists():  # one has gone
                os.utime(file, ns=(time_ns, time_ns))
    return tmp_path


@pytest.fixture(params=["sqlite", "postgres"])
def library(
    request: pytest.FixtureRequest, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Library]:
    """The old library, opened by this version."""
    if request.param == "sqlite":
        yield from _opened(directory / "library")
        return
    monkeypatch.setenv("XDG_DATA_HOME", str(directory / "data"))
    with request.getfixturevalue("postgres").empty() as url:
        engine = make_engine(database_url(url))
        _move(directory / "library", engine)
        engine.dispose()
        place = library_directory(url)
        for name in FILES:
            shutil.copy(directory / "library" / name, place)
        yield from _opened(place)


def _opened(place: Path) -> Iterator[Library]:
    with closing(open_library(place, open_encoder=lambda _: ColourEncoder())) as library:
        yield library


def _move(old: Path, engine: Engine) -> None:
    """Fill a database on PostgreSQL as the old version did: its schema, these rows."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        connection.execute(text("CREATE EXTENSION vector"))
        config.attributes["connection"] = connection
        command.upgrade(config, SCHEMA)
    with closing(sqlite3.connect(old / "library.db")) as source, engine.begin() as target:
        source.row_factory = sqlite3.Row
        for table in TABLES:
            for row in source.execute(f"SELECT * FROM {table}"):
                names = ", ".join(row.keys())
                values = ", ".join(f"%({name})s" for name in row.keys())  # noqa: SIM118 - a Row
                statement = f"INSERT INTO {table} ({names}) VALUES ({values})"
                target.exec_driver_sql(statement, _sent(dict(row)))
            if table != "library":
                last = f"(SELECT max(id) FROM {table})"
                target.execute(
                    text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last})")
                )
        seen = "INSERT INTO root_hosts SELECT id, :host FROM roots"
        target.execute(text(seen), {"host": this_host()})
        target.execute(text("UPDATE shared SET paused = true"))
        for jpeg in (old / "thumbnails").rglob("*.jpg"):
            values = {"sha256": bytes.fromhex(jpeg.stem), "jpeg": jpeg.read_bytes()}
            target.execute(text("INSERT INTO thumbnails VALUES (:sha256, :jpeg)"), values)


def _sent(row: dict[str, Any]) -> dict[str, Any]:
    """A row of SQLite as PostgreSQL takes it."""
    return row | ({"vector": as_text(row["vector"])} if "vector" in row else {})


def test_it_answers_as_it_did_then(library: Library) -> None:
    assert answers_of(library) == ANSWERS


def test_its_failures_and_notices_are_in_the_visitors_language(library: Library) -> None:
    reasons = [one.reason for one in library.failures()]
    notices = [one.notice for one in library.oddities()]
    notices += [root.notice for root in library.roots() if root.notice]
    with speaking("zh"):
        for message in [*reasons, *notices]:
            assert translated(message) != str(message), message
    assert reasons
    assert notices


def test_its_thumbnails_are_there(library: Library, directory: Path) -> None:
    for name in FOLDERS:
        shutil.rmtree(directory / name)  # none is made again
    assert all(library.thumbnail(hit.photo) for hit in library.search("red", 20).hits)


def test_nothing_is_embedded_again(library: Library, directory: Path) -> None:
    library.control.resume()
    with library.writing():
        report = library.rebuild()
    # the file that was passed by as a video is looked at now: it is none
    assert (report.embedded, report.failed, report.known, report.missing) == (0, 1, 0, 0)
    assert report.reread == 5  # by readers of which it does not know the version
    assert isinstance(library.encoder, ColourEncoder)
    assert library.encoder.embedded == 0
    answers = answers_of(library)
    folders = [root | {"notice": None, "other_formats": {}} for root in ANSWERS["roots"]]
    (film,) = (one for one in answers["failures"] if one not in ANSWERS["failures"])
    assert film[0] == "more/film.mov"
    answers["failures"].remove(film)
    assert answers == ANSWERS | {"paused": False, "roots": folders}


def test_it_lives_on(library: Library, directory: Path) -> None:
    shutil.copy(directory / "photos" / "drafts" / "hidden.png", directory / "photos")
    with library.writing():
        assert library.rebuild().embedded == 1
    (first, *_) = library.search("magenta", 1).hits
    assert first.photo.path == directory / "photos" / "hidden.png"
    numbers = {hit.photo.id for hit in library.search("sort:date", 20).hits}
    assert first.photo.id not in range(1, 9)
    assert len(numbers) == ANSWERS["photos"] + 1


def test_formats_that_it_passed_by_come_in_at_the_next_scan_alone(
    library: Library, directory: Path
) -> None:
    picture = Image.new("RGB", (64, 48), "magenta")
    (directory / "photos" / "new.dng").write_bytes(dng(picture, preview=picture))
    (directory / "photos" / "new.tga").write_bytes(still(picture, "TGA"))
    with library.writing():
        assert library.rebuild().embedded == 2
    assert isinstance(library.encoder, ColourEncoder)
    assert library.encoder.embedded == 2


def test_a_number_that_an_embedding_had_is_never_given_again(directory: Path) -> None:
    database = directory / "library" / "library.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE sqlite_sequence SET seq = 1000 WHERE name = 'embeddings'")
    shutil.copy(directory / "photos" / "drafts" / "hidden.png", directory / "photos")
    with closing(open_library(database.parent, open_encoder=lambda _: ColourEncoder())) as library:
        with library.writing():
            assert library.rebuild().embedded == 1
        with store_of(library) as store:
            assert store.search.allowed_embeddings(()).max() == 1001

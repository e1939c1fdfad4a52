"""Where a library lies, by path or URL: what can be none is refused, no password is repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.errors import LibraryError, RootError
from indexer.paths import library_directory, library_name, make_directory
from indexer.postgres_url import has_password
from tests.commands import run_indexer

SECRET = "s3cret-word"


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def test_path_that_is_empty_is_refused() -> None:
    with pytest.raises(LibraryError, match="the path of the library is empty"):
        library_directory(" ")


def test_directory_that_cannot_be_made_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RootError, match="file/library cannot be made: Not a directory"):
        make_directory(tmp_path / "file" / "library")


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://anna:{SECRET}@db/photos",
        f"MySQL://anna:{SECRET}@db/photos",
        f"sqlite:///{SECRET}",
        f"jdbc:postgresql://anna:{SECRET}@db/photos",
        f" postgresql://anna:{SECRET}@db/photos",
        f"postgresql:/anna:{SECRET}@db/photos",
        f"Postgres:anna:{SECRET}@db/photos",
        f"postgresql://anna:{SECRET}@db:port/photos",
    ],
)
def test_other_url_is_refused_and_not_repeated(url: str, tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="postgresql://USER@HOST") as raised:
        library_directory(url)
    assert SECRET not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scheme", ["postgresql", "POSTGRESQL", "Postgres"])
def test_case_of_the_scheme_does_not_matter(scheme: str) -> None:
    directory = library_directory(f"{scheme}://anna:{SECRET}@db/photos")
    assert SECRET not in str(directory)
    assert library_name(directory) == "postgresql://anna:***@db/photos"


@pytest.mark.parametrize("path", ["photos", "a:b", "./x://y", "C:/photos", "/srv/postgres:16"])
def test_directory_is_no_url(path: str) -> None:
    assert library_directory(path) == Path(path)


@pytest.mark.parametrize("where", [f":{SECRET}@db/photos", f"@db/photos?password={SECRET}"])
def test_password_in_a_url_is_seen(where: str) -> None:
    assert has_password(f"postgresql://anna{where}")
    assert not has_password("postgresql://anna@db/photos?sslmode=require")


def test_password_on_the_command_line_is_warned_of_once() -> None:
    url = f"postgresql://anna:{SECRET}@127.0.0.1:9/photos"
    done = run_indexer("status", "--library", url)
    assert done.returncode == 1
    assert done.stderr.count("RECOLLECT_LIBRARY") == 1
    assert "~/.pgpass" in done.stderr
    assert SECRET not in done.stderr + done.stdout

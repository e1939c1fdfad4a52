"""Facets are counted once for everybody, and aside where that takes long."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.ui import recount
from app.ui.facets_cache import facets_count, is_overview_current, overview
from clipcore.messages import literal
from indexer.errors import LibraryError
from indexer.library.library import Library
from indexer.records.results import Facets
from tests.app.test_main import ingested
from tests.photos import make_photo
from tests.waiting import eventually


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    make_photo(tmp_path / "photos" / "red.jpg", "red")
    library = ingested(tmp_path)
    yield library
    library.close()


def add(library: Library, name: str) -> None:
    make_photo(library.path.parent / "photos" / f"{name}.jpg", name)
    with library.writing():
        library.update()


def test_small_library_is_counted_when_it_has_changed_and_only_then(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recount, "AT_ONCE_S", 60.0)  # as if it took no time on a busy machine
    counted_facets = facets_count()
    first = counted_facets.current(library)
    assert counted_facets.current(library) is first
    add(library, "blue")
    assert counted_facets.current(library).photos == 2


@pytest.mark.slow
def test_nobody_waits_while_a_large_library_is_counted(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recount, "AT_ONCE_S", -1.0)  # as if it took long
    counted_facets = facets_count()
    assert counted_facets.current(library).photos == 1
    add(library, "blue")
    begun, may_end, counted = threading.Event(), threading.Event(), library.facets

    def slow() -> Facets:
        begun.set()
        may_end.wait(60)
        return counted()

    monkeypatch.setattr(library, "facets", slow)
    eventually(
        lambda: counted_facets.current(library).photos == 1 and begun.is_set()
    )  # it rests after a count
    assert counted_facets.current(library).photos == 1
    may_end.set()
    eventually(lambda: counted_facets.current(library).photos == 2)


def test_a_page_that_was_drawn_before_the_count_ended_is_drawn_again(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recount, "AT_ONCE_S", -1.0)
    assert overview(library).photos == 1
    assert is_overview_current(library)
    with library.writing():
        library.remove_root(library.roots()[0].path)
    assert overview(library).photos == 1  # of a moment ago
    eventually(lambda: not is_overview_current(library))
    assert overview(library).photos == 0
    assert is_overview_current(library)


def test_count_that_fails_aside_leaves_the_last_one_until_another_succeeds(
    library: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recount, "AT_ONCE_S", -1.0)
    numbers = itertools.count(1)

    def count(_library: Library) -> int:
        number = next(numbers)
        if number == 2:
            raise LibraryError(literal("no server"))
        return number

    counted = recount.Recount(count, lasts_s=0)
    assert counted.current(library) == 1
    eventually(lambda: counted.current(library) > 2)
    assert "cannot be counted: no server" in caplog.text

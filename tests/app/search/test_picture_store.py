"""Given pictures in the server's memory: bounded, and each for the visitor who gave it alone."""

from __future__ import annotations

from app.search.picture_store import PictureStore, QueryPicture
from indexer.query.query import Picture

GIVEN = QueryPicture(Picture("colour", (0.0,) * 100), "x" * 1_000)


def test_a_picture_is_found_by_its_visitor_alone() -> None:
    store = PictureStore()
    name = store.put("anna", GIVEN)
    assert store.get("anna", name) is GIVEN
    assert store.get("bert", name) is None
    assert store.get("anna", "guessed") is None


def test_a_visitor_has_the_last_ones() -> None:
    store = PictureStore(of_a_visitor=2)
    names = [store.put("anna", GIVEN) for _ in range(3)]
    assert [store.get("anna", name) is not None for name in names] == [False, True, True]


def test_all_visitors_share_the_memory_and_unused_ones_go_first() -> None:
    store = PictureStore(most_bytes=3 * GIVEN.size_bytes)
    old, used = store.put("anna", GIVEN), store.put("bert", GIVEN)
    store.put("cleo", GIVEN)
    assert store.get("anna", old)
    assert store.get("bert", used)
    store.put("dora", GIVEN)
    store.put("emil", GIVEN)
    assert store.get("bert", used)
    assert store.get("anna", old) is None


def test_a_visitor_who_signs_out_leaves_nothing() -> None:
    store = PictureStore()
    mine, other = store.put("anna", GIVEN), store.put("bert", GIVEN)
    store.forget("anna")
    assert store.get("anna", mine) is None
    assert store.get("bert", other)

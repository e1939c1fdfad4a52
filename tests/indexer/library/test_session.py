"""A library that switches its model does so at once; searches in flight finish on the old one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from indexer.arrays import FloatArray
from indexer.library.library import Library, open_library
from tests.fakes import ColourEncoder
from tests.photos import make_photo

COLOURS = ("red", "green", "blue", "yellow")


class Gated(ColourEncoder):
    """Embeds no text before its gate is open; to each model the others' embeddings mean nothing."""

    def __init__(self, name: str, turn: int) -> None:
        super().__init__()
        self.model_id = f"{name}-1"
        self.turn = turn
        self.gate = threading.Event()
        self.waiting = threading.Event()

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        self.waiting.set()
        assert self.gate.wait(60)
        return np.roll(super().embed_texts(texts), self.turn, axis=1)

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        return np.roll(super().embed_images(pixels), self.turn, axis=1)


@pytest.fixture
def encoders() -> dict[str, Gated]:
    return {name: Gated(name, turn) for turn, name in enumerate(("old", "new"))}


@pytest.fixture
def opened(tmp_path: Path, encoders: dict[str, Gated]) -> Iterator[Callable[..., Library]]:
    libraries: list[Library] = []

    def open_one(**options: object) -> Library:
        libraries.append(
            open_library(tmp_path / "library", open_encoder=encoders.__getitem__, **options)  # type: ignore[arg-type]
        )
        return libraries[-1]

    for colour in COLOURS:
        make_photo(tmp_path / "photos" / f"{colour}.png", colour)
    library = open_one(create=True, model="old")
    library.add_root(tmp_path / "photos")
    old = encoders["old"]
    old.gate.set()
    with library.writing():
        library.rebuild()  # prepares the model for searches, too
    old.gate.clear()
    old.waiting.clear()
    yield open_one
    for library in libraries:
        library.close()


def switch(opened: Callable[..., Library]) -> None:
    """Another process switches the library to the new model."""
    library = opened(model="new", switch=True)
    with library.writing():
        library.rebuild()


def test_search_in_flight_finishes_on_the_session_that_a_switch_replaces(
    opened: Callable[..., Library], encoders: dict[str, Gated]
) -> None:
    library = opened()
    encoders["new"].gate.set()
    with ThreadPoolExecutor(1) as pool:
        in_flight = pool.submit(library.search, "red", 1)
        assert encoders["old"].waiting.wait(60)
        switch(opened)
        after = library.search("green", 1)
        assert (after.model_id, after.hits[0].photo.path.name) == ("new-1", "green.png")
        encoders["old"].gate.set()
        before = in_flight.result(60)
    assert (before.model_id, before.hits[0].photo.path.name) == ("old-1", "red.png")
    assert library.search("red", 1).model_id == "new-1"


def test_library_that_was_opened_to_switch_goes_on_with_its_own_session(
    opened: Callable[..., Library],
    encoders: dict[str, Gated],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    for encoder in encoders.values():
        encoder.gate.set()
    library = opened(model="new", switch=True)
    with library.writing():
        library.rebuild()
    result = library.search("red", 1)
    assert (result.model_id, result.hits[0].photo.path.name) == ("new-1", "red.png")
    assert "has switched to the model" not in caplog.text


@pytest.mark.slow
def test_threads_that_search_during_a_switch_get_whole_answers(
    opened: Callable[..., Library], encoders: dict[str, Gated]
) -> None:
    library = opened()
    for encoder in encoders.values():
        encoder.gate.set()
    switched = threading.Event()

    def search_on(colour: str) -> set[tuple[str, str]]:
        answers, last = set(), False
        while not last:
            last = switched.is_set()
            result = library.search(colour, 1)
            answers.add((result.model_id, result.hits[0].photo.path.name))
        return answers

    with ThreadPoolExecutor(len(COLOURS)) as pool:
        searches = {colour: pool.submit(search_on, colour) for colour in COLOURS}
        switch(opened)
        switched.set()
        for colour, answers in searches.items():
            assert {name for _, name in answers.result(60)} == {f"{colour}.png"}
            assert "new-1" in {model for model, _ in answers.result()}

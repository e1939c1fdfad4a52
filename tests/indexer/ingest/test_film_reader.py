"""A film is read by rounds of candidates; of frames that are alike the first is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.arrays import FloatArray
from indexer.errors import InFlight
from indexer.ingest import films
from indexer.ingest.films import MOST_KEPT, SIMILAR, FilmReader, KeptFilm, film_facts
from tests.fakes import ColourEncoder
from tests.films import frames_within_memory, make_film, quarters

pytestmark = pytest.mark.slow

SCENES = tuple(quarters(*(colour,) * 3, "white") for colour in ("red", "blue", "lime"))


def read_by_rounds_of(
    size: int, film: Path, monkeypatch: pytest.MonkeyPatch, stop: Callable[[], bool] = lambda: False
) -> KeptFilm:
    """The film as it is read by rounds of so many candidates."""
    monkeypatch.setattr(films, "AT_ONCE", size)
    encoder = ColourEncoder()

    def embed(images: Sequence[Image.Image]) -> FloatArray:
        return encoder.embed_images(np.stack([encoder.preprocess(image) for image in images]))

    return FilmReader(film, encoder.image_size_px, embed, stop).read("FILM")


def test_rounds_that_find_nothing_more_cost_no_frame_that_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_film(tmp_path / "a.mp4", SCENES, options={"movflags": "faststart"})
    film.write_bytes(film.read_bytes()[: 2 * film.stat().st_size // 3])
    kept = read_by_rounds_of(1, film, monkeypatch)
    assert sorted(kept.moments_ms) == [1000, 5000]
    assert kept.facts.notice


def test_a_round_that_its_decoder_does_not_survive_is_halved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_film(tmp_path / "a.mp4", SCENES)
    monkeypatch.setattr(films, "frames_at", frames_within_memory)
    kept = read_by_rounds_of(16, film, monkeypatch)
    assert sorted(kept.moments_ms) == [1000, 9000]
    assert kept.facts.notice


def test_a_film_that_takes_long_is_known_by_the_rounds_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_film(tmp_path / "a.mp4", SCENES)
    monkeypatch.setattr(films, "FILM_S", -1.0)
    kept = read_by_rounds_of(1, film, monkeypatch)
    assert kept.moments_ms == (1000,)
    assert kept.facts.notice is None


def test_a_film_that_is_read_in_order_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_film(tmp_path / "a.mkv", SCENES, options={"live": "1"})
    with pytest.raises(InFlight, match="stopped"):
        read_by_rounds_of(16, film, monkeypatch, stop=lambda: True)


def test_the_facts_alone_of_a_film_that_does_not_say_its_length_have_it(tmp_path: Path) -> None:
    film = make_film(tmp_path / "a.mkv", SCENES, options={"live": "1"})
    facts = film_facts(film, "MKV")
    assert facts.duration_s == pytest.approx(11, abs=1)
    assert facts.notice is None


def test_kept_frames_differ_and_are_at_most_so_many() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 8)).astype(np.float32).repeat(4, axis=0)
    rows += 0.01 * rng.normal(size=rows.shape).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    frames = [films.EmbeddedFrame(2000 * at, row, at) for at, row in enumerate(rows)]
    kept = films.kept_frames(frames, cover_ms=2000 * 6)
    assert kept[0].moment_ms == 2000 * 4  # the first of those that are alike
    in_order = sorted(kept, key=lambda one: one.moment_ms)
    assert len(in_order) == 40
    assert all(a.vector @ b.vector <= SIMILAR for a, b in pairwise(in_order))
    different = rng.normal(size=(128, 64)).astype(np.float32)
    different /= np.linalg.norm(different, axis=1, keepdims=True)
    many = [films.EmbeddedFrame(2000 * at, row, at) for at, row in enumerate(different)]
    kept = films.kept_frames(many, cover_ms=0)
    assert len(kept) == MOST_KEPT
    assert kept[0].moment_ms == 0
    assert max(one.moment_ms for one in kept) > 200_000

"""A library is searched with another text tower over the vectors that it has.

Image model and text towers are real ones with seeded weights; the fitting tower's dense layer is
computed so that it embeds the generic texts as the model's own text tower does.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import seeded
import seeded_bert

from clipcore import open_encoder
from clipcore.errors import CheckpointError, ClipcoreError, ModelNotFound
from clipcore.families.text_tower import TextTower
from indexer.library.copying import copy_library
from indexer.library.directory import LibraryDirectory
from indexer.library.library import Library, open_library
from indexer.search.relevance import generic_texts
from tests.commands import run_indexer
from tests.photos import make_photo

pytestmark = pytest.mark.slow

COLOURS = ("red", "green", "blue", "yellow")
QUERY = "Großmutter am Strand"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded.write_open_clip(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def fitting(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    texts = generic_texts()[:64]
    wanted = open_encoder(model, "cpu").embed_texts(texts)
    return seeded_bert.write_distil_for(tmp_path_factory.mktemp("fitting"), texts, wanted)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    """A library of a photo of each colour, for the tests to copy."""
    place = tmp_path_factory.mktemp("made")
    for seed, colour in enumerate(COLOURS):
        make_photo(place / "photos" / f"{colour}.jpg", colour, seed=seed)
    with closing(open_library(place / "library", create=True, model=str(model))) as library:
        library.add_root(place / "photos")
        with library.writing():
            assert library.rebuild().embedded == len(COLOURS)
    return place / "library"


@pytest.fixture
def place(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return Path(shutil.copytree(made, tmp_path / "library"))


@pytest.fixture
def library(place: Path) -> Iterator[Library]:
    with closing(open_library(place)) as opened:
        yield opened


def vectors(place: Path) -> list[tuple[int, str, bytes]]:
    with closing(sqlite3.connect(place / "library.db")) as connection:
        rows = connection.execute("SELECT id, model_id, vector FROM embeddings ORDER BY id")
        return rows.fetchall()


def scores(library: Library, query: str = QUERY) -> list[float]:
    return [hit.score for hit in library.search(query).hits if hit.score is not None]


def expected(place: Path, embedding: np.ndarray) -> list[float]:
    rows = np.stack([np.frombuffer(row[2], "<f2") for row in vectors(place)]).astype(np.float32)
    cosines = rows @ embedding / np.linalg.norm(rows, axis=1)
    return sorted(cosines.tolist(), reverse=True)


def test_a_query_goes_through_the_new_tower_and_nothing_is_embedded_again(
    library: Library, place: Path, fitting: Path
) -> None:
    before, model = vectors(place), library.model_id
    library.use_text_tower(str(fitting))
    embedding = TextTower(str(fitting)).embed_texts([QUERY])[0]
    assert scores(library) == pytest.approx(expected(place, embedding), abs=1e-3)
    assert vectors(place) == before
    with library.writing():
        assert library.rebuild().embedded == 0
    assert vectors(place) == before
    assert library.model_id == model
    assert not library.is_switching
    assert library.status().text_tower == str(fitting)


def test_going_back_gives_the_results_of_before(library: Library, fitting: Path) -> None:
    first = scores(library)
    library.use_text_tower(str(fitting))
    assert scores(library) != pytest.approx(first, abs=1e-3)
    library.use_text_tower(library.model_id)
    assert scores(library) == first
    assert library.status().text_tower is None


def test_the_text_tower_outlives_the_process_and_reaches_others(
    library: Library, place: Path, fitting: Path
) -> None:
    other, late = open_library(place), open_library(place)
    own = scores(other)
    library.use_text_tower(str(fitting))
    mine = scores(library)
    assert scores(other) == mine != own
    assert scores(late) == mine  # it was opened before, and had not searched yet
    other.close()
    late.close()
    again = open_library(place, model=library.model.source)
    assert scores(again) == mine
    with again.writing():
        assert again.rebuild().embedded == 0
    assert again.status().text_tower == str(fitting)
    again.close()


def test_strength_is_measured_with_generic_texts_of_the_same_tower(
    library: Library, place: Path, fitting: Path
) -> None:
    own = set(place.glob("generic-texts-*"))
    library.use_text_tower(str(fitting))
    (others,) = set(place.glob("generic-texts-*")) - own
    rows = np.frombuffer(others.read_bytes(), "<f4", offset=32).reshape(len(generic_texts()), -1)
    assert np.abs(rows - TextTower(str(fitting)).embed_texts(generic_texts())).max() < 0.01
    library.use_text_tower(library.model.source)
    assert library.is_prepared
    assert set(place.glob("generic-texts-*")) == {*own, others}


def test_a_tower_for_other_vectors_is_refused_with_its_figure(
    library: Library, tmp_path: Path, fitting: Path
) -> None:
    other = seeded_bert.write_distil(tmp_path / "other")
    with pytest.raises(CheckpointError, match="was not trained for the vectors"):
        library.use_text_tower(str(other))
    case = seeded_bert.BertCase("distil", seeded_bert.DISTILBERT, 64, 48, 140)
    with pytest.raises(CheckpointError, match="has 48 dimensions"):
        library.use_text_tower(str(seeded_bert.write_distil(tmp_path / "wide", case)))
    with pytest.raises(ModelNotFound, match="no text tower"):
        library.use_text_tower("no-such-tower")
    assert library.status().text_tower is None


def test_a_switch_of_the_model_ends_the_use_of_the_tower(
    library: Library, tmp_path: Path, fitting: Path
) -> None:
    library.use_text_tower(str(fitting))
    config = seeded.architecture(16, (64, 1, 64, 32), (64, 1, 1))
    other = seeded.write_open_clip(tmp_path / "other-model", config)
    with library.switching_to(str(other)) as switching, switching.writing():
        assert switching.rebuild().embedded == len(COLOURS)
    library.follow_model()
    assert library.status().text_tower is None
    assert len(scores(library)) == len(COLOURS)


def test_a_text_tower_that_went_away_is_named(library: Library, tmp_path: Path) -> None:
    texts = generic_texts()[:64]
    wanted = library.encoder.embed_texts(texts)
    tower = seeded_bert.write_distil_for(tmp_path / "tower", texts, wanted)
    library.use_text_tower(str(tower))
    tower.rename(tmp_path / "elsewhere")
    with pytest.raises(ClipcoreError, match="tower"):
        library.search(QUERY)
    library.use_text_tower(library.model.source)
    assert len(scores(library)) == len(COLOURS)


def test_a_copy_is_searched_with_the_same_tower(
    library: Library, place: Path, tmp_path: Path, fitting: Path
) -> None:
    library.use_text_tower(str(fitting))
    mine = scores(library)
    copy_library(LibraryDirectory(place), LibraryDirectory(tmp_path / "copy"))
    copied = open_library(tmp_path / "copy")
    assert copied.status().text_tower == str(fitting)
    assert scores(copied) == mine
    copied.close()


def test_the_command_line_swaps_the_text_tower_and_tells_the_way_back(
    library: Library, place: Path, model: Path, fitting: Path
) -> None:
    done = run_indexer("models", "use", fitting, "--text-only", "--library", place)
    assert done.returncode == 0, done.stderr
    assert "no photo is embedded again" in done.stdout
    assert f"indexer models use {model} --text-only" in done.stdout
    shown = json.loads(run_indexer("status", "--library", place, "--json").stdout)
    assert (shown["text_tower"], shown["switching_to"]) == (str(fitting), None)
    assert f"text tower  {fitting}" in run_indexer("status", "--library", place).stdout
    examined = json.loads(run_indexer("doctor", "--library", place, "--json").stdout)
    assert set(examined["engines"]) == {"image", "text"}
    back = run_indexer("models", "use", model, "--text-only", "--library", place)
    assert back.stdout.startswith("The text tower of"), back.stderr
    shown = json.loads(run_indexer("status", "--library", place, "--json").stdout)
    assert shown["text_tower"] is None


def test_a_text_tower_alone_is_no_model_to_switch_to(library: Library, place: Path) -> None:
    name = "clip-ViT-B-32-multilingual-v1"
    for command in (("models", "use", name), ("rebuild", "--model", name)):
        done = run_indexer(*command, "--library", place)
        assert done.returncode == 1
        assert f"indexer models use {name} --text-only" in done.stderr

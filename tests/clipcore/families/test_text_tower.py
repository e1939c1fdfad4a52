"""Text towers alone: opened from disk and by name, checked, computed by every engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import seeded
import seeded_bert
import torch
from seeded_bert import SENTENCES

import clipcore
from clipcore.checkpoints.sentence_tower import MULTILINGUAL
from clipcore.engines.choice import examine, try_engines
from clipcore.engines.engines import INT8, engine_names
from clipcore.errors import (
    CheckpointDamaged,
    CheckpointError,
    CheckpointMismatch,
    DownloadError,
    ModelNotFound,
)
from clipcore.families import registry
from clipcore.families.starter.starter import StarterEncoder
from clipcore.families.text_tower import SwappedTexts, TextTower, check_fit
from tests.clipcore.checkpoints.test_catalogue import go_offline, point_at
from tests.fakes import ColourEncoder
from tests.hub import Hub, hub_serving

pytestmark = pytest.mark.slow

FILES = ("config.json", "sentence_bert_config.json", "tokenizer.json", "model.safetensors")
FILES += ("2_Dense/config.json", "2_Dense/model.safetensors")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return seeded_bert.write_distil(tmp_path / "tower")


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_directory_embeds_sentences_whatever_their_batch(directory: Path) -> None:
    tower = TextTower(str(directory))
    rows = tower.embed_texts(SENTENCES)
    assert rows.shape == (len(SENTENCES), tower.dim)
    assert np.abs(np.linalg.norm(rows, axis=1) - 1).max() < 1e-5
    for text, row in zip(SENTENCES, rows, strict=True):
        assert np.abs(tower.embed_texts([text])[0] - row).max() < 0.01
    assert tower.embed_texts([]).shape == (0, tower.dim)


def test_its_id_names_both_weights(directory: Path, tmp_path: Path) -> None:
    first = TextTower(str(directory)).tower_id
    assert first.startswith("DistilBERT-64x2@")
    moved = directory.rename(tmp_path / "moved")
    assert TextTower(str(moved)).tower_id == first
    other = seeded_bert.write_distil(tmp_path / "other", dense=torch.zeros(32, 64))
    assert TextTower(str(other)).tower_id != first


@pytest.mark.long  # test_bert_towers.py has one on every engine
def test_every_engine_computes_it(directory: Path, tmp_path: Path) -> None:
    tower = TextTower(str(directory)).tower("text")
    memory = tmp_path / "engines.json"
    trials = try_engines(tower, engine_names(), memory, asked_for=[INT8])
    rounded = trials.pop(INT8)  # random weights this small lose more than it may
    assert rounded.cosine > 0.9
    assert {name for name, trial in trials.items() if trial.refused} == set()
    assert set(examine(TextTower(str(directory)), tmp_path / "others.json")) == {"text"}


def test_an_encoder_with_another_text_tower_is_itself_but_for_its_sentences(
    directory: Path, tmp_path: Path
) -> None:
    own = clipcore.open_encoder(seeded.write_open_clip(tmp_path / "model"), "cpu")
    opened: list[TextTower] = []

    def open_texts() -> TextTower:
        opened.append(TextTower(str(directory)))
        return opened[-1]

    swapped = SwappedTexts(own, open_texts)
    facts = ("model_id", "dim", "logit_scale", "image_size_px")
    assert [getattr(swapped, fact) for fact in facts] == [getattr(own, fact) for fact in facts]
    pixels = swapped.preprocess(seeded.picture((80, 90)))[None]
    assert np.array_equal(swapped.embed_images(pixels), own.embed_images(pixels))
    assert opened == []
    rows = swapped.embed_texts(SENTENCES)
    assert np.array_equal(rows, opened[0].embed_texts(SENTENCES))


def test_languages_are_those_of_the_other_tower(directory: Path) -> None:
    own = StarterEncoder()
    assert own.languages is registry.Languages.MANY
    swapped = SwappedTexts(own, lambda: TextTower(str(directory)))
    assert swapped.languages is registry.Languages.ENGLISH


def test_images_are_made_ready_by_the_encoder_itself() -> None:
    class Noting(ColourEncoder):
        is_ready = False

        def load_images(self) -> None:
            self.is_ready = True

    own = Noting()
    SwappedTexts(own, lambda: pytest.fail("photos need no sentences")).load_images()
    assert own.is_ready


def test_a_tower_fits_the_vectors_that_it_was_trained_for(tmp_path: Path, directory: Path) -> None:
    own = clipcore.open_encoder(seeded.write_open_clip(tmp_path / "model"), "cpu")
    things = ("dog", "cat", "beach", "snow", "bridge", "child", "apple", "river")
    texts = [f"{one} and {other}" for one in things for other in ("mountain", "car", "rose")]
    fitting = seeded_bert.write_distil_for(tmp_path / "fitting", texts, own.embed_texts(texts))
    check_fit(TextTower(str(fitting)), own, texts)
    with pytest.raises(CheckpointMismatch, match="was not trained"):
        check_fit(TextTower(str(directory)), own, texts)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("config.json", {"model_type": "bert"}),
        ("config.json", {"activation": "relu"}),
        ("config.json", {"sinusoidal_pos_embds": True}),
        ("2_Dense/config.json", {"bias": True}),
        ("2_Dense/config.json", {"activation_function": "torch.nn.modules.activation.Tanh"}),
        ("2_Dense/config.json", {"in_features": 65}),
        ("1_Pooling/config.json", {"pooling_mode_mean_tokens": False}),
    ],
)
def test_what_is_not_implemented_is_refused_by_name(
    directory: Path, name: str, changes: dict[str, Any]
) -> None:
    path = directory / name
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_text("{}")
    edit(path, **changes)
    with pytest.raises(CheckpointMismatch, match=next(iter(changes))):
        TextTower(str(directory))


def test_tensors_that_do_not_fit_the_configuration_are_refused(directory: Path) -> None:
    edit(directory / "config.json", n_layers=3)
    with pytest.raises(CheckpointMismatch, match="missing"):
        TextTower(str(directory)).tower("text").load()


def test_a_damaged_or_incomplete_directory_is_named(directory: Path) -> None:
    (directory / "2_Dense" / "model.safetensors").unlink()
    with pytest.raises(ModelNotFound, match="2_Dense"):
        TextTower(str(directory))
    (directory / "config.json").write_text("{")
    with pytest.raises(CheckpointDamaged, match=r"config\.json"):
        TextTower(str(directory))


def test_a_configuration_of_another_form_is_named(directory: Path) -> None:
    edit(directory / "sentence_bert_config.json", max_seq_length="128 tokens")
    with pytest.raises(CheckpointDamaged, match=r"sentence_bert_config\.json.*max_seq_length"):
        TextTower(str(directory))


# --- by name -------------------------------------------------------------------------------------


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, directory: Path) -> Iterator[Hub]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    with hub_serving({name: (directory / name).read_bytes() for name in FILES}) as hub:
        point_at(monkeypatch, hub.url)
        yield hub


def test_a_name_is_downloaded_once_and_opens_without_a_network(
    hub: Hub, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = MULTILINGUAL.name
    assert not registry.find(name).is_cached  # type: ignore[union-attr]
    assert registry.pull(name) is not None
    hub.requests.clear()
    go_offline(monkeypatch)
    tower = TextTower(name)
    assert tower.tower_id.startswith(f"{name}@")
    own = TextTower(str(directory)).embed_texts(SENTENCES)
    assert np.abs(tower.embed_texts(SENTENCES) - own).max() < 0.01
    assert registry.find(name).is_cached  # type: ignore[union-attr]
    assert hub.requests == []


def test_without_a_network_the_message_tells_what_to_do() -> None:
    with pytest.raises(DownloadError, match="indexer models pull"):
        TextTower(MULTILINGUAL.name)


def test_the_catalogue_tells_whose_vectors_it_searches() -> None:
    row = registry.find(MULTILINGUAL.name)
    assert row is not None
    assert row.text_tower_of is not None
    model = registry.find(row.text_tower_of)
    assert model is not None
    assert (model.dim, row.languages) == (row.dim, registry.Languages.MANY)


def test_it_is_no_encoder() -> None:
    with pytest.raises(CheckpointError, match="--text-only"):
        clipcore.open_encoder(MULTILINGUAL.name)

"""CLIP with a BERT as its text tower: opened from disk, embedded, computed by every engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import seeded_bert
from seeded_bert import SENTENCES

import clipcore
from clipcore.checkpoints.loading import open_checkpoint
from clipcore.engines.choice import try_engines
from clipcore.engines.engines import INT8, engine_names
from clipcore.errors import CheckpointMismatch
from clipcore.families.clip import ClipEncoder
from tests.depth import at_depth

pytestmark = pytest.mark.slow

WRITERS = {"xlm": seeded_bert.write_xlm, "chinese": seeded_bert.write_chinese}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture(params=WRITERS)
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    write: Callable[[Path], Path] = WRITERS[request.param]
    return write(tmp_path / request.param)


def test_a_directory_is_an_encoder_of_photos_and_sentences(directory: Path) -> None:
    encoder = clipcore.open_encoder(directory, "cpu")
    rows = encoder.embed_texts(SENTENCES)
    assert rows.shape == (len(SENTENCES), encoder.dim)
    assert np.abs(np.linalg.norm(rows, axis=1) - 1).max() < 1e-6
    pixels = np.zeros((2, 3, encoder.image_size_px, encoder.image_size_px), np.float32)
    assert encoder.embed_images(pixels).shape == (2, encoder.dim)
    assert encoder.logit_scale == 3.0


def test_a_row_does_not_depend_on_the_padding_of_its_batch(directory: Path) -> None:
    encoder = clipcore.open_encoder(directory, "cpu")
    together = encoder.embed_texts(SENTENCES)
    for text, row in zip(SENTENCES, together, strict=True):
        assert np.abs(encoder.embed_texts([text])[0] - row).max() < 1e-5


def test_the_whole_model_gives_the_features_of_the_encoder(directory: Path) -> None:
    clip = clipcore.load(directory)
    whole = clip.model.encode_text(clip.tokenizer(SENTENCES)).numpy()
    whole /= np.linalg.norm(whole, axis=1, keepdims=True)
    rows = clipcore.open_encoder(directory, "cpu").embed_texts(SENTENCES)
    assert np.abs(rows - whole).max() < 1e-5


@pytest.mark.parametrize("directory", ["xlm", *at_depth("chinese")], indirect=True)
def test_every_engine_computes_the_text_tower(directory: Path, tmp_path: Path) -> None:
    tower = ClipEncoder(directory).tower("text")
    trials = try_engines(tower, engine_names(), tmp_path / "engines.json", asked_for=[INT8])
    rounded = trials.pop(INT8)  # random weights this small lose more than it may
    assert rounded.cosine > 0.9
    assert {name for name, trial in trials.items() if trial.refused} == set()


def test_a_known_model_is_opened_again_without_its_tensors(directory: Path) -> None:
    first, again = open_checkpoint(directory), open_checkpoint(directory)
    assert first.config == again.config
    assert first.config.text.bert is not None


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("hf_model_name", "google/mt5-base", "mt5-base"),
        ("hf_pooler_type", "cls_pooler", "cls_pooler"),
    ],
)
def test_another_text_tower_or_pooling_is_refused_by_name(
    tmp_path: Path, key: str, value: str, named: str
) -> None:
    directory = seeded_bert.write_xlm(tmp_path)
    path = directory / "open_clip_config.json"
    content = json.loads(path.read_text())
    content["model_cfg"]["text_cfg"][key] = value
    path.write_text(json.dumps(content))
    with pytest.raises(CheckpointMismatch, match=named):
        open_checkpoint(directory)


@pytest.mark.parametrize(
    ("part", "act"), [("vision_config", "relu"), ("text_config", "quick_gelu")]
)
def test_other_activations_than_chinese_clips_are_refused_by_name(
    tmp_path: Path, part: str, act: str
) -> None:
    directory = seeded_bert.write_chinese(tmp_path)
    path = directory / "config.json"
    content = json.loads(path.read_text())
    content[part]["hidden_act"] = act
    path.write_text(json.dumps(content))
    with pytest.raises(CheckpointMismatch, match=act):
        open_checkpoint(directory)


def test_a_checkpoint_without_its_tokenizer_is_refused(tmp_path: Path) -> None:
    directory = seeded_bert.write_xlm(tmp_path)
    (directory / "tokenizer.json").unlink()
    with pytest.raises(CheckpointMismatch, match=r"tokenizer\.json"):
        clipcore.open_encoder(directory, "cpu").embed_texts(["a cat"])


def test_weights_that_do_not_fit_are_refused_by_name(tmp_path: Path) -> None:
    case = seeded_bert.BertCase("xlm-roberta-base", seeded_bert.XLM_ROBERTA, 64, 48, 90)
    with pytest.raises(CheckpointMismatch, match="of another shape"):
        open_checkpoint(seeded_bert.write_xlm(tmp_path, case))

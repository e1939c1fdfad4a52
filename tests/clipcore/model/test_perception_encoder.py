"""Perception Encoder against what the reference computed; its files, engines and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import seeded
import seeded_perception
import torch

from clipcore.checkpoints.loading import open_checkpoint
from clipcore.errors import CheckpointMismatch
from clipcore.families import registry
from clipcore.families.clip import ClipEncoder
from clipcore.model.clip import CLIP
from clipcore.model.perception_encoder import angles_of_grid, turn

pytestmark = pytest.mark.slow

GOLDEN = np.load(Path(__file__).parents[2] / "parity" / "golden_perception.npz")
TINY = seeded_perception.TINY


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return seeded_perception.write_open_clip(tmp_path / "model")


@torch.inference_mode()
def test_image_tower_equals_the_reference(directory: Path) -> None:
    checkpoint = open_checkpoint(directory)
    assert checkpoint.config == TINY
    facts = checkpoint.preprocess.facts
    assert (facts.interpolation, facts.resize_mode) == ("bilinear", "squash")
    ours = checkpoint.load(("image",)).encode_image(seeded_perception.pixels(TINY))
    theirs = torch.from_numpy(GOLDEN["tiny: image tower"])
    assert (ours - theirs).abs().max() <= 1e-4


def test_turned_queries_meet_keys_by_their_distance_alone() -> None:
    """The property that a rotation is used for: the grid's angles are of row and column apart."""
    angles = angles_of_grid(6, 16)[1:].reshape(6, 6, 8)
    drawn = np.random.default_rng(0).standard_normal((2, 16), dtype=np.float32)
    query, key = torch.from_numpy(drawn).reshape(2, 1, 1, 1, 16)

    def met(first: tuple[int, int], second: tuple[int, int]) -> float:
        pair = turn(query, angles[first][None]), turn(key, angles[second][None])
        return float((pair[0] * pair[1]).sum())

    assert met((0, 1), (2, 4)) == pytest.approx(met((3, 2), (5, 5)), abs=1e-5)
    assert met((0, 1), (2, 4)) != pytest.approx(met((0, 1), (4, 2)), abs=1e-3)


@pytest.mark.parametrize("name", seeded_perception.ARCHITECTURES)
def test_parameters_of_the_table_are_those_of_its_sizes(name: str) -> None:
    with torch.device("meta"):
        model = CLIP(seeded_perception.ARCHITECTURES[name])
    count = sum(parameter.numel() for parameter in model.parameters())
    known = registry.find(f"{name}/meta")
    assert known is not None
    assert known.memory_bytes == pytest.approx(count * 4, rel=1e-3)


def test_engines_agree(directory: Path) -> None:
    encoders = [
        ClipEncoder(directory, engine=name) for name in ("torch-float32", "openvino-float32")
    ]
    pixels = np.stack([encoders[0].preprocess(seeded.picture((80, 90 + n))) for n in range(3)])
    first, second = (encoder.embed_images(pixels) for encoder in encoders)
    assert (first * second).sum(axis=1).min() > 0.999
    texts = ["a dog on the beach", "word " * 100]
    first, second = (encoder.embed_texts(texts) for encoder in encoders)
    assert (first * second).sum(axis=1).min() > 0.999


@pytest.mark.parametrize(
    ("key", "value"),
    [("timm_model_name", "vit_pe_core_gigantic_patch14_448"), ("timm_pool", "avg")],
)
def test_other_towers_of_timm_are_refused(directory: Path, key: str, value: str) -> None:
    path = directory / "open_clip_config.json"
    content = json.loads(path.read_text())
    content["model_cfg"]["vision_cfg"][key] = value
    path.write_text(json.dumps(content))
    with pytest.raises(CheckpointMismatch, match=value):
        open_checkpoint(directory)

"""Names, directories and files -> a checkpoint that fits, or a clear refusal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import seeded
import torch
from safetensors.torch import save_file

import clipcore
from clipcore.checkpoints import catalogue
from clipcore.checkpoints.formats import describe
from clipcore.checkpoints.loading import architecture_name, open_checkpoint
from clipcore.checkpoints.lockfile import sha256
from clipcore.errors import (
    CheckpointDamaged,
    CheckpointMismatch,
    CheckpointUnsafe,
    ModelNotFound,
)
from tests.clipcore.checkpoints.test_weights import archive

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes are recorded in the test's own directory."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


def edit(path: Path, **changes: Any) -> None:
    content = json.loads(path.read_text())
    for key, value in changes.items():
        part = content
        *parents, last = key.split("__")
        for parent in parents:
            part = part[parent]
        part[last] = value
    path.write_text(json.dumps(content))


def write_transformers(directory: Path, act: str = "gelu") -> Path:
    directory.mkdir()
    config = {
        "model_type": "clip",
        "vision_config": {
            "hidden_size": 128, "num_attention_heads": 2, "hidden_act": act,
        },
        "text_config": {
            "hidden_size": 64, "num_attention_heads": 1, "hidden_act": act, "eos_token_id": 2,
        },
    }  # fmt: skip
    (directory / "config.json").write_text(json.dumps(config))
    state = seeded.transformers_layout(seeded.openai_state(seeded.TINY))
    save_file(state, directory / "model.safetensors")
    return directory


def test_an_open_clip_directory_loads_with_all_its_parts(tmp_path: Path) -> None:
    clip = clipcore.load(seeded.write_open_clip(tmp_path / "m"))
    assert clip.config == seeded.clip_config(seeded.TINY)
    pixels = clip.preprocess(seeded.picture((300, 500)))[None]
    tokens = clip.tokenizer(["a photo of a cat", "a dog"])
    with torch.inference_mode():
        per_image, per_text = clip.model(pixels, tokens)
    assert per_image.shape == (1, 2)
    assert per_text.shape == (2, 1)
    assert not clip.model.training


def test_a_transformers_directory_loads_into_the_same_model(tmp_path: Path) -> None:
    ours = clipcore.load(seeded.write_open_clip(tmp_path / "a"))
    other = clipcore.load(write_transformers(tmp_path / "b"))
    assert other.config == ours.config
    for name, tensor in ours.model.state_dict().items():
        assert torch.equal(other.model.state_dict()[name], tensor), name


@pytest.mark.parametrize(("act", "quick"), [("quick_gelu", True), ("gelu", False)])
def test_the_activation_is_the_transformers_configs(tmp_path: Path, act: str, quick: bool) -> None:
    directory = write_transformers(tmp_path / act, act)
    assert open_checkpoint(directory).config.quick_gelu is quick


def test_the_activation_is_the_open_clip_configs(tmp_path: Path) -> None:
    directory = seeded.write_open_clip(tmp_path / "m", {**seeded.TINY, "quick_gelu": True})
    assert open_checkpoint(directory).config.quick_gelu


def test_preprocessing_is_the_configs(tmp_path: Path) -> None:
    directory = seeded.write_open_clip(tmp_path / "m")
    facts = {"mean": [0.5, 0.5, 0.5], "std": 0.25, "interpolation": "bilinear"}
    edit(directory / "open_clip_config.json", preprocess_cfg={**facts, "resize_mode": "squash"})
    preprocess = open_checkpoint(directory).preprocess
    assert preprocess.size_px == 64
    assert preprocess.facts.mean == (0.5, 0.5, 0.5)
    assert preprocess.facts.std == (0.25, 0.25, 0.25)
    assert (preprocess.facts.interpolation, preprocess.facts.resize_mode) == ("bilinear", "squash")


def test_preprocessing_is_the_transformers_processors(tmp_path: Path) -> None:
    directory = write_transformers(tmp_path / "m")
    processor = {"image_mean": [0.1, 0.2, 0.3], "size": {"shortest_edge": 64}, "resample": 2}
    (directory / "preprocessor_config.json").write_text(json.dumps(processor))
    facts = open_checkpoint(directory).preprocess.facts
    assert (facts.mean, facts.interpolation) == ((0.1, 0.2, 0.3), "bilinear")
    assert facts.resize_mode == "shortest"


def test_only_one_tower_is_loaded(tmp_path: Path) -> None:
    clip = clipcore.load(seeded.write_open_clip(tmp_path / "m"), towers=("text",))
    assert clip.model.visual is None


def test_pickled_weights_are_second_to_safetensors(tmp_path: Path) -> None:
    directory = seeded.write_open_clip(tmp_path / "m")
    torch.save(seeded.openai_state(seeded.TINY), directory / "open_clip_pytorch_model.bin")
    assert describe(directory).weights.suffix == ".safetensors"
    (directory / "open_clip_model.safetensors").unlink()
    assert open_checkpoint(directory).description.weights.suffix == ".bin"


def test_a_file_beside_its_config_is_described_by_it(tmp_path: Path) -> None:
    directory = seeded.write_open_clip(tmp_path / "m")
    by_file = open_checkpoint(directory / "open_clip_model.safetensors")
    assert by_file.model_id == open_checkpoint(directory).model_id


# --- single files --------------------------------------------------------------------------------

SHALLOW = seeded.Case("ViT-B-32", 1).open_clip_config


def test_a_bare_file_is_never_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "bare.safetensors"
    save_file(seeded.openai_state(SHALLOW), path)
    with pytest.raises(CheckpointMismatch, match="QuickGELU or GELU"):
        open_checkpoint(path)
    assert open_checkpoint(path, quick_gelu=True).config.quick_gelu
    assert not open_checkpoint(path, quick_gelu=False).config.quick_gelu


def test_a_bare_file_may_say_its_activation_itself(tmp_path: Path) -> None:
    path = tmp_path / "bare.safetensors"
    save_file(seeded.openai_state(SHALLOW), path, metadata={"quick_gelu": "true"})
    checkpoint = open_checkpoint(path)
    assert checkpoint.config.quick_gelu
    assert checkpoint.config.vision.heads == 12


def test_a_bare_pickle_does_not_say_its_activation(tmp_path: Path) -> None:
    path = tmp_path / "bare.bin"
    torch.save(seeded.openai_state(SHALLOW), path)
    with pytest.raises(CheckpointMismatch, match="QuickGELU or GELU"):
        open_checkpoint(path)
    assert open_checkpoint(path, quick_gelu=False).config.vision.heads == 12


def test_a_bare_file_that_is_damaged_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "bare.safetensors"
    path.write_bytes(b"no tensors")
    with pytest.raises(CheckpointDamaged, match=r"bare\.safetensors"):
        open_checkpoint(path)


def test_the_heads_of_a_bare_file_come_from_its_known_architecture(tmp_path: Path) -> None:
    path = tmp_path / "bare.safetensors"
    save_file(seeded.openai_state(seeded.Case("ViT-H-14", 1).open_clip_config), path)
    assert open_checkpoint(path, quick_gelu=False).config.vision.heads == 16  # each 80 wide


def test_a_bare_file_of_unknown_widths_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bare.safetensors"
    save_file(seeded.openai_state(seeded.TINY), path)
    with pytest.raises(CheckpointMismatch, match="no known architecture"):
        open_checkpoint(path, quick_gelu=False)


def test_an_archive_that_openai_did_not_publish_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path, seeded.openai_state(seeded.TINY))
    with pytest.raises(CheckpointUnsafe, match="none of those OpenAI published"):
        open_checkpoint(path)


def test_a_published_archive_loads_with_all_its_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = seeded.openai_state(seeded.TINY)
    path = archive(tmp_path, state)
    published = {"ViT-B/32": sha256(path)}
    monkeypatch.setattr(catalogue, "openai_archives", lambda: published)
    clip = clipcore.load(path)
    assert clip.config == seeded.clip_config({**seeded.TINY, "quick_gelu": True})
    assert clip.tokenizer(["a cat"]).shape == (1, 77)
    assert clip.model.text is not None
    assert torch.equal(clip.model.text.text_projection, state["text_projection"])


def test_every_published_archive_is_an_entry_with_quick_gelu() -> None:
    for name, digest in catalogue.openai_archives().items():
        entry = catalogue.entry_of_archive(digest)
        assert entry is catalogue.find(name)
        assert entry is not None
        assert entry.towers.quick_gelu


# --- what is refused -----------------------------------------------------------------------------


def test_an_unknown_name_is_refused_with_the_names_that_come_near() -> None:
    with pytest.raises(ModelNotFound, match=r"ViT-B-32-256/datacomp_s34b_b86k"):
        open_checkpoint("ViT-B-32-256/datacomp")


def test_a_directory_without_a_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"config\.json"):
        open_checkpoint(tmp_path)


def test_a_directory_without_weights_is_refused(tmp_path: Path) -> None:
    directory = seeded.write_open_clip(tmp_path / "m")
    (directory / "open_clip_model.safetensors").unlink()
    with pytest.raises(ModelNotFound, match=r"open_clip_pytorch_model\.bin"):
        open_checkpoint(directory)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("model_cfg__vision_cfg__timm_model_name", "vit", "timm_model_name"),
        ("model_cfg__text_cfg__hf_model_name", "roberta", "roberta"),
        ("model_cfg__text_cfg", {"layers": 2}, "width and heads of the text tower"),
        ("model_cfg__multimodal_cfg", {"width": 1}, "multimodal_cfg"),
        ("model_cfg__vision_cfg__head_width", 80, "heads 80 wide"),
        ("preprocess_cfg__resize_mode", "longest", "longest"),
        ("preprocess_cfg__mean", [0.5, 0.5], "one number a colour channel"),
    ],
)
def test_what_is_not_implemented_is_refused_by_name(
    tmp_path: Path, key: str, value: Any, said: str
) -> None:
    directory = seeded.write_open_clip(tmp_path / "m")
    edit(directory / "open_clip_config.json", **{key: value})
    with pytest.raises(CheckpointMismatch, match=said):
        open_checkpoint(directory)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("model_type", "siglip", "siglip"),
        ("text_config__eos_token_id", 7, "token 7"),
        ("text_config__hidden_act", "relu", "relu"),
        ("vision_config__layer_norm_eps", 1e-6, "layer_norm_eps"),
    ],
)
def test_another_transformers_model_is_refused(
    tmp_path: Path, key: str, value: Any, said: str
) -> None:
    directory = write_transformers(tmp_path / "m")
    edit(directory / "config.json", **{key: value})
    with pytest.raises(CheckpointMismatch, match=said):
        open_checkpoint(directory)


@pytest.mark.parametrize("damaged", ['{"model_cfg": ', "[]"])
def test_a_damaged_config_is_refused_by_name(tmp_path: Path, damaged: str) -> None:
    directory = seeded.write_open_clip(tmp_path / "m")
    (directory / "open_clip_config.json").write_text(damaged)
    with pytest.raises(CheckpointDamaged, match=r"open_clip_config\.json"):
        open_checkpoint(directory)


# --- identity ------------------------------------------------------------------------------------


def test_the_model_id_names_weights_and_preprocessing_and_no_path(tmp_path: Path) -> None:
    first = open_checkpoint(seeded.write_open_clip(tmp_path / "a")).model_id
    assert first == open_checkpoint(seeded.write_open_clip(tmp_path / "b")).model_id
    assert first.startswith("ViT-32-128x2-64@")
    changed = seeded.openai_state(seeded.TINY)
    changed["logit_scale"] += 1
    seeded.write_open_clip(tmp_path / "c", state=changed)
    assert open_checkpoint(tmp_path / "c").model_id != first
    edit(tmp_path / "b/open_clip_config.json", preprocess_cfg={"resize_mode": "squash"})
    assert open_checkpoint(tmp_path / "b").model_id != first
    edit(tmp_path / "a/open_clip_config.json", model_cfg__quick_gelu=True)
    assert open_checkpoint(tmp_path / "a").model_id != first


@pytest.mark.parametrize("name", seeded.ARCHITECTURES)
def test_known_sizes_are_called_by_their_name(name: str) -> None:
    assert architecture_name(seeded.clip_config(seeded.ARCHITECTURES[name])) == name

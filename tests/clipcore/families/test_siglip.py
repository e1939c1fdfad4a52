"""SigLIP: stages against what the reference computed, both layouts, engines, refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import seeded
import seeded_siglip
import torch
from safetensors.torch import load_file, save_file

import clipcore
from clipcore.checkpoints import siglip_catalogue
from clipcore.checkpoints.siglip import architecture_name, open_siglip
from clipcore.checkpoints.siglip_catalogue import SiglipEntry
from clipcore.engines.choice import try_engines
from clipcore.engines.engines import COMPACT, engines_for
from clipcore.errors import CheckpointMismatch, ClipcoreError, ModelNotFound
from clipcore.families import registry
from clipcore.families.siglip import SiglipEncoder
from clipcore.model.config import ClipConfig, TextConfig, VisionConfig
from clipcore.model.siglip import PARTS, SigLIP
from tests.clipcore.checkpoints.test_catalogue import point_at
from tests.hub import hub_serving

pytestmark = pytest.mark.slow

GOLDEN = np.load(Path(__file__).parents[2] / "parity" / "golden_siglip.npz")
WITHIN, COSINE_AT_LEAST = 1e-4, 0.9999
TEXTS = ["a dog on the beach", "", "two red apples " * 30, "海滩上的狗"]
NAFLEX = "google/siglip2-base-patch16-naflex"
FORMS = (seeded_siglip.write_transformers, seeded_siglip.write_open_clip)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes are recorded in the test's own directory, by processes it starts too."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded_siglip.write_transformers(tmp_path_factory.mktemp("siglip"))


@pytest.fixture
def encoder(directory: Path) -> SiglipEncoder:
    return SiglipEncoder(directory, "cpu")


def seeded_model(config: ClipConfig) -> SigLIP:
    with torch.device("meta"):
        model = SigLIP(config)
    model.load_state_dict(seeded_siglip.state_dict(config), assign=True)
    return model.eval()


def config_of(entry: SiglipEntry) -> ClipConfig:
    """In the largest, So400m, heads are 72 wide and the MLPs 4304."""
    large = entry.vision_width == 1152
    heads = entry.vision_width // (72 if large else 64)
    mlp_width = 4304 if large else 4 * entry.vision_width
    return ClipConfig(
        entry.embed_dim,
        False,
        VisionConfig(
            entry.image_size_px,
            entry.vision_layers,
            entry.vision_width,
            heads,
            entry.patch_size_px,
            mlp_width,
        ),
        TextConfig(64, entry.vocab_size, entry.text_width, heads, entry.text_layers, mlp_width),
    )


# --- the model -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", seeded_siglip.CASES)
@torch.inference_mode()
def test_towers_and_logits_equal_the_reference(case: str) -> None:
    config = seeded_siglip.CASES[case]
    model = seeded_model(config)
    pixels, tokens = seeded_siglip.pixels(config), seeded_siglip.tokens(config)
    found = {
        "image tower": model.encode_image(pixels),
        "text tower": model.encode_text(tokens),
        "logits": model(pixels, tokens)[0],
    }
    for stage, ours in found.items():
        theirs = torch.from_numpy(GOLDEN[f"{case}: {stage}"])
        assert (ours - theirs).abs().max() <= WITHIN
        assert torch.cosine_similarity(ours, theirs, dim=-1).min() >= COSINE_AT_LEAST


@torch.inference_mode()
def test_every_position_sees_the_padding() -> None:
    model, tokens = seeded_model(seeded_siglip.TINY), seeded_siglip.tokens(seeded_siglip.TINY)
    other = tokens.clone()
    other[:, 30] = (other[:, 30] + 1) % 600
    assert (model.encode_text(tokens) - model.encode_text(other)).abs().max() > 1e-3
    per_image, per_text = model(seeded_siglip.pixels(seeded_siglip.TINY), tokens)
    assert torch.equal(per_text, per_image.T)


@pytest.mark.parametrize("entry", siglip_catalogue.table(), ids=lambda entry: entry.architecture)
def test_parameters_of_the_table_are_those_of_its_sizes(entry: SiglipEntry) -> None:
    with torch.device("meta"):
        model = SigLIP(config_of(entry))
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count / 1e6 == pytest.approx(entry.params_millions, abs=0.01)


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", FORMS)
def test_either_layout_loads_into_the_same_model(tmp_path: Path, write: Any) -> None:
    checkpoint = open_siglip(write(tmp_path / "m"))
    assert checkpoint.config == seeded_siglip.TINY
    model = checkpoint.load(PARTS)
    for name, tensor in seeded_siglip.state_dict(seeded_siglip.TINY).items():
        assert torch.equal(model.state_dict()[name], tensor), name


def test_pixels_are_squashed_as_the_files_say(tmp_path: Path) -> None:
    of_transformers, of_open_clip = (
        open_siglip(write(tmp_path / write.__name__)).preprocess.facts for write in FORMS
    )
    assert (of_transformers.interpolation, of_open_clip.interpolation) == ("bilinear", "bicubic")
    for facts in (of_transformers, of_open_clip):
        assert facts.mean == facts.std == (0.5, 0.5, 0.5)
        assert facts.resize_mode == "squash"


def test_a_directory_goes_to_this_family_and_a_clip_to_its_own(
    directory: Path, tmp_path: Path
) -> None:
    assert isinstance(clipcore.open_encoder(directory), SiglipEncoder)
    clip = clipcore.open_encoder(seeded.write_open_clip(tmp_path / "clip"))
    assert not isinstance(clip, SiglipEncoder)


@pytest.mark.parametrize("entry", siglip_catalogue.table(), ids=lambda entry: entry.architecture)
def test_known_sizes_are_called_by_their_name(entry: SiglipEntry) -> None:
    assert architecture_name(config_of(entry)) == entry.architecture


def test_a_name_is_downloaded_once_and_opens_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small model under a name of the table, its files as open_clip has them."""
    name = "ViT-B-32-SigLIP2-256/webli"
    model = seeded_siglip.write_open_clip(tmp_path / "m")
    files = {path.name: path.read_bytes() for path in model.iterdir()}
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with hub_serving(files) as hub:
        point_at(monkeypatch, hub.url)
        weights = registry.pull(name)
        assert weights is not None
        assert weights.is_relative_to(tmp_path / "hub")
        hub.requests.clear()
        encoder = clipcore.open_encoder(name, "cpu")
        assert hub.requests == []
    assert encoder.model_id.startswith(f"{name}@")
    assert encoder.logit_bias == seeded_siglip.LOGIT_BIAS


def test_names_of_the_publishers_lead_to_one_model() -> None:
    names = ("google/siglip2-base-patch32-256", "timm/ViT-B-32-SigLIP2-256")
    found = {registry.find(name) for name in (*names, "ViT-B-32-SigLIP2-256/webli")}
    (model,) = found
    assert model is not None
    assert model.licence == "Apache 2.0"
    assert registry.source_of(f"{model.source}@12345678") == model.source


def test_the_id_of_a_directory_is_not_taken_for_the_model_of_the_table() -> None:
    of_directory = "ViT-B-32-SigLIP2-256@12345678"  # named by its sizes, of whatever weights
    assert registry.source_of(of_directory) == of_directory


def edited(path: Path, part: str | None, **changes: Any) -> None:
    content = json.loads(path.read_text())
    (content[part] if part else content).update(changes)
    path.write_text(json.dumps(content))


def edited_in_open_clip(directory: Path, part: str, **changes: Any) -> None:
    path = directory / "open_clip_config.json"
    content = json.loads(path.read_text())
    content["model_cfg"][part].update(changes)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("text_config", {"hidden_act": "gelu"}),
        ("vision_config", {"layer_norm_eps": 1e-5}),
        ("vision_config", {"vision_use_head": False}),
        ("vision_config", {"num_attention_heads": 5}),
    ],
)
def test_another_model_than_siglip_is_refused(
    tmp_path: Path, part: str, change: dict[str, Any]
) -> None:
    directory = seeded_siglip.write_transformers(tmp_path / "m")
    edited(directory / "config.json", part, **change)
    with pytest.raises(ClipcoreError) as refusal:
        open_siglip(directory)
    assert isinstance(refusal.value, CheckpointMismatch)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("text_cfg", {"pool_type": "argmax"}),
        ("text_cfg", {"no_causal_mask": False}),
        ("text_cfg", {"tokenizer_kwargs": {"clean": "whitespace"}}),
        ("vision_cfg", {"timm_pool": "avg"}),
        ("vision_cfg", {"timm_model_name": "vit_base_patch16_siglip_gap_224"}),
        ("vision_cfg", {"patch_dropout": 0.5}),
    ],
)
def test_options_of_open_clip_that_are_not_siglips_are_refused(
    tmp_path: Path, part: str, change: dict[str, Any]
) -> None:
    directory = seeded_siglip.write_open_clip(tmp_path / "m")
    edited_in_open_clip(directory, part, **change)
    with pytest.raises(CheckpointMismatch):
        open_siglip(directory)


def test_text_tower_of_open_clip_states_its_width_and_heads(tmp_path: Path) -> None:
    directory = seeded_siglip.write_open_clip(tmp_path / "m")
    path = directory / "open_clip_config.json"
    content = json.loads(path.read_text())
    del content["model_cfg"]["text_cfg"]["heads"]
    path.write_text(json.dumps(content))
    with pytest.raises(CheckpointMismatch, match="width and heads"):
        open_siglip(directory)


def test_weights_without_the_bias_are_refused_by_its_name(tmp_path: Path) -> None:
    directory = seeded_siglip.write_transformers(tmp_path / "m")
    path = directory / "model.safetensors"
    state = load_file(path)
    del state["logit_bias"]
    save_file(state, path)
    with pytest.raises(CheckpointMismatch, match="logit_bias"):
        open_siglip(directory)


def test_naflex_is_refused_with_a_model_to_take_instead(tmp_path: Path) -> None:
    directory = seeded_siglip.write_transformers(tmp_path / "m")
    edited(directory / "config.json", None, model_type="siglip2")
    of_open_clip = seeded_siglip.write_open_clip(tmp_path / "o")
    name = "naflexvit_base_patch16_siglip"
    edited_in_open_clip(of_open_clip, "vision_cfg", timm_model_name=name)
    for source in (directory, of_open_clip, NAFLEX):
        with pytest.raises(CheckpointMismatch) as refusal:
            clipcore.open_encoder(source)
        assert registry.find(str(refusal.value.message.fields["instead"])) is not None
    with pytest.raises(CheckpointMismatch, match="NaFlex"):
        registry.pull(NAFLEX)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    directory = seeded_siglip.write_transformers(tmp_path / "m")
    for name in ("tokenizer.json", "model.safetensors"):
        (directory / name).rename(tmp_path / name)
        with pytest.raises(ModelNotFound, match=name):
            open_siglip(directory)
        (tmp_path / name).rename(directory / name)


def test_it_loads_with_all_its_parts_or_with_one_tower(directory: Path) -> None:
    whole = clipcore.load(directory)
    pixels = whole.preprocess(seeded.picture((300, 500)))[None]
    with torch.inference_mode():
        per_image, per_text = whole.model(pixels, whole.tokenizer(["a dog", "the beach"]))
    assert per_image.shape == (1, 2)
    assert torch.equal(per_text, per_image.T)
    assert clipcore.load(directory, towers=("text",)).model.visual is None


def test_a_part_that_was_not_asked_for_is_said_to_be_absent() -> None:
    with torch.device("meta"):
        without = SigLIP(seeded_siglip.TINY, ("text",))
    with pytest.raises(ValueError, match="image tower"):
        without.encode_image(seeded_siglip.pixels(seeded_siglip.TINY))
    with pytest.raises(ValueError, match='"words"'):
        without.encode_text(seeded_siglip.tokens(seeded_siglip.TINY))


# --- the encoder ---------------------------------------------------------------------------------


def pixels(encoder: SiglipEncoder, count: int) -> np.ndarray:
    pictures = [seeded.picture((80 + 7 * number, 90)) for number in range(count)]
    return np.stack([encoder.preprocess(picture) for picture in pictures])


def test_rows_are_unit_and_those_of_the_model(encoder: SiglipEncoder) -> None:
    images, texts = encoder.embed_images(pixels(encoder, 3)), encoder.embed_texts(TEXTS)
    for rows in (images, texts):
        assert rows.dtype == np.float32
        assert np.abs(np.linalg.norm(rows, axis=1) - 1).max() < 1e-6
    assert encoder.embed_texts([]).shape == (0, encoder.dim)
    model = seeded_model(seeded_siglip.TINY)
    tokens = torch.from_numpy(encoder.tokenizer.tokens(TEXTS))
    with torch.inference_mode():
        logits, _ = model(torch.from_numpy(pixels(encoder, 3)), tokens)
    ours = np.exp(encoder.logit_scale) * images @ texts.T + encoder.logit_bias
    assert np.abs(ours - logits.numpy()).max() < 1e-3


def test_facts_are_known_before_any_weights_are_read(encoder: SiglipEncoder) -> None:
    assert (encoder.dim, encoder.image_size_px) == (128, 64)
    assert encoder.logit_scale == pytest.approx(seeded_siglip.LOGIT_SCALE)
    assert encoder.logit_bias == seeded_siglip.LOGIT_BIAS


@pytest.mark.long  # test_choice.py tries engines apart, test_config_cache.py needs no torch
def test_texts_need_no_torch_in_the_process_that_searches(
    directory: Path,
) -> None:
    """The engines are tried and the tower is converted by another one."""
    open_siglip(directory)  # reads the sizes with torch, once
    code = (
        "import sys; from clipcore.families.siglip import SiglipEncoder as E;"
        f"E({str(directory)!r}).embed_texts(['a dog']); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_engines_agree_and_texts_take_the_compact_one(
    directory: Path, encoder: SiglipEncoder, tmp_path: Path
) -> None:
    chosen = SiglipEncoder(directory)
    assert (chosen.embed_texts(TEXTS) * encoder.embed_texts(TEXTS)).sum(axis=1).min() > 0.999
    some = pixels(encoder, 3)
    assert (chosen.embed_images(some) * encoder.embed_images(some)).sum(axis=1).min() > 0.999
    tower = encoder.tower("text")
    trials = try_engines(tower, engines_for(tower), tmp_path / "engines.json")
    assert trials[COMPACT].refused is None
    assert COMPACT not in engines_for(encoder.tower("image"))


@pytest.mark.long
def test_texts_are_embedded_where_no_other_process_can_try_engines(
    directory: Path, encoder: SiglipEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(in_the_way))
    chosen = SiglipEncoder(directory)
    assert (chosen.embed_texts(TEXTS) * encoder.embed_texts(TEXTS)).sum(axis=1).min() > 0.999

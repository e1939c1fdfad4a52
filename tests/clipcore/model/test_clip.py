"""Each stage of the model against what the reference code computed from the same weights.

The golden values are written by tests/parity/compare.py, which runs open_clip, transformers and
OpenAI's package.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import seeded
import torch
from _pytest.mark import ParameterSet
from seeded import ARCHITECTURES, CASES, Case

from clipcore.checkpoints.weights import canonical
from clipcore.model.clip import CLIP

pytestmark = pytest.mark.slow

PARITY = Path(__file__).parents[2] / "parity"
GOLDEN = np.load(PARITY / "golden.npz")
COUNTS = json.loads((PARITY / "golden.json").read_text())["parameters"]
WITHIN, COSINE_AT_LEAST = 1e-4, 0.9999


def seeded_model(case: Case, towers: tuple[str, ...] = ("image", "text")) -> CLIP:
    with torch.device("meta"):
        model = CLIP(case.config, towers)
    state = canonical(seeded.state_dict(seeded.openai_shapes(case.config)))
    kept = {name: state[name] for name in model.state_dict()}
    model.load_state_dict(kept, assign=True)
    return model.eval()


def assert_close(ours: torch.Tensor, case: Case, stage: str) -> None:
    theirs = torch.from_numpy(GOLDEN[f"{case.key}: {stage}"])
    assert (ours - theirs).abs().max() <= WITHIN
    assert torch.cosine_similarity(ours, theirs, dim=-1).min() >= COSINE_AT_LEAST


# each kind of tower, each activation, one at its whole depth; the others are `long`
EVERYDAY = (
    Case("RN101", [1, 1, 2, 1]),
    Case("ViT-B-32"),
    Case("ViT-B-32-256", 2, quick_gelu=False),
    Case("ViT-L-14-336", 2),
)


def cases() -> Iterator[ParameterSet]:
    for case in CASES:
        yield pytest.param(case, id=case.key, marks=() if case in EVERYDAY else pytest.mark.long)


@pytest.mark.parametrize("case", list(cases()))
@torch.inference_mode()
def test_towers_and_logits_equal_the_reference(case: Case) -> None:
    model = seeded_model(case)
    images = model.encode_image(seeded.pixels(case))
    assert_close(images, case, "image tower")
    texts = model.encode_text(seeded.tokens(case))
    assert_close(texts, case, "text tower")
    assert_close(model.logits_per_image(images, texts), case, "logits")


@torch.inference_mode()
def test_the_golden_values_tell_the_two_activations_apart() -> None:
    quick, exact = (Case("ViT-B-16", 2, quick_gelu=quick) for quick in (True, False))
    for stage in ("image tower", "text tower"):
        difference = GOLDEN[f"{quick.key}: {stage}"] - GOLDEN[f"{exact.key}: {stage}"]
        assert np.abs(difference).max() > 10 * WITHIN


@torch.inference_mode()
def test_forward_gives_both_logits_one_the_transpose_of_the_other() -> None:
    case = Case("ViT-B-32", 1)
    per_image, per_text = seeded_model(case)(seeded.pixels(case), seeded.tokens(case))
    assert per_image.shape == (2, 3)
    assert torch.equal(per_text, per_image.T)


@torch.inference_mode()
def test_logits_are_cosines_times_the_exponential_of_the_scale() -> None:
    case = Case("ViT-B-32", 1)
    model = seeded_model(case)
    features = torch.eye(3, 512) * 7
    expected = torch.eye(3) * np.exp(seeded.LOGIT_SCALE)
    assert torch.allclose(model.logits_per_image(features, features), expected)


@torch.inference_mode()
def test_text_cut_at_its_end_gives_the_feature_of_the_whole_row() -> None:
    case = Case("ViT-B-32", 2)
    model, tokens = seeded_model(case, ("text",)), seeded.tokens(case)
    whole = model.encode_text(tokens)
    for row, expected in zip(tokens, whole, strict=True):
        cut = model.encode_text(row[None, : int(row.argmax()) + 1])
        assert (cut[0] - expected).abs().max() <= 1e-5


@torch.inference_mode()
def test_a_feature_does_not_depend_on_its_batch() -> None:
    case = Case("RN50", [1, 1, 1, 1])
    model, pixels = seeded_model(case, ("image",)), seeded.pixels(case, 3)
    alone = torch.cat([model.encode_image(pixels[i : i + 1]) for i in range(3)])
    assert (model.encode_image(pixels) - alone).abs().max() <= 1e-5


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_parameter_count_equals_the_reference(name: str) -> None:
    with torch.device("meta"):
        model = CLIP(seeded.clip_config(ARCHITECTURES[name]))
    assert sum(parameter.numel() for parameter in model.parameters()) == COUNTS[name]


def test_parameter_counts_equal_the_published_ones() -> None:
    published = {"ViT-B-32": 151_277_313, "RN50": 102_007_137, "ViT-L-14": 427_616_513}
    assert published.items() <= COUNTS.items()


def test_a_tower_that_was_not_asked_for_is_absent_and_said_to_be() -> None:
    case = Case("ViT-B-32", 1)
    texts, images = (seeded_model(case, (tower,)) for tower in ("text", "image"))
    assert not any(name.startswith("visual.") for name in texts.state_dict())
    with pytest.raises(ValueError, match="image tower"):
        texts.encode_image(seeded.pixels(case))
    assert not any(name.startswith("text.") for name in images.state_dict())
    with pytest.raises(ValueError, match="text tower"):
        images.encode_text(seeded.tokens(case))


def test_a_resnet_has_blocks_and_a_transformer_a_depth() -> None:
    resnet, transformer = (Case(name).config.vision for name in ("RN50", "ViT-B-32"))
    assert resnet.blocks == (3, 4, 6, 3)
    assert transformer.depth == 12
    with pytest.raises(TypeError, match="ResNet"):
        _ = resnet.depth
    with pytest.raises(TypeError, match="vision transformer"):
        _ = transformer.blocks


def test_unknown_towers_are_refused() -> None:
    with pytest.raises(ValueError, match="audio"):
        CLIP(Case("ViT-B-32", 1).config, ("audio",))

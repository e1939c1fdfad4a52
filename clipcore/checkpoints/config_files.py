"""What the configurations of model directories have in common: JSON, pixels, what is refused.

Knows no model; formats.py and siglip_formats.py say what theirs state.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipcore.checkpoints.published import TOKENIZERS
from clipcore.errors import CheckpointDamaged, CheckpointMismatch
from clipcore.image.preprocess import INTERPOLATIONS, RESIZE_MODES, PixelFacts, Triple
from clipcore.messages import N_
from clipcore.model.config import TowerFacts

# What open_clip's configurations may say; each of these is read off the tensors, handled here, or
# of no effect once a model is trained.
MODEL_KEYS = {
    "embed_dim",
    "vision_cfg",
    "text_cfg",
    "quick_gelu",
    "custom_text",
    "init_logit_scale",
}
VISION_KEYS = {"image_size", "layers", "width", "head_width", "mlp_ratio", "patch_size"}
VISION_KEYS |= {"patch_dropout"}
TEXT_KEYS = {"context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio"}
TEXT_KEYS |= {"hf_tokenizer_name"}
TIMM_KEYS = {"image_size", "timm_model_name", "timm_model_pretrained", "timm_pool", "timm_proj"}
CLIP_PIXELS = PixelFacts()
PILLOW_FILTERS = {2: "bilinear", 3: "bicubic"}


@dataclass(frozen=True)
class Description:
    """All that is known of a checkpoint before its tensors are looked at."""

    weights: Path
    towers: TowerFacts
    pixels: PixelFacts
    tokenizer: Path | None = None
    archive_sha256: str | None = None


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file. Raises CheckpointDamaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointDamaged(
            N_("{path} cannot be read as JSON: {why}"), path=path, why=error
        ) from error
    if not isinstance(content, dict):
        raise CheckpointDamaged(
            N_("{path} holds a {kind}, not an object"), path=path, kind=type(content).__name__
        )
    return content


def tokenizer_in(directory: Path) -> Path | None:
    """The tokenizer that a directory has, if one."""
    paths = (directory / name for name in TOKENIZERS)
    return next((path for path in paths if path.is_file()), None)


def model_part(content: Mapping[str, Any], part: str) -> dict[str, Any]:
    """A part of open_clip's configuration, which may lie under "model_cfg"."""
    model = content.get("model_cfg", content)
    found = model.get(part) if isinstance(model, dict) else None
    return found if isinstance(found, dict) else {}


def refuse_others(path: Path, part: str, content: Mapping[str, Any], known: set[str]) -> None:
    """An option this project does not implement is refused, unless it is switched off."""
    others = sorted(key for key, value in content.items() if key not in known and value)
    if others:
        raise CheckpointMismatch(
            N_("{path}: {part} asks for {others}, which this version does not implement"),
            path=path,
            part=part,
            others=", ".join(others),
        )


def refuse_unlike(path: Path, content: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """A stated fact that is not the model's is refused; one that is not stated is taken for it."""
    for key, value in expected.items():
        if content.get(key, value) not in (value, None):
            raise CheckpointMismatch(
                N_("{path}: {key} is {found}, not {expected}"),
                path=path,
                key=key,
                found=content[key],
                expected=value,
            )


def open_clip_pixels(
    path: Path, content: Mapping[str, Any], default: PixelFacts = CLIP_PIXELS
) -> PixelFacts:
    """open_clip's preprocess_cfg; `default` where it is silent."""
    return _checked(
        path,
        PixelFacts(
            _triple(path, content.get("mean") or default.mean),
            _triple(path, content.get("std") or default.std),
            content.get("interpolation") or default.interpolation,
            content.get("resize_mode") or default.resize_mode,
        ),
    )


def _triple(path: Path, values: Any) -> Triple:
    """Three numbers, or one for all three channels."""
    numbers = [values] * 3 if isinstance(values, (int, float)) else list(values)
    if len(numbers) != 3:
        raise CheckpointMismatch(
            N_("{path}: {values} is not one number a colour channel"), path=path, values=values
        )
    red, green, blue = (float(number) for number in numbers)
    return red, green, blue


def _checked(path: Path, pixels: PixelFacts) -> PixelFacts:
    if pixels.interpolation not in INTERPOLATIONS or pixels.resize_mode not in RESIZE_MODES:
        raise CheckpointMismatch(
            N_(
                "{path}: interpolation '{interpolation}' with resize mode '{mode}' is not "
                "implemented; known are {interpolations} and {modes}"
            ),
            path=path,
            interpolation=pixels.interpolation,
            mode=pixels.resize_mode,
            interpolations=", ".join(INTERPOLATIONS),
            modes=", ".join(RESIZE_MODES),
        )
    return pixels


def transformers_pixels(path: Path, default: PixelFacts = CLIP_PIXELS) -> PixelFacts:
    """transformers' processor file, where the directory has one; else the default values."""
    if not path.is_file():
        return default
    content = read_json(path)
    size = content.get("size", {})
    squash = isinstance(size, dict) and "height" in size and not content.get("do_center_crop")
    pixels = PixelFacts(
        _triple(path, content.get("image_mean", default.mean)),
        _triple(path, content.get("image_std", default.std)),
        PILLOW_FILTERS.get(content.get("resample", 3), str(content.get("resample"))),
        "squash" if squash else "shortest",
    )
    return _checked(path, pixels)

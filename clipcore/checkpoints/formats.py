"""Reads from a directory or a file on disk which checkpoint is in it.

Three forms are known: open_clip's directory (open_clip_config.json), Hugging Face transformers'
CLIP directory (config.json), and a single file. Each is turned into one Description; sizes are not
in it, as they are read off the tensors. What this project does not implement is refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clipcore.checkpoints import catalogue
from clipcore.checkpoints.lockfile import sha256
from clipcore.errors import CheckpointDamaged, CheckpointMismatch, CheckpointUnsafe, ModelNotFound
from clipcore.image.preprocess import INTERPOLATIONS, RESIZE_MODES, PixelFacts, Triple
from clipcore.messages import N_
from clipcore.model.config import TowerFacts

OPEN_CLIP_WEIGHTS = catalogue.WEIGHT_FILES
TRANSFORMERS_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
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
# What transformers assumes where a config.json is silent (CLIPVisionConfig, CLIPTextConfig).
TRANSFORMERS_VISION = {"hidden_size": 768, "num_attention_heads": 12, "hidden_act": "quick_gelu"}
TRANSFORMERS_TEXT = {"hidden_size": 512, "num_attention_heads": 8, "hidden_act": "quick_gelu"}
# 2 is what OpenAI's own uploads say: it stands for "the highest id", which CLIP's end token has.
LEGACY_END_ID = 2
LAYER_NORM_EPS = 1e-5
PILLOW_FILTERS = {2: "bilinear", 3: "bicubic"}


@dataclass(frozen=True)
class Description:
    """All that is known of a checkpoint before its tensors are looked at."""

    weights: Path
    towers: TowerFacts
    pixels: PixelFacts
    tokenizer: Path | None = None
    archive_sha256: str | None = None


def describe(path: Path, quick_gelu: bool | None = None) -> Description:
    """The facts of a directory or a file.

    `quick_gelu` tells the activation of a bare file that does not say it. Raises ModelNotFound,
    CheckpointMismatch or CheckpointUnsafe.
    """
    if path.is_file():
        config_file = path.parent / catalogue.CONFIG_FILE
        if path.name in OPEN_CLIP_WEIGHTS and config_file.is_file():
            return _open_clip(path.parent, path)
        return _single_file(path, quick_gelu)
    if (path / catalogue.CONFIG_FILE).is_file():
        return _open_clip(path, _weights_in(path, OPEN_CLIP_WEIGHTS))
    if (path / "config.json").is_file():
        return _transformers(path, _weights_in(path, TRANSFORMERS_WEIGHTS))
    raise ModelNotFound(
        N_("{path} has neither {config} nor config.json: it is no model directory"),
        path=path,
        config=catalogue.CONFIG_FILE,
    )


def _weights_in(directory: Path, names: tuple[str, ...]) -> Path:
    found = [directory / name for name in names if (directory / name).is_file()]
    if not found:
        raise ModelNotFound(
            N_("{path} has a configuration but none of {files}"),
            path=directory,
            files=", ".join(names),
        )
    return found[0]


def _tokenizer_in(directory: Path) -> Path | None:
    path = directory / catalogue.TOKENIZER_FILE
    return path if path.is_file() else None


def _json(path: Path) -> dict[str, Any]:
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


# --- open_clip -----------------------------------------------------------------------------------


def _open_clip(directory: Path, weight_file: Path) -> Description:
    path = directory / catalogue.CONFIG_FILE
    content = _json(path)
    model = content.get("model_cfg", content)
    vision, text = model.get("vision_cfg", {}), model.get("text_cfg", {})
    _refuse_others(path, "model_cfg", model, MODEL_KEYS | {"preprocess_cfg"})
    _refuse_others(path, "vision_cfg", vision, VISION_KEYS)
    _refuse_others(path, "text_cfg", text, TEXT_KEYS)
    if not {"width", "heads"} <= text.keys():
        raise CheckpointMismatch(
            N_("{path} does not state the width and heads of the text tower"), path=path
        )
    towers = TowerFacts(
        quick_gelu=bool(model.get("quick_gelu", False)),  # open_clip: GELU unless it says so
        vision_head_width=int(vision.get("head_width", 64)),
        text_head_width=int(text["width"]) // int(text["heads"]),
    )
    pixels = _open_clip_pixels(path, content.get("preprocess_cfg", {}))
    return Description(weight_file, towers, pixels, _tokenizer_in(directory))


def _refuse_others(path: Path, part: str, content: Mapping[str, Any], known: set[str]) -> None:
    """An option this project does not implement is refused, unless it is switched off."""
    others = sorted(key for key, value in content.items() if key not in known and value)
    if others:
        raise CheckpointMismatch(
            N_("{path}: {part} asks for {others}, which this version does not implement"),
            path=path,
            part=part,
            others=", ".join(others),
        )


def _open_clip_pixels(path: Path, content: Mapping[str, Any]) -> PixelFacts:
    default = PixelFacts()
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


# --- transformers --------------------------------------------------------------------------------


def _transformers(directory: Path, weight_file: Path) -> Description:
    path = directory / "config.json"
    content = _json(path)
    if content.get("model_type") != "clip":
        raise CheckpointMismatch(
            N_("{path}: model_type is '{type}', not 'clip'"),
            path=path,
            type=content.get("model_type"),
        )
    vision = TRANSFORMERS_VISION | content.get("vision_config", {})
    text = TRANSFORMERS_TEXT | content.get("text_config", {})
    activations = {vision["hidden_act"], text["hidden_act"]}
    if activations not in ({"quick_gelu"}, {"gelu"}):
        raise CheckpointMismatch(
            N_("{path}: activations {activations} are not both towers' one"),
            path=path,
            activations=activations,
        )
    _check_transformers(path, vision, text)
    towers = TowerFacts(
        quick_gelu=activations == {"quick_gelu"},
        vision_head_width=int(vision["hidden_size"]) // int(vision["num_attention_heads"]),
        text_head_width=int(text["hidden_size"]) // int(text["num_attention_heads"]),
    )
    pixels = _transformers_pixels(directory / "preprocessor_config.json")
    return Description(weight_file, towers, pixels, _tokenizer_in(directory))


def _check_transformers(path: Path, vision: Mapping[str, Any], text: Mapping[str, Any]) -> None:
    """What this project fixes must be what the model was trained with."""
    end, vocab_size = text.get("eos_token_id", 49407), text.get("vocab_size", 49408)
    if end not in (LEGACY_END_ID, vocab_size - 1):
        raise CheckpointMismatch(
            N_("{path}: text ends with token {end} of {vocab_size}; CLIP's end token is the last"),
            path=path,
            end=end,
            vocab_size=vocab_size,
        )
    for part in (vision, text):
        if part.get("layer_norm_eps", LAYER_NORM_EPS) != LAYER_NORM_EPS:
            raise CheckpointMismatch(
                N_("{path}: layer_norm_eps is {epsilon}"), path=path, epsilon=part["layer_norm_eps"]
            )


def _transformers_pixels(path: Path) -> PixelFacts:
    """transformers' processor file, where the directory has one; else CLIP's own values."""
    if not path.is_file():
        return PixelFacts()
    content, default = _json(path), PixelFacts()
    size = content.get("size", {})
    squash = isinstance(size, dict) and "height" in size and not content.get("do_center_crop")
    pixels = PixelFacts(
        _triple(path, content.get("image_mean", default.mean)),
        _triple(path, content.get("image_std", default.std)),
        PILLOW_FILTERS.get(content.get("resample", 3), str(content.get("resample"))),
        "squash" if squash else "shortest",
    )
    return _checked(path, pixels)


# --- a single file -------------------------------------------------------------------------------


def _single_file(path: Path, quick_gelu: bool | None) -> Description:
    from clipcore.checkpoints import weights  # a directory says all this without torch

    if weights.is_torchscript(path):
        return _openai_archive(path)
    stated = weights.read_metadata(path).get("quick_gelu")
    if quick_gelu is None and stated is not None:
        quick_gelu = stated.lower() in ("true", "1")
    if quick_gelu is None:
        raise CheckpointMismatch(
            N_(
                "{path} does not state whether its weights were trained with QuickGELU or "
                "GELU, and the difference shows only in bad results; put it into a directory "
                "with its {config} or config.json, or pass quick_gelu=True or False"
            ),
            path=path,
            config=catalogue.CONFIG_FILE,
        )
    return Description(path, _head_widths(path, quick_gelu), PixelFacts())


def _openai_archive(path: Path) -> Description:
    digest = sha256(path)
    entry = catalogue.entry_of_archive(digest)
    if entry is None:
        raise CheckpointUnsafe(
            N_(
                "{path} is a TorchScript archive, which can run code, and its sha256 "
                "{digest} is none of those OpenAI published; use a .safetensors file of the "
                "same weights"
            ),
            path=path,
            digest=digest,
        )
    return Description(path, entry.towers, entry.pixels, archive_sha256=digest)


def _head_widths(path: Path, quick_gelu: bool) -> TowerFacts:
    """From a table entry of the same widths: no tensor tells how wide a head is."""
    from clipcore.checkpoints import weights

    config = weights.infer_config(weights.read_header(path), TowerFacts(quick_gelu))
    sizes = (config.vision.patch_size_px, config.vision.width, config.text.width)
    for entry in catalogue.table():
        if sizes == (entry.patch_size_px, entry.vision_width, entry.text_width):
            return replace(entry.towers, quick_gelu=quick_gelu)
    raise CheckpointMismatch(
        N_(
            "{path} has the widths of no known architecture (image {image_width}, text "
            "{text_width}), and its tensors do not show how wide a head is; put it into "
            "a directory with its {config} or config.json"
        ),
        path=path,
        image_width=config.vision.width,
        text_width=config.text.width,
        config=catalogue.CONFIG_FILE,
    )

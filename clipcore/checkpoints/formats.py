"""Reads from a directory or a file on disk which checkpoint is in it.

Three forms are known: open_clip's directory (open_clip_config.json), Hugging Face transformers'
CLIP directory (config.json), and a single file. Each is turned into one Description; sizes are not
in it, as they are read off the tensors. What this project does not implement is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from clipcore.checkpoints import catalogue
from clipcore.checkpoints.config_files import (
    MODEL_KEYS,
    TEXT_KEYS,
    TIMM_KEYS,
    VISION_KEYS,
    Description,
    open_clip_pixels,
    read_json,
    refuse_others,
    refuse_unlike,
    tokenizer_in,
    transformers_pixels,
)
from clipcore.checkpoints.lockfile import sha256
from clipcore.checkpoints.published import (
    CONFIG_FILE,
    OPEN_CLIP,
    TRANSFORMERS,
    first_of,
)
from clipcore.errors import CheckpointMismatch, CheckpointUnsafe, ModelNotFound
from clipcore.image.preprocess import PixelFacts
from clipcore.messages import N_
from clipcore.model.config import (
    CHINESE_ROBERTA,
    CONTEXT_LENGTH,
    XLM_ROBERTA,
    BertFacts,
    TowerFacts,
)

OPEN_CLIP_WEIGHTS = OPEN_CLIP.weights
TRANSFORMERS_WEIGHTS = TRANSFORMERS.weights
# How open_clip names a text tower of transformers' make, in newer and older files.
BERT_KEYS = {"hf_model_name", "hf_model_pretrained", "hf_pooler_type", "hf_proj_type"}
BERT_KEYS |= {"pooler_type", "proj"}
OPEN_CLIP_BERTS = {"xlm-roberta-base": XLM_ROBERTA, "xlm-roberta-large": XLM_ROBERTA}
PERCEPTION_TIMM = re.compile(r"vit_pe_core_(tiny|small|base|large)_patch\d+_\d+(\..*)?")
# What transformers assumes where a config.json is silent (CLIPVisionConfig, CLIPTextConfig).
TRANSFORMERS_VISION = {"hidden_size": 768, "num_attention_heads": 12, "hidden_act": "quick_gelu"}
TRANSFORMERS_TEXT = {"hidden_size": 512, "num_attention_heads": 8, "hidden_act": "quick_gelu"}
# Likewise (ChineseCLIPTextConfig).
CHINESE_TEXT = {"hidden_size": 768, "num_attention_heads": 12, "hidden_act": "gelu"}
CHINESE_TEXT |= {"layer_norm_eps": CHINESE_ROBERTA.epsilon}
# 2 is what OpenAI's own uploads say: it stands for "the highest id", which CLIP's end token has.
LEGACY_END_ID = 2
LAYER_NORM_EPS = 1e-5


def describe(path: Path, quick_gelu: bool | None = None) -> Description:
    """The facts of a directory or a file.

    `quick_gelu` tells the activation of a bare file that does not say it. Raises ModelNotFound,
    CheckpointMismatch or CheckpointUnsafe.
    """
    if path.is_file():
        config_file = path.parent / CONFIG_FILE
        if path.name in OPEN_CLIP_WEIGHTS and config_file.is_file():
            return _open_clip(path.parent, path)
        return _single_file(path, quick_gelu)
    if (path / CONFIG_FILE).is_file():
        return _open_clip(path, first_of(path, OPEN_CLIP_WEIGHTS))
    if (path / "config.json").is_file():
        return _transformers(path, first_of(path, TRANSFORMERS_WEIGHTS))
    raise ModelNotFound(
        N_("{path} has neither {config} nor config.json: it is no model directory"),
        path=path,
        config=CONFIG_FILE,
    )


# --- open_clip -----------------------------------------------------------------------------------


def _open_clip(directory: Path, weight_file: Path) -> Description:
    path = directory / CONFIG_FILE
    content = read_json(path)
    model = content.get("model_cfg", content)
    vision, text = model.get("vision_cfg", {}), model.get("text_cfg", {})
    refuse_others(path, "model_cfg", model, MODEL_KEYS | {"preprocess_cfg"})
    if vision.get("timm_model_name"):
        _refuse_other_timm(path, vision)
    else:
        refuse_others(path, "vision_cfg", vision, VISION_KEYS)
    towers = TowerFacts(
        quick_gelu=bool(model.get("quick_gelu", False)),  # open_clip: GELU unless it says so
        vision_head_width=int(vision.get("head_width", 64)),
    )
    if "hf_model_name" in text:
        towers = replace(towers, bert=_open_clip_bert(path, text))
    else:
        towers = replace(towers, text_head_width=_open_clip_text(path, text))
    pixels = open_clip_pixels(path, content.get("preprocess_cfg", {}))
    return Description(weight_file, towers, pixels, tokenizer_in(directory))


def _refuse_other_timm(path: Path, vision: Mapping[str, Any]) -> None:
    """Of timm's image towers Perception Encoder is implemented; its heads are 64 wide."""
    name = str(vision["timm_model_name"])
    if not PERCEPTION_TIMM.fullmatch(name):
        raise CheckpointMismatch(
            N_("{path}: timm_model_name {name} is not implemented; known: {known}"),
            path=path,
            name=name,
            known="PE-Core-S-16-384, PE-Core-B-16, PE-Core-L-14-336, SigLIP, SigLIP 2",
        )
    refuse_others(path, "vision_cfg", vision, TIMM_KEYS)
    refuse_unlike(path, vision, {"timm_pool": "map", "timm_proj": None})


def _open_clip_text(path: Path, text: Mapping[str, Any]) -> int:
    """The width of a head of CLIP's own text tower."""
    refuse_others(path, "text_cfg", text, TEXT_KEYS)
    if not {"width", "heads"} <= text.keys():
        raise CheckpointMismatch(
            N_("{path} does not state the width and heads of the text tower"), path=path
        )
    return int(text["width"]) // int(text["heads"])


def _open_clip_bert(path: Path, text: Mapping[str, Any]) -> BertFacts:
    """The constants of a text tower of transformers' make."""
    refuse_others(path, "text_cfg", text, TEXT_KEYS | BERT_KEYS)
    name = str(text["hf_model_name"]).rpartition("/")[2]
    pooling = text.get("hf_pooler_type", text.get("pooler_type", "mean_pooler"))
    if name not in OPEN_CLIP_BERTS or pooling != "mean_pooler":
        raise CheckpointMismatch(
            N_("{path}: the text tower {name} with {pooling} is not implemented; known: {known}"),
            path=path,
            name=name,
            pooling=pooling,
            known=", ".join(OPEN_CLIP_BERTS),
        )
    length = int(text.get("context_length", CONTEXT_LENGTH))
    return replace(OPEN_CLIP_BERTS[name], context_length=length)


# --- transformers --------------------------------------------------------------------------------


def _transformers(directory: Path, weight_file: Path) -> Description:
    path = directory / "config.json"
    content = read_json(path)
    if content.get("model_type") == "chinese_clip":
        return _chinese_clip(directory, weight_file, content)
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
    pixels = transformers_pixels(directory / "preprocessor_config.json")
    return Description(weight_file, towers, pixels, tokenizer_in(directory))


def _chinese_clip(directory: Path, weight_file: Path, content: Mapping[str, Any]) -> Description:
    """transformers' Chinese-CLIP: CLIP's image tower, and a Chinese RoBERTa."""
    path = directory / "config.json"
    vision = TRANSFORMERS_VISION | content.get("vision_config", {})
    text = CHINESE_TEXT | content.get("text_config", {})
    if vision["hidden_act"] not in ("quick_gelu", "gelu") or text["hidden_act"] != "gelu":
        raise CheckpointMismatch(
            N_("{path}: activations {activations} are not both towers' one"),
            path=path,
            activations={vision["hidden_act"], text["hidden_act"]},
        )
    epsilon = text["layer_norm_eps"]
    _check_epsilon(path, vision.get("layer_norm_eps", LAYER_NORM_EPS), LAYER_NORM_EPS)
    _check_epsilon(path, epsilon, CHINESE_ROBERTA.epsilon)
    towers = TowerFacts(
        quick_gelu=vision["hidden_act"] == "quick_gelu",
        vision_head_width=int(vision["hidden_size"]) // int(vision["num_attention_heads"]),
        bert=replace(
            CHINESE_ROBERTA,
            head_width=int(text["hidden_size"]) // int(text["num_attention_heads"]),
        ),
    )
    pixels = transformers_pixels(directory / "preprocessor_config.json")
    return Description(weight_file, towers, pixels, tokenizer_in(directory))


def _check_epsilon(path: Path, epsilon: float, expected: float) -> None:
    if epsilon != expected:
        raise CheckpointMismatch(
            N_("{path}: layer_norm_eps is {epsilon}"), path=path, epsilon=epsilon
        )


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
        _check_epsilon(path, part.get("layer_norm_eps", LAYER_NORM_EPS), LAYER_NORM_EPS)


# --- a single file -------------------------------------------------------------------------------


def _single_file(path: Path, quick_gelu: bool | None) -> Description:
    from clipcore.checkpoints import tensor_files  # a directory says all this without torch

    if tensor_files.is_torchscript(path):
        return _openai_archive(path)
    stated = tensor_files.read_metadata(path).get("quick_gelu")
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
            config=CONFIG_FILE,
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
        own = (entry.patch_size_px, entry.vision_width, entry.text_width)
        if sizes == own and entry.towers.bert is None:
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
        config=CONFIG_FILE,
    )

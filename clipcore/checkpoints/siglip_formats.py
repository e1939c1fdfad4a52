"""Reads from a SigLIP directory which checkpoint is in it, in open_clip's or transformers' form.

What is not SigLIP of one fixed size is refused by name.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NoReturn

from clipcore.checkpoints.config_files import (
    MODEL_KEYS,
    TEXT_KEYS,
    TIMM_KEYS,
    Description,
    model_part,
    open_clip_pixels,
    read_json,
    refuse_others,
    refuse_unlike,
    tokenizer_in,
    transformers_pixels,
)
from clipcore.checkpoints.published import (
    CONFIG_FILE,
    OPEN_CLIP,
    TOKENIZERS,
    TRANSFORMERS,
    first_of,
)
from clipcore.errors import CheckpointMismatch, ModelNotFound
from clipcore.image.preprocess import PixelFacts
from clipcore.messages import N_
from clipcore.model.config import TowerFacts

SIGLIP_PIXELS = PixelFacts((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "bicubic", "squash")
# The width of a head in the image towers of timm's names.
SIGLIP_HEADS = {"base": 64, "large": 64, "so400m": 72, "giantopt": 96}
SIGLIP_TIMM = re.compile(r"vit_(base|large|so400m|giantopt)_patch\d+_siglip_\d+(\..*)?")
SIGLIP_TEXT_KEYS = TEXT_KEYS | {"tokenizer_kwargs", "no_causal_mask", "proj_bias", "pool_type"}
SIGLIP_TEXT_KEYS |= {"norm_kwargs", "act_kwargs"}
# What SigLIP is: open_clip and transformers have to say so, or say nothing.
SIGLIP_OPEN_CLIP_VISION = {"timm_pool": "map", "timm_proj": "none"}
SIGLIP_OPEN_CLIP_TEXT = {"no_causal_mask": True, "proj_bias": True, "pool_type": "last"}
SIGLIP_OPEN_CLIP_TEXT |= {"norm_kwargs": {"eps": 1e-6}, "act_kwargs": {"approximate": "tanh"}}
SIGLIP_OPEN_CLIP_TEXT |= {"tokenizer_kwargs": {"clean": "canonicalize"}}
SIGLIP_TRANSFORMERS = {"hidden_act": "gelu_pytorch_tanh", "layer_norm_eps": 1e-6}
SIGLIP_TRANSFORMERS |= {"vision_use_head": True}


def is_siglip(path: Path) -> bool:
    """Whether a directory's configuration is one of SigLIP, of a fixed size or not."""
    open_clip, transformers = path / CONFIG_FILE, path / "config.json"
    if open_clip.is_file():
        vision = model_part(read_json(open_clip), "vision_cfg")
        return "siglip" in str(vision.get("timm_model_name"))
    return transformers.is_file() and "siglip" in str(read_json(transformers).get("model_type"))


def describe_siglip(directory: Path) -> Description:
    """The facts of a SigLIP directory. Raises ModelNotFound or a CheckpointError."""
    if (directory / CONFIG_FILE).is_file():
        return _siglip_of_open_clip(directory)
    return _siglip_of_transformers(directory)


def refuse_naflex(model: object, instead: str = "ViT-B-16-SigLIP2-256/webli") -> NoReturn:
    """Raises CheckpointMismatch: photos in their own shape are not implemented."""
    raise CheckpointMismatch(
        N_(
            "{model} is a NaFlex model, which takes photos in their own shape; this version takes "
            "SigLIP 2 of one fixed size: use {instead} instead"
        ),
        model=model,
        instead=instead,
    )


def _siglip_of_open_clip(directory: Path) -> Description:
    path = directory / CONFIG_FILE
    content = read_json(path)
    vision, text = model_part(content, "vision_cfg"), model_part(content, "text_cfg")
    model = content.get("model_cfg", content)
    refuse_others(path, "model_cfg", model, MODEL_KEYS | {"init_logit_bias", "preprocess_cfg"})
    name = str(vision.get("timm_model_name"))
    if "naflex" in name:
        refuse_naflex(path)
    known = SIGLIP_TIMM.fullmatch(name)
    if not known:
        raise CheckpointMismatch(
            N_("{path}: the image tower {name} is not one of SigLIP's"), path=path, name=name
        )
    refuse_others(path, "vision_cfg", vision, TIMM_KEYS)
    refuse_others(path, "text_cfg", text, SIGLIP_TEXT_KEYS)
    refuse_unlike(path, vision, SIGLIP_OPEN_CLIP_VISION)
    refuse_unlike(path, text, SIGLIP_OPEN_CLIP_TEXT)
    if not {"width", "heads"} <= text.keys():
        raise CheckpointMismatch(
            N_("{path} does not state the width and heads of the text tower"), path=path
        )
    towers = TowerFacts(False, SIGLIP_HEADS[known[1]], int(text["width"]) // int(text["heads"]))
    pixels = open_clip_pixels(path, content.get("preprocess_cfg", {}), SIGLIP_PIXELS)
    return _siglip(directory, OPEN_CLIP.weights[:1], towers, pixels)


def _siglip_of_transformers(directory: Path) -> Description:
    path = directory / "config.json"
    content = read_json(path)
    if content.get("model_type") != "siglip":  # transformers calls NaFlex alone "siglip2"
        refuse_naflex(path)
    widths = []
    for part in ("vision_config", "text_config"):
        sizes = {"hidden_size": 768, "num_attention_heads": 12} | content.get(part, {})
        refuse_unlike(path, sizes, SIGLIP_TRANSFORMERS)
        widths.append(int(sizes["hidden_size"]) // int(sizes["num_attention_heads"]))
    pixels = transformers_pixels(directory / "preprocessor_config.json", SIGLIP_PIXELS)
    image_heads, text_heads = widths
    towers = TowerFacts(False, image_heads, text_heads)
    return _siglip(directory, TRANSFORMERS.weights[:1], towers, pixels)


def _siglip(
    directory: Path, weight_files: tuple[str, ...], towers: TowerFacts, pixels: PixelFacts
) -> Description:
    """Its table of words is read row by row, which pickles do not allow."""
    tokenizer = tokenizer_in(directory)
    if tokenizer is None:
        raise ModelNotFound(
            N_("{path} has no {file}; SigLIP cannot read a text without it"),
            path=directory,
            file=TOKENIZERS[0],
        )
    return Description(first_of(directory, weight_files), towers, pixels, tokenizer)

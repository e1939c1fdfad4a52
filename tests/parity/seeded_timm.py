"""The tensors of timm's image towers, which open_clip's SigLIP and Perception Encoders have.

Knows no reference code.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import seeded
import torch
from safetensors.torch import save_file
from torch import Tensor

TO_TIMM = (
    ("visual.conv1.", "visual.trunk.patch_embed.proj."),
    ("visual.positional_embedding", "visual.trunk.pos_embed"),
    ("visual.class_embedding", "visual.trunk.cls_token"),
    ("visual.ln_pre.", "visual.trunk.norm_pre."),
    ("visual.transformer.resblocks.", "visual.trunk.blocks."),
    ("visual.ln_post.", "visual.trunk.norm."),
    ("visual.head.", "visual.trunk.head."),
    ("visual.attnpool.attn.out_proj.", "visual.trunk.attn_pool.proj."),
    ("visual.attnpool.attn.in_proj_", "visual.trunk.attn_pool."),
    ("visual.attnpool.probe", "visual.trunk.attn_pool.latent"),
    ("visual.attnpool.ln.", "visual.trunk.attn_pool.norm."),
    ("visual.attnpool.", "visual.trunk.attn_pool."),
    (".attn.out_proj.", ".attn.proj."),
    (".attn.in_proj_", ".attn.qkv."),
    (".ln_1.", ".norm1."),
    (".ln_2.", ".norm2."),
    (".c_fc.", ".fc1."),
    (".c_proj.", ".fc2."),
)


def of_timm(name: str, tensor: Tensor) -> dict[str, Tensor]:
    """One tensor of the image tower under timm's name, or the two that it is made of."""
    for old, new in TO_TIMM:
        name = name.replace(old, new)
    if name in ("visual.trunk.attn_pool.weight", "visual.trunk.attn_pool.bias"):
        prefix, kind = name.rsplit(".", 1)
        width = len(tensor) // 3
        parts = {"q": tensor[:width], "kv": tensor[width:]}
        return {f"{prefix}.{part}.{kind}": rows.contiguous() for part, rows in parts.items()}
    if name.endswith("cls_token"):
        return {name: tensor[None, None]}
    return {name: tensor[None] if name.endswith(("latent", "pos_embed")) else tensor}


def noise(kind: str, side_px: int, count: int) -> Tensor:
    """(count, 3, R, R) pixels within -1 and 1, always the same for a kind."""
    drawn = seeded.generator(f"{kind} pixels {side_px}")
    pixels = drawn.random((count, 3, side_px, side_px), dtype="float32")
    return torch.from_numpy(pixels * 2 - 1)


def write_open_clip(
    directory: Path, model: Any, interpolation: str, state: dict[str, Tensor]
) -> Path:
    """A directory in open_clip's form, of a model whose pixels are squashed to -1 to 1."""
    directory.mkdir(parents=True, exist_ok=True)
    pixels = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": interpolation}
    whole = {"model_cfg": model, "preprocess_cfg": {**pixels, "resize_mode": "squash"}}
    (directory / "open_clip_config.json").write_text(json.dumps(whole))
    save_file(state, directory / "open_clip_model.safetensors")
    return directory

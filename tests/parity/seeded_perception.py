"""Perception Encoders whose weights follow from their names, in open_clip's layout.

As seeded.py does for CLIP. Knows no reference code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import seeded
import seeded_timm
import torch
from torch import Tensor

from clipcore.model.clip import CLIP
from clipcore.model.config import ClipConfig, TextConfig, VisionConfig

CONTEXT_LENGTH = 32


def sizes(
    embed_dim: int, vision: tuple[int, int, int, int], text: tuple[int, int, int]
) -> ClipConfig:
    """`vision`: image size, patch size, width, layers; `text`: width, heads, layers."""
    image_size, patch, width, layers = vision
    text_width, heads, text_layers = text
    return ClipConfig(
        embed_dim,
        False,
        VisionConfig(image_size, layers, width, width // 64, patch, width * 4, is_perception=True),
        TextConfig(CONTEXT_LENGTH, 49408, text_width, heads, text_layers, text_width * 4),
    )


# The models of the table, as open_clip configures them; the parity run checks that.
ARCHITECTURES = {
    "PE-Core-S-16-384": sizes(512, (384, 16, 384, 12), (512, 8, 12)),
    "PE-Core-B-16": sizes(1024, (224, 16, 768, 12), (1024, 16, 24)),
    "PE-Core-L-14-336": sizes(1024, (336, 14, 1024, 24), (1024, 16, 24)),
}
TINY = sizes(32, (64, 16, 128, 2), (64, 1, 2))


def state_dict(config: ClipConfig) -> dict[str, Tensor]:
    """Seeded weights under the names of `model.clip`."""
    with torch.device("meta"):
        own = CLIP(config).state_dict()
    return seeded.state_dict({name: tuple(tensor.shape) for name, tensor in own.items()})


def pixels(config: ClipConfig, count: int = 2) -> Tensor:
    """(count, 3, R, R) within -1 and 1."""
    return seeded_timm.noise("pe", config.vision.image_size_px, count)


def open_clip_layout(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Our names -> open_clip's with timm's image tower; the parity run loads it strictly."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name.startswith("visual."):
            renamed |= seeded_timm.of_timm(name, tensor)
        else:
            renamed[name] = tensor
    return renamed


def open_clip_config(
    config: ClipConfig, timm_model_name: str = "vit_pe_core_base_patch16_224"
) -> dict[str, Any]:
    """A configuration in open_clip's form."""
    text = config.text
    return {
        "embed_dim": config.embed_dim,
        "vision_cfg": {
            "image_size": config.vision.image_size_px,
            "timm_model_name": timm_model_name,
            "timm_model_pretrained": False,
            "timm_pool": "map",
            "timm_proj": None,
        },
        "text_cfg": {
            "context_length": text.context_length,
            "vocab_size": text.vocab_size,
            "width": text.width,
            "heads": text.heads,
            "layers": text.layers,
        },
        "custom_text": True,
    }


def write_open_clip(directory: Path, config: ClipConfig = TINY) -> Path:
    """A directory in open_clip's form, without a tokenizer: CLIP's own serves."""
    state = open_clip_layout(state_dict(config))
    return seeded_timm.write_open_clip(directory, open_clip_config(config), "bilinear", state)

"""A weight file -> a SigLIP model: rename, infer the sizes, check, load strictly.

Two layouts of names are known: Hugging Face transformers', and open_clip's, whose image tower is
timm's. Knows nothing of hubs, names of models or directories; tensor_files.py reads the files.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from clipcore.checkpoints.shapes import count, grid, heads, shape
from clipcore.checkpoints.tensor_files import check_names, filled, read_raw, read_raw_header
from clipcore.checkpoints.timm_names import of_timm, shaped
from clipcore.checkpoints.weights import fuse_attention
from clipcore.model.config import ClipConfig, TextConfig, TowerFacts, VisionConfig
from clipcore.model.siglip import SigLIP

# What writers store beside the weights; the model derives it by itself.
IGNORED: Final = ("embeddings.position_ids", "attn_mask")
# Names of both layouts, in the order in which they are replaced.
RENAMES: Final = (
    ("vision_model.embeddings.patch_embedding.", "visual.conv1."),
    ("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"),
    ("vision_model.encoder.layers.", "visual.transformer.resblocks."),
    ("vision_model.post_layernorm.", "visual.ln_post."),
    ("vision_model.head.attention.", "visual.attnpool.attn."),
    ("vision_model.head.layernorm.", "visual.attnpool.ln."),
    ("vision_model.head.", "visual.attnpool."),
    ("text_model.embeddings.token_embedding.", "words."),
    ("text_model.embeddings.position_embedding.weight", "text.positional_embedding"),
    ("text_model.encoder.layers.", "text.transformer.resblocks."),
    ("text_model.final_layer_norm.", "text.ln_final."),
    ("text_model.head.", "text.text_projection."),
    (".self_attn.", ".attn."),
    (".layer_norm1.", ".ln_1."),
    (".layer_norm2.", ".ln_2."),
    (".mlp.fc1.", ".mlp.c_fc."),
    (".mlp.fc2.", ".mlp.c_proj."),
    ("text.token_embedding.", "words."),
)
# A file may hold these as lists of one.
NUMBERS: Final = ("logit_scale", "logit_bias")
WORDS: Final = "words.weight"


def canonical_name(name: str) -> str:
    """The model's name for one tensor of either layout."""
    name = of_timm(name)
    for old, new in RENAMES:
        name = name.replace(old, new)
    return name


def canonical(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Either layout -> the names and shapes of `model.siglip`. Pure; works on meta tensors too.

    Names that it does not know stay as they are, for the check to report.
    """
    named = {
        canonical_name(name): tensor
        for name, tensor in tensors.items()
        if not name.endswith(IGNORED)
    }
    for name in NUMBERS:
        if name in named and named[name].numel() == 1:
            named[name] = named[name].reshape(())
    return shaped(fuse_attention(named))


def infer_config(header: Mapping[str, Tensor], facts: TowerFacts) -> ClipConfig:
    """Every size of the model, from the shapes of its tensors (canonical names).

    Raises CheckpointMismatch if a tensor that tells a size is missing or cannot be one.
    """
    embed_dim, text_width = shape(header, "text.text_projection.weight", 2)
    text = TextConfig(
        context_length=shape(header, "text.positional_embedding", 2)[0],
        vocab_size=shape(header, WORDS, 2)[0],
        width=text_width,
        heads=heads("text", text_width, facts.text_head_width),
        layers=count(header, "text.transformer.resblocks."),
        mlp_width=shape(header, "text.transformer.resblocks.0.mlp.c_fc.weight", 2)[0],
    )
    width, _, patch, _ = shape(header, "visual.conv1.weight", 4)
    vision = VisionConfig(
        image_size_px=grid(header, "visual.positional_embedding", others=0) * patch,
        layers=count(header, "visual.transformer.resblocks."),
        width=width,
        heads=heads("image", width, facts.vision_head_width),
        patch_size_px=patch,
        mlp_width=shape(header, "visual.transformer.resblocks.0.mlp.c_fc.weight", 2)[0],
    )
    return ClipConfig(embed_dim, facts.quick_gelu, vision, text)


def measure(path: Path, facts: TowerFacts) -> tuple[ClipConfig, float, float]:
    """The sizes, log temperature and bias of a file whose tensors fit the model, no more."""
    header = canonical(read_raw_header(path))
    config = infer_config(header, facts)
    with torch.device("meta"):
        expected = SigLIP(config).state_dict()
    check_names(header, expected, path)
    numbers = canonical(read_raw(path, lambda name: name in NUMBERS))
    return config, float(numbers["logit_scale"]), float(numbers["logit_bias"])


def load_model(
    path: Path, config: ClipConfig, parts: Collection[str], device: str = "cpu"
) -> SigLIP:
    """Some parts of the model with their weights: float16 on CUDA, else float32."""
    owners = {"image": "visual.", "text": "text.", "words": "words."}
    absent = tuple(prefix for part, prefix in owners.items() if part not in parts)
    tensors = read_raw(path, lambda name: not canonical_name(name).startswith(absent))
    with torch.device("meta"):
        model = SigLIP(config, parts)
    return filled(model, canonical(tensors), device, path)

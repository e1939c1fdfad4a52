"""A weight file -> a CLIP model: read, rename, infer the sizes, check, load strictly.

Three layouts of names are known: OpenAI's (open_clip's is the same), open_clip's with a `text.`
prefix, and Hugging Face transformers'; bert_names.py knows those of text towers that are a BERT,
timm_names.py those of image towers of timm's make.
Knows nothing of hubs, names of models or directories; tensor_files.py reads the files.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from torch import Tensor

from clipcore.checkpoints.bert_names import of_bert
from clipcore.checkpoints.shapes import count, grid, heads, shape
from clipcore.checkpoints.tensor_files import check_names, filled, read_raw, read_raw_header
from clipcore.checkpoints.timm_names import of_timm, shaped
from clipcore.errors import CheckpointMismatch
from clipcore.messages import N_
from clipcore.model.clip import CLIP
from clipcore.model.config import (
    TOWERS,
    BertConfig,
    BertFacts,
    ClipConfig,
    TextConfig,
    TowerFacts,
    VisionConfig,
)

# Buffers and sizes that writers store beside the weights; the model derives each by itself.
IGNORED = frozenset(
    {
        "input_resolution",
        "context_length",
        "vocab_size",
        "attn_mask",
        "text.attn_mask",
        "text.transformer.embeddings.position_ids",
        "text.transformer.embeddings.token_type_ids",
        "text_model.embeddings.position_ids",
        "vision_model.embeddings.position_ids",
    }
)
# transformers' names, in the order in which they are replaced.
RENAMES = (
    ("vision_model.embeddings.class_embedding", "visual.class_embedding"),
    ("vision_model.embeddings.patch_embedding.", "visual.conv1."),
    ("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"),
    ("vision_model.pre_layrnorm.", "visual.ln_pre."),
    ("vision_model.post_layernorm.", "visual.ln_post."),
    ("vision_model.encoder.layers.", "visual.transformer.resblocks."),
    ("visual_projection.weight", "visual.proj"),
    ("text_model.embeddings.token_embedding.", "text.token_embedding."),
    ("text_model.embeddings.position_embedding.weight", "text.positional_embedding"),
    ("text_model.final_layer_norm.", "text.ln_final."),
    ("text_model.encoder.layers.", "text.transformer.resblocks."),
    ("text_projection.weight", "text.text_projection"),
    (".self_attn.", ".attn."),
    (".layer_norm1.", ".ln_1."),
    (".layer_norm2.", ".ln_2."),
    (".mlp.fc1.", ".mlp.c_fc."),
    (".mlp.fc2.", ".mlp.c_proj."),
)
# transformers stores these as (D, width), the others as (width, D).
TRANSPOSED = frozenset({"visual_projection.weight", "text_projection.weight", "linear.weight"})
# OpenAI's text tower lies beside the image tower, not under a name of its own.
TEXT_NAMES = ("transformer.", "token_embedding.", "positional_embedding", "ln_final.")
TEXT_PROJECTION = "text_projection"


# --- names ---------------------------------------------------------------------------------------


def canonical(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Any known layout -> the names of `model.CLIP`. Pure; works on meta tensors too.

    Names it does not know stay as they are, for the check to report. Raises CheckpointMismatch
    if two layouts are mixed in one file.
    """
    named: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.removeprefix("module.") in IGNORED:
            continue
        new = canonical_name(name)
        if new in named:
            raise CheckpointMismatch(
                N_("two tensors of the file are both {new}; one is {name}"), new=new, name=name
            )
        named[new] = tensor.T.contiguous() if name in TRANSPOSED else tensor
    return shaped(fuse_attention(named))


def canonical_name(name: str) -> str:
    """The model's name for one tensor of any layout; `module.` is what parallel training adds."""
    name = of_timm(of_bert(name.removeprefix("module.")))
    for old, new in RENAMES:
        name = name.replace(old, new)
    if name.startswith(TEXT_NAMES) or name == TEXT_PROJECTION:
        return f"text.{name}"
    return name


def fuse_attention(named: dict[str, Tensor]) -> dict[str, Tensor]:
    """Stacks transformers' separate query, key and value into one matrix and one bias."""
    for name in [name for name in named if ".attn.q_proj." in name]:
        block, kind = name.split(".attn.q_proj.")
        parts = [f"{block}.attn.{letter}_proj.{kind}" for letter in "qkv"]
        if all(part in named for part in parts):
            fused = torch.cat([named.pop(part) for part in parts])
            named[f"{block}.attn.in_proj_{kind}"] = fused
    return named


def _tower(name: str) -> str | None:
    """The tower a tensor of the file belongs to; None for what both need."""
    first = canonical_name(name).split(".")[0]
    return {"visual": "image", "text": "text"}.get(first)


# --- reading -------------------------------------------------------------------------------------


def read_header(path: Path, archive_sha256: str | None = None) -> dict[str, Tensor]:
    """Names and shapes of a file as meta tensors, under canonical names."""
    return canonical(read_raw_header(path, archive_sha256))


def read_tensors(
    path: Path, towers: Collection[str] = TOWERS, archive_sha256: str | None = None
) -> dict[str, Tensor]:
    """The tensors of some towers and the ones they share, under canonical names.

    `archive_sha256`: the hash that makes a TorchScript archive trusted; others are refused.
    Raises CheckpointDamaged or CheckpointUnsafe.
    """

    def wanted(name: str) -> bool:
        tower = _tower(name)
        return tower is None or tower in towers

    return canonical(read_raw(path, wanted, archive_sha256))


def read_logit_scale(path: Path, archive_sha256: str | None = None) -> float:
    """The learned log temperature, without reading any tower."""
    return float(read_tensors(path, (), archive_sha256)["logit_scale"])


# --- sizes ---------------------------------------------------------------------------------------


def infer_config(header: Mapping[str, Tensor], facts: TowerFacts) -> ClipConfig:
    """Every size of the model, from the shapes of its tensors (canonical names).

    Raises CheckpointMismatch if a tensor that tells a size is missing or cannot be one.
    """
    text = infer_bert(header, facts.bert) if facts.bert else _text_config(header, facts)
    embed_dim = infer_dim(header)
    is_vit = "visual.proj" in header or "visual.class_embedding" in header
    vision = _vit_config(header, facts) if is_vit else _resnet_config(header, facts)
    return ClipConfig(embed_dim, facts.quick_gelu, vision, text)


def infer_dim(header: Mapping[str, Tensor]) -> int:
    """D, from the projection of the text tower."""
    if "text.proj.2.weight" in header:
        return shape(header, "text.proj.2.weight", 2)[0]
    return shape(header, "text.text_projection", 2)[1]


def infer_bert(header: Mapping[str, Tensor], facts: BertFacts) -> TextConfig:
    """The sizes of a text tower that is a BERT. Raises CheckpointMismatch as `infer_config`."""
    vocab_size, width = shape(header, "text.token_embedding.weight", 2)
    positions, _ = shape(header, "text.positional_embedding", 2)
    types, hidden = "text.token_type_embedding", "text.proj.0.weight"
    return TextConfig(
        context_length=min(facts.context_length, positions - facts.first_position),
        vocab_size=vocab_size,
        width=width,
        heads=heads("text", width, facts.head_width),
        layers=count(header, "text.resblocks."),
        mlp_width=shape(header, "text.resblocks.0.mlp.c_fc.weight", 2)[0],
        bert=BertConfig(
            facts,
            positions=positions,
            token_types=shape(header, types, 2)[0] if types in header else 0,
            projection_width=shape(header, hidden, 2)[0] if hidden in header else 0,
        ),
    )


def _text_config(header: Mapping[str, Tensor], facts: TowerFacts) -> TextConfig:
    width, _ = shape(header, "text.text_projection", 2)
    vocab_size, _ = shape(header, "text.token_embedding.weight", 2)
    context_length, _ = shape(header, "text.positional_embedding", 2)
    return TextConfig(
        context_length=context_length,
        vocab_size=vocab_size,
        width=width,
        heads=heads("text", width, facts.text_head_width),
        layers=count(header, "text.transformer.resblocks."),
        mlp_width=shape(header, "text.transformer.resblocks.0.mlp.c_fc.weight", 2)[0],
    )


def _vit_config(header: Mapping[str, Tensor], facts: TowerFacts) -> VisionConfig:
    width, _, patch, _ = shape(header, "visual.conv1.weight", 4)
    return VisionConfig(
        image_size_px=grid(header, "visual.positional_embedding") * patch,
        layers=count(header, "visual.transformer.resblocks."),
        width=width,
        heads=heads("image", width, facts.vision_head_width),
        patch_size_px=patch,
        mlp_width=shape(header, "visual.transformer.resblocks.0.mlp.c_fc.weight", 2)[0],
        is_perception="visual.attnpool.probe" in header,
    )


def _resnet_config(header: Mapping[str, Tensor], facts: TowerFacts) -> VisionConfig:
    width = shape(header, "visual.layer1.0.conv1.weight", 4)[0]
    first, second, third, fourth = (count(header, f"visual.layer{n}.") for n in (1, 2, 3, 4))
    return VisionConfig(
        image_size_px=grid(header, "visual.attnpool.positional_embedding") * 32,
        layers=(first, second, third, fourth),
        width=width,
        heads=heads("image", width * 32, facts.vision_head_width),
        patch_size_px=0,
        mlp_width=0,
    )


# --- checking and loading ------------------------------------------------------------------------


def check_fit(header: Mapping[str, Tensor], config: ClipConfig, path: Path) -> None:
    """Raises CheckpointMismatch unless the file has the model's names and shapes, no more."""
    with torch.device("meta"):
        expected = CLIP(config).state_dict()
    check_names(header, expected, path)


def load_model(
    path: Path,
    config: ClipConfig,
    towers: Collection[str] = TOWERS,
    device: str = "cpu",
    archive_sha256: str | None = None,
) -> CLIP:
    """The model with its weights, in evaluation mode: float16 on CUDA, else float32."""
    tensors = read_tensors(path, towers, archive_sha256)
    with torch.device("meta"):
        model = CLIP(config, towers)
    return filled(model, tensors, device, path)

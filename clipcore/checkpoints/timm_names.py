"""The tensors of timm's image towers, as open_clip holds them -> the names of `clipcore.model`.

Pure: knows no files. Works on meta tensors too.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

TRUNK: Final = "visual.trunk."
# In the order in which they are replaced.
RENAMES: Final = (
    ("trunk.patch_embed.proj.", "conv1."),
    ("trunk.pos_embed", "positional_embedding"),
    ("trunk.cls_token", "class_embedding"),
    ("trunk.norm_pre.", "ln_pre."),
    ("trunk.blocks.", "transformer.resblocks."),
    ("trunk.norm.", "ln_post."),
    ("trunk.head.", "head."),
    ("trunk.attn_pool.latent", "attnpool.probe"),
    ("trunk.attn_pool.q.", "attnpool.attn.in_proj_q."),
    ("trunk.attn_pool.kv.", "attnpool.attn.in_proj_kv."),
    ("trunk.attn_pool.proj.", "attnpool.attn.out_proj."),
    ("trunk.attn_pool.norm.", "attnpool.ln."),
    ("trunk.attn_pool.", "attnpool."),
    (".norm1.", ".ln_1."),
    (".norm2.", ".ln_2."),
    (".attn.qkv.", ".attn.in_proj_"),
    (".attn.proj.", ".attn.out_proj."),
)
# How many dimensions these have here; files may hold them with dimensions of one in front.
RANKS: Final = {
    "visual.positional_embedding": 2,
    "visual.attnpool.probe": 2,
    "visual.class_embedding": 1,
}


def of_timm(name: str) -> str:
    """The model's name of a tensor of timm's image tower; of another tensor its own."""
    if not name.startswith(TRUNK):
        return name
    for old, new in RENAMES:
        name = name.replace(old, new)
    return name


def shaped(named: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors under our names in our shapes; of the pool, the query upon the keys and values."""
    for name, rank in RANKS.items():
        if name in named and named[name].ndim > rank:
            for _ in range(named[name].ndim - rank):
                named[name] = named[name].squeeze(0)  # a dimension above one stays, and is refused
    pool = "visual.attnpool.attn.in_proj_"
    for kind in ("weight", "bias"):
        parts = [f"{pool}q.{kind}", f"{pool}kv.{kind}"]
        if all(part in named for part in parts):
            named[f"{pool}{kind}"] = torch.cat([named.pop(part) for part in parts])
    return named

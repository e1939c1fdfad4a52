"""The blocks both transformers are made of.

Names are the checkpoints' own (`ln_1`, `attn.in_proj_weight`, `mlp.c_fc`), so that a state dict
fits without a translation. Knows nothing of images, texts or files.

After Radford et al. 2021, "Learning Transferable Visual Models From Natural Language
Supervision", and the reference code openai/CLIP `model.py`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def embedding_table(rows: int, width: int) -> nn.Embedding:
    """An embedding of no values yet; those that torch draws for it cost seconds on "meta".

    To draw them there, torch imports its compiler.
    """
    values = torch.empty(rows, width)
    table: nn.Embedding = nn.Embedding.from_pretrained(values, freeze=False)  # type: ignore[no-untyped-call]
    return table


class LayerNorm(nn.LayerNorm):
    """Layer normalisation computed in float32 and handed back in the dtype that came in."""

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.weight.float(), self.bias.float()
        return F.layer_norm(x.float(), self.normalized_shape, weight, bias, self.eps).to(x.dtype)


class QuickGELU(nn.Module):
    """x * sigmoid(1.702 x), the approximation OpenAI trained with; no stand-in for GELU."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


_ACTIVATIONS: Final[dict[str, Callable[[], nn.Module]]] = {
    "quick_gelu": QuickGELU,
    "gelu": nn.GELU,
    "gelu_tanh": partial(nn.GELU, approximate="tanh"),
}


@dataclass(frozen=True)
class BlockStyle:
    """What the blocks of one transformer have in common beside their sizes."""

    activation: Literal["quick_gelu", "gelu", "gelu_tanh"]
    epsilon: float = 1e-5  # of the layer norms


def mlp(width: int, hidden: int, style: BlockStyle) -> nn.Sequential:
    """(..., width) -> (..., width) through one hidden layer."""
    return nn.Sequential(
        OrderedDict(
            c_fc=nn.Linear(width, hidden),
            gelu=_ACTIVATIONS[style.activation](),
            c_proj=nn.Linear(hidden, width),
        )
    )


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(B, T, d) -> (B, heads, T, d / heads)."""
    x = torch.unflatten(x, -1, (heads, -1))  # (B, T, heads, d/heads)
    return x.transpose(1, 2)  # (B, heads, T, d/heads)


def merge_heads(x: Tensor) -> Tensor:
    """(B, heads, T, d / heads) -> (B, T, d)."""
    return x.transpose(1, 2).flatten(2)  # (B, T, d)


class Attention(nn.Module):
    """Multi-head self-attention with query, key and value stacked in one matrix."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, causal: bool = False, mask: Tensor | None = None) -> Tensor:
        """(B, T, d) -> (B, T, d). `causal`: a position sees itself and those before it.

        `mask`: (B, 1, 1, T) bool, the positions that are seen.
        """
        qkv = F.linear(x, self.in_proj_weight, self.in_proj_bias)  # (B, T, 3d)
        q, k, v = (split_heads(part, self.heads) for part in qkv.chunk(3, dim=-1))
        seen = F.scaled_dot_product_attention(q, k, v, mask, is_causal=causal)  # (B, heads, T, ..)
        out: Tensor = self.out_proj(merge_heads(seen))  # (B, T, d)
        return out


class ResidualAttentionBlock(nn.Module):
    """Pre-norm residuals: x + attn(ln_1(x)), then x + mlp(ln_2(x))."""

    def __init__(self, width: int, heads: int, mlp_width: int, style: BlockStyle) -> None:
        super().__init__()
        self.attn = Attention(width, heads)
        self.ln_1 = LayerNorm(width, style.epsilon)
        self.mlp = mlp(width, mlp_width, style)
        self.ln_2 = LayerNorm(width, style.epsilon)

    def forward(self, x: Tensor, causal: bool = False) -> Tensor:
        x = x + self.attn(self.ln_1(x), causal)
        update: Tensor = self.mlp(self.ln_2(x))
        return x + update


class Transformer(nn.Module):
    """A stack of residual attention blocks: (B, T, d) -> (B, T, d)."""

    def __init__(
        self, width: int, layers: int, heads: int, mlp_width: int, style: BlockStyle
    ) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(
            ResidualAttentionBlock(width, heads, mlp_width, style) for _ in range(layers)
        )

    def forward(self, x: Tensor, causal: bool = False) -> Tensor:
        for block in self.resblocks:
            x = block(x, causal)
        return x

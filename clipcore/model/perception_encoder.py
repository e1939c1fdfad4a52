"""The image tower of Perception Encoder (PE-Core): (B, 3, R, R) pixels -> (B, D) features.

A vision transformer with a class token and learned positions, as CLIP's; in each attention the
queries and keys are turned by the row and column of their patch as well, and a learned probe pools
what comes out. Its text tower is CLIP's own, with 32 tokens.

After Bolya et al. 2025, "Perception Encoder"; reference code: timm `models/eva.py`, where the
rotation is Su et al. 2021, "RoFormer", in two dimensions.
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from clipcore.model.attention_pool import AttentionPool
from clipcore.model.config import VisionConfig
from clipcore.model.layers import Attention, BlockStyle, LayerNorm, merge_heads, mlp, split_heads

STYLE: Final = BlockStyle("gelu")
POOL_HEADS: Final = 8
LONGEST_WAVE: Final = 10_000.0


class RotaryAttention(Attention):
    """Self-attention between positions whose queries and keys are turned by angles of their own."""

    def turned(self, x: Tensor, angles: Tensor) -> Tensor:
        """(B, T, d) with (T, d/heads/2) angles -> (B, T, d)."""
        qkv = F.linear(x, self.in_proj_weight, self.in_proj_bias)  # (B, T, 3d)
        q, k, v = (split_heads(part, self.heads) for part in qkv.chunk(3, dim=-1))
        seen = F.scaled_dot_product_attention(turn(q, angles), turn(k, angles), v)
        out: Tensor = self.out_proj(merge_heads(seen))  # (B, T, d)
        return out


class RotaryBlock(nn.Module):
    """Pre-norm residuals: x + attn(ln_1(x)), then x + mlp(ln_2(x))."""

    def __init__(self, width: int, heads: int, mlp_width: int) -> None:
        super().__init__()
        self.attn = RotaryAttention(width, heads)
        self.ln_1 = LayerNorm(width, STYLE.epsilon)
        self.mlp = mlp(width, mlp_width, STYLE)
        self.ln_2 = LayerNorm(width, STYLE.epsilon)

    def forward(self, x: Tensor, angles: Tensor) -> Tensor:
        """(B, T, d) with (T, d/heads/2) angles -> (B, T, d)."""
        x = x + self.attn.turned(self.ln_1(x), angles)
        update: Tensor = self.mlp(self.ln_2(x))
        return x + update


class RotaryTransformer(nn.Module):
    """A stack of rotary blocks: (B, T, d) -> (B, T, d)."""

    def __init__(self, width: int, layers: int, heads: int, mlp_width: int) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(RotaryBlock(width, heads, mlp_width) for _ in range(layers))

    def forward(self, x: Tensor, angles: Tensor) -> Tensor:
        for block in self.resblocks:
            x = block(x, angles)
        return x


class PerceptionEncoder(nn.Module):
    """Patches and a class token through a rotary transformer, pooled by a probe."""

    def __init__(self, config: VisionConfig, embed_dim: int) -> None:
        super().__init__()
        width, patch = config.width, config.patch_size_px
        self.grid, self.head_width = config.image_size_px // patch, width // config.heads
        self.conv1 = nn.Conv2d(3, width, kernel_size=patch, stride=patch, bias=False)
        self.class_embedding = nn.Parameter(torch.empty(width))
        self.positional_embedding = nn.Parameter(torch.empty(self.grid**2 + 1, width))
        self.ln_pre = LayerNorm(width)
        self.transformer = RotaryTransformer(width, config.depth, config.heads, config.mlp_width)
        self.ln_post = LayerNorm(width)
        self.attnpool = AttentionPool(width, POOL_HEADS, config.mlp_width, STYLE)
        self.head = nn.Linear(width, embed_dim)

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, R, R) -> (B, D), raw: not of unit length."""
        x = self.conv1(pixels)  # (B, width, grid, grid)
        x = x.flatten(2).transpose(1, 2)  # (B, grid**2, width)
        class_token = self.class_embedding.expand(x.shape[0], 1, -1)  # (B, 1, width)
        x = torch.cat([class_token, x], dim=1)  # (B, grid**2 + 1, width)
        x = self.ln_pre(x + self.positional_embedding)
        x = self.transformer(x, angles_of_grid(self.grid, self.head_width).to(x.device))
        features: Tensor = self.head(self.attnpool(self.ln_post(x)))  # (B, D)
        return features


def angles_of_grid(grid: int, head_width: int) -> Tensor:
    """(grid**2 + 1, head_width / 2): none for the class token; a patch's column, then its row.

    Rows and columns count from 1, times frequencies that fall from 1 to nearly 1 / LONGEST_WAVE.
    """
    bands = head_width // 4
    frequencies = 1 / LONGEST_WAVE ** (torch.arange(bands, dtype=torch.float32) / bands)
    place = torch.arange(1, grid + 1, dtype=torch.float32)[:, None] * frequencies  # (grid, bands)
    columns = place.expand(grid, grid, bands)  # the last but one dimension is the column
    rows = place[:, None].expand(grid, grid, bands)
    angles = torch.cat([columns, rows], dim=-1).flatten(0, 1)  # (grid**2, head_width/2)
    return torch.cat([torch.zeros(1, 2 * bands), angles])


def turn(x: Tensor, angles: Tensor) -> Tensor:
    """(B, heads, T, w): each pair of neighbouring numbers turned by its (T, w/2) angle."""
    sine, cosine = (part.to(x.dtype) for part in (angles.sin(), angles.cos()))
    first, second = torch.unflatten(x, -1, (-1, 2)).unbind(-1)  # (B, heads, T, w/2)
    turned = (first * cosine - second * sine, second * cosine + first * sine)
    return torch.stack(turned, dim=-1).flatten(-2)  # (B, heads, T, w)

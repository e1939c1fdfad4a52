"""Multi-head attention pooling: a learned probe looks at all patches, (B, N, d) -> (B, d).

After Lee et al. 2019, "Set Transformer", and Zhai et al. 2022, "Scaling Vision Transformers";
reference code: google-research/big_vision `models/vit.py`, class MAPHead.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from clipcore.model.layers import BlockStyle, LayerNorm, merge_heads, mlp, split_heads


class ProbeAttention(nn.Module):
    """Attention from one sequence to another, its matrices stacked as in self-attention."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, probe: Tensor, x: Tensor) -> Tensor:
        """(B, P, d) queries over (B, N, d) -> (B, P, d)."""
        width = x.shape[-1]
        weights, biases = self.in_proj_weight, self.in_proj_bias
        q = F.linear(probe, weights[:width], biases[:width])  # (B, P, d)
        k, v = F.linear(x, weights[width:], biases[width:]).chunk(2, dim=-1)  # (B, N, d)
        q, k, v = (split_heads(part, self.heads) for part in (q, k, v))
        seen = F.scaled_dot_product_attention(q, k, v)  # (B, heads, P, d/heads)
        out: Tensor = self.out_proj(merge_heads(seen))  # (B, P, d)
        return out


class AttentionPool(nn.Module):
    """A probe's attention over the patches, then a residual MLP."""

    def __init__(self, width: int, heads: int, mlp_width: int, style: BlockStyle) -> None:
        super().__init__()
        self.probe = nn.Parameter(torch.empty(1, width))
        self.attn = ProbeAttention(width, heads)
        self.ln = LayerNorm(width, style.epsilon)
        self.mlp = mlp(width, mlp_width, style)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, d) -> (B, d)."""
        probe = self.probe.expand(x.shape[0], 1, -1)  # (B, 1, d)
        pooled = self.attn(probe, x)  # (B, 1, d)
        pooled = pooled + self.mlp(self.ln(pooled))
        out: Tensor = pooled[:, 0]  # (B, d)
        return out

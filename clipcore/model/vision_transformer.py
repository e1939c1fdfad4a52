"""CLIP's vision transformer: (B, 3, R, R) pixels -> (B, D) features.

Knows nothing of files, texts or how pixels were prepared.

After Dosovitskiy et al. 2021 with CLIP's extra layer norm before the transformer; reference code:
openai/CLIP `model.py`, class VisionTransformer.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from clipcore.model.config import VisionConfig
from clipcore.model.layers import BlockStyle, LayerNorm, Transformer


class VisionTransformer(nn.Module):
    """Patches and a class token through a transformer; the class token is the feature."""

    def __init__(self, config: VisionConfig, embed_dim: int, quick_gelu: bool) -> None:
        super().__init__()
        width, patch = config.width, config.patch_size_px
        tokens = (config.image_size_px // patch) ** 2 + 1
        self.conv1 = nn.Conv2d(3, width, kernel_size=patch, stride=patch, bias=False)
        self.class_embedding = nn.Parameter(torch.empty(width))
        self.positional_embedding = nn.Parameter(torch.empty(tokens, width))
        self.ln_pre = LayerNorm(width)
        style = BlockStyle("quick_gelu" if quick_gelu else "gelu")
        self.transformer = Transformer(width, config.depth, config.heads, config.mlp_width, style)
        self.ln_post = LayerNorm(width)
        self.proj = nn.Parameter(torch.empty(width, embed_dim))

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, R, R) -> (B, D), raw: not of unit length."""
        x = self.conv1(pixels)  # (B, width, grid, grid)
        x = x.flatten(2).transpose(1, 2)  # (B, grid**2, width)
        class_token = self.class_embedding.expand(x.shape[0], 1, -1)  # (B, 1, width)
        x = torch.cat([class_token, x], dim=1)  # (B, grid**2 + 1, width)
        x = self.ln_pre(x + self.positional_embedding)
        x = self.transformer(x)
        x = self.ln_post(x[:, 0])  # (B, width)
        features: Tensor = x @ self.proj  # (B, D)
        return features

"""SigLIP and SigLIP 2: two towers, a temperature and a bias; a sigmoid gives the probability.

The towers differ from CLIP's: patches are pooled by a learned probe, texts are always filled up to
the full length, every position sees all others, the padding too, and the last one is the feature.
The table of words lies beside the text tower, which takes rows of it: of 256,000 words a text
names a few. Knows tensors; knows nothing of files, tokenizers or images.

After Zhai et al. 2023, "Sigmoid Loss for Language Image Pre-Training", and Tschannen et al. 2025,
"SigLIP 2"; reference code: transformers `modeling_siglip.py`, open_clip with timm.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from clipcore.model.attention_pool import AttentionPool
from clipcore.model.config import ClipConfig, TextConfig, VisionConfig
from clipcore.model.layers import BlockStyle, LayerNorm, Transformer, embedding_table

PARTS: Final = ("image", "text", "words")
STYLE: Final = BlockStyle("gelu_tanh", epsilon=1e-6)


class SiglipVisionTransformer(nn.Module):
    """Patches through a transformer, pooled by a probe; there is no class token."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        width, patch = config.width, config.patch_size_px
        self.conv1 = nn.Conv2d(3, width, kernel_size=patch, stride=patch)
        patches = (config.image_size_px // patch) ** 2
        self.positional_embedding = nn.Parameter(torch.empty(patches, width))
        self.transformer = Transformer(width, config.depth, config.heads, config.mlp_width, STYLE)
        self.ln_post = LayerNorm(width, STYLE.epsilon)
        self.attnpool = AttentionPool(width, config.heads, config.mlp_width, STYLE)

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, R, R) -> (B, D), raw: not of unit length. D is the tower's width."""
        x = self.conv1(pixels)  # (B, width, grid, grid)
        x = x.flatten(2).transpose(1, 2)  # (B, grid**2, width)
        x = self.transformer(x + self.positional_embedding)
        features: Tensor = self.attnpool(self.ln_post(x))  # (B, D)
        return features


class SiglipTextTransformer(nn.Module):
    """Rows of the table of words through a transformer; the last position is the feature."""

    def __init__(self, config: TextConfig, embed_dim: int) -> None:
        super().__init__()
        width = config.width
        self.positional_embedding = nn.Parameter(torch.empty(config.context_length, width))
        self.transformer = Transformer(width, config.layers, config.heads, config.mlp_width, STYLE)
        self.ln_final = LayerNorm(width, STYLE.epsilon)
        self.text_projection = nn.Linear(width, embed_dim)

    def forward(self, words: Tensor) -> Tensor:
        """(B, T, width) with T the full context length -> (B, D), raw: not of unit length.

        The padding is seen and the last position is pooled, so T must not be cut.
        """
        x = self.transformer(words + self.positional_embedding)  # (B, T, width)
        x = self.ln_final(x[:, -1])  # (B, width)
        features: Tensor = self.text_projection(x)  # (B, D)
        return features


class SigLIP(nn.Module):
    """The model of a ClipConfig, or some parts of it: its towers, and its table of words."""

    def __init__(self, config: ClipConfig, parts: Collection[str] = PARTS) -> None:
        super().__init__()
        self.visual = SiglipVisionTransformer(config.vision) if "image" in parts else None
        self.text = (
            SiglipTextTransformer(config.text, config.embed_dim) if "text" in parts else None
        )
        self.words = (
            embedding_table(config.text.vocab_size, config.text.width) if "words" in parts else None
        )
        self.logit_scale = nn.Parameter(torch.empty(()))
        self.logit_bias = nn.Parameter(torch.empty(()))

    def encode_image(self, pixels: Tensor) -> Tensor:
        """(B, 3, R, R) -> (B, D) raw features."""
        if self.visual is None:
            raise ValueError('this model was loaded without its image tower; add "image" to parts')
        features: Tensor = self.visual(pixels)  # (B, D)
        return features

    def encode_text(self, tokens: Tensor) -> Tensor:
        """(B, T) token ids, T the full context length -> (B, D) raw features."""
        if self.text is None or self.words is None:
            raise ValueError('texts need the parts "text" and "words" of this model')
        features: Tensor = self.text(self.words(tokens))  # (B, D)
        return features

    def logits_per_image(self, image_features: Tensor, text_features: Tensor) -> Tensor:
        """(B, D) and (C, D) raw features -> (B, C): exp(logit_scale) * cosine + logit_bias.

        Their sigmoid is the probability that the photo and the text belong together.
        """
        images = F.normalize(image_features, dim=-1)
        texts = F.normalize(text_features, dim=-1)
        return self.logit_scale.exp() * images @ texts.T + self.logit_bias  # (B, C)

    def forward(self, pixels: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, R, R) pixels and (C, T) tokens -> (B, C) and (C, B) logits."""
        logits = self.logits_per_image(self.encode_image(pixels), self.encode_text(tokens))
        return logits, logits.T

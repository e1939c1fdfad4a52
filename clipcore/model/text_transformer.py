"""CLIP's text tower: (B, T) token ids -> (B, D) features.

Knows token ids, not words. Reference code: openai/CLIP `model.py`, CLIP.encode_text.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from clipcore.model.config import TextConfig
from clipcore.model.layers import BlockStyle, LayerNorm, Transformer, embedding_table


class TextTransformer(nn.Module):
    """A causal transformer; the position of the end-of-text token is the feature."""

    def __init__(self, config: TextConfig, embed_dim: int, quick_gelu: bool) -> None:
        super().__init__()
        width = config.width
        self.token_embedding = embedding_table(config.vocab_size, width)
        self.positional_embedding = nn.Parameter(torch.empty(config.context_length, width))
        style = BlockStyle("quick_gelu" if quick_gelu else "gelu")
        self.transformer = Transformer(width, config.layers, config.heads, config.mlp_width, style)
        self.ln_final = LayerNorm(width)
        self.text_projection = nn.Parameter(torch.empty(width, embed_dim))

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) int64 with T up to the context length -> (B, D), raw: not of unit length.

        No position sees a later one, so T may be cut to the longest text of the batch: what
        stands after the end-of-text token changes nothing.
        """
        x = self.token_embedding(tokens)  # (B, T, width)
        x = x + self.positional_embedding[: tokens.shape[1]]
        x = self.transformer(x, causal=True)
        # The end-of-text token has the highest id of the vocabulary, so argmax finds its first.
        end = tokens.argmax(dim=-1)  # (B,)
        x = x[torch.arange(x.shape[0], device=x.device), end]  # (B, width)
        x = self.ln_final(x)
        features: Tensor = x @ self.text_projection  # (B, D)
        return features

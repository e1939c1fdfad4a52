"""A BERT as a text tower: (B, T) token ids -> (B, D) features.

XLM-RoBERTa, Chinese RoBERTa and DistilBERT are this one with other constants: each position sees
all others, layer norms come after the sums, and short texts are filled up with padding, which
nothing sees. Knows token ids, not words.

After Devlin et al. 2019, "BERT"; reference code: transformers `modeling_xlm_roberta.py`,
`modeling_chinese_clip.py`, `modeling_distilbert.py`, and open_clip `hf_model.py` for the pooling
and the projection.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from clipcore.model.config import BertConfig, TextConfig
from clipcore.model.layers import Attention, BlockStyle, LayerNorm, embedding_table, mlp


class PostNormBlock(nn.Module):
    """Post-norm residuals: ln_1(x + attn(x)), then ln_2(x + mlp(x))."""

    def __init__(self, width: int, heads: int, mlp_width: int, style: BlockStyle) -> None:
        super().__init__()
        self.attn = Attention(width, heads)
        self.ln_1 = LayerNorm(width, style.epsilon)
        self.mlp = mlp(width, mlp_width, style)
        self.ln_2 = LayerNorm(width, style.epsilon)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, width) with its (B, 1, 1, T) mask -> (B, T, width)."""
        x = self.ln_1(x + self.attn(x, mask=mask))
        out: Tensor = self.ln_2(x + self.mlp(x))
        return out


class BertTextTransformer(nn.Module):
    """A BERT, its pooling, and the projection into the space that texts share with images."""

    def __init__(self, config: TextConfig, bert: BertConfig, embed_dim: int) -> None:
        super().__init__()
        width, facts = config.width, bert.facts
        style = BlockStyle("gelu", facts.epsilon)
        self.facts = facts
        self.token_embedding = embedding_table(config.vocab_size, width)
        self.positional_embedding = nn.Parameter(torch.empty(bert.positions, width))
        self.token_type_embedding = (
            nn.Parameter(torch.empty(bert.token_types, width)) if bert.token_types else None
        )
        self.ln_embedding = LayerNorm(width, style.epsilon)
        self.resblocks = nn.ModuleList(
            PostNormBlock(width, config.heads, config.mlp_width, style)
            for _ in range(config.layers)
        )
        hidden = bert.projection_width
        self.proj = _two_layers(width, hidden, embed_dim) if hidden else nn.Identity()
        self.text_projection = None if hidden else nn.Parameter(torch.empty(width, embed_dim))

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) int64 with T up to the context length -> (B, D), raw: not of unit length.

        Padding changes nothing, so T may be cut to the longest text of the batch.
        """
        is_text = tokens != self.facts.padding  # (B, T)
        start = self.facts.first_position
        x = self.token_embedding(tokens)  # (B, T, width)
        x = x + self.positional_embedding[start : start + tokens.shape[1]]
        if self.token_type_embedding is not None:
            x = x + self.token_type_embedding[0]  # one sentence: all of type 0
        x = self.ln_embedding(x)
        for block in self.resblocks:
            x = block(x, is_text[:, None, None, :])
        pooled = x[:, 0] if self.facts.pooling == "class" else _mean(x, is_text)  # (B, width)
        if self.text_projection is not None:
            return pooled @ self.text_projection  # (B, D)
        features: Tensor = self.proj(pooled)  # (B, D)
        return features


def _mean(x: Tensor, is_text: Tensor) -> Tensor:
    """(B, T, width) -> (B, width): the mean of the tokens that are no padding."""
    weights = is_text[:, :, None].to(x.dtype)  # (B, T, 1)
    return (x * weights).sum(dim=1) / weights.sum(dim=1)


def _two_layers(width: int, hidden: int, embed_dim: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(width, hidden, bias=False), nn.GELU(), nn.Linear(hidden, embed_dim, bias=False)
    )

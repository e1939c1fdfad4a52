"""CLIP: two towers into one space, and the learned temperature of their cosines.

Knows tensors; knows nothing of files, tokenizers or images. A model may hold one tower only, as a
daemon needs no text tower and a search page no image tower.

After Radford et al. 2021; reference code: openai/CLIP `model.py`, class CLIP.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from clipcore.model.bert_transformer import BertTextTransformer
from clipcore.model.config import TOWERS, ClipConfig, TextConfig, VisionConfig
from clipcore.model.modified_resnet import ModifiedResNet
from clipcore.model.perception_encoder import PerceptionEncoder
from clipcore.model.text_transformer import TextTransformer
from clipcore.model.vision_transformer import VisionTransformer

__all__ = ["CLIP", "ClipConfig", "TextConfig", "VisionConfig"]


class CLIP(nn.Module):
    """The model of a ClipConfig; weights come from `weights.load_model`."""

    def __init__(self, config: ClipConfig, towers: Collection[str] = TOWERS) -> None:
        super().__init__()
        unknown = set(towers) - set(TOWERS)
        if unknown or not towers:
            raise ValueError(f"towers are some of {TOWERS}, not {tuple(towers)}")
        self.config = config
        self.visual = _image_tower(config) if "image" in towers else None
        self.text = _text_tower(config) if "text" in towers else None
        self.logit_scale = nn.Parameter(torch.empty(()))

    def encode_image(self, pixels: Tensor) -> Tensor:
        """(B, 3, R, R) -> (B, D) raw features."""
        if self.visual is None:
            raise ValueError('this model was loaded without its image tower; add "image" to towers')
        features: Tensor = self.visual(pixels)  # (B, D)
        return features

    def encode_text(self, tokens: Tensor) -> Tensor:
        """(B, T) token ids, T up to the context length -> (B, D) raw features."""
        if self.text is None:
            raise ValueError('this model was loaded without its text tower; add "text" to towers')
        features: Tensor = self.text(tokens)  # (B, D)
        return features

    def logits_per_image(self, image_features: Tensor, text_features: Tensor) -> Tensor:
        """(B, D) and (C, D) raw features -> (B, C): exp(logit_scale) * cosine."""
        images = F.normalize(image_features, dim=-1)
        texts = F.normalize(text_features, dim=-1)
        return self.logit_scale.exp() * images @ texts.T  # (B, C)

    def forward(self, pixels: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, R, R) pixels and (C, T) tokens -> (B, C) and (C, B) logits."""
        logits = self.logits_per_image(self.encode_image(pixels), self.encode_text(tokens))
        return logits, logits.T


def _image_tower(config: ClipConfig) -> nn.Module:
    if config.vision.is_resnet:
        return ModifiedResNet(config.vision, config.embed_dim)
    if config.vision.is_perception:
        return PerceptionEncoder(config.vision, config.embed_dim)
    return VisionTransformer(config.vision, config.embed_dim, config.quick_gelu)


def _text_tower(config: ClipConfig) -> TextTransformer | BertTextTransformer:
    if config.text.bert:
        return BertTextTransformer(config.text, config.text.bert, config.embed_dim)
    return TextTransformer(config.text, config.embed_dim, config.quick_gelu)

"""The sizes of a CLIP model; a plain value, read off a checkpoint and never written by hand.

Knows no torch, so that asking for a size costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TOWERS: Final = ("image", "text")
CONTEXT_LENGTH: Final = 77  # of every published CLIP


@dataclass(frozen=True)
class VisionConfig:
    """The image tower. `patch_size_px` is 0 for a ResNet, whose `layers` are four counts."""

    image_size_px: int
    layers: int | tuple[int, int, int, int]
    width: int
    heads: int
    patch_size_px: int
    mlp_width: int

    @property
    def is_resnet(self) -> bool:
        return not isinstance(self.layers, int)

    @property
    def depth(self) -> int:
        """Blocks of a vision transformer."""
        if not isinstance(self.layers, int):
            raise TypeError(f"a ResNet has four layers of blocks, not one depth: {self.layers}")
        return self.layers

    @property
    def blocks(self) -> tuple[int, int, int, int]:
        """Bottlenecks in each of a ResNet's four layers."""
        if isinstance(self.layers, int):
            raise TypeError(f"a vision transformer has one depth, not four layers: {self.layers}")
        return self.layers


@dataclass(frozen=True)
class TextConfig:
    """The text tower. The end-of-text token is the last of the vocabulary."""

    context_length: int
    vocab_size: int
    width: int
    heads: int
    layers: int
    mlp_width: int


@dataclass(frozen=True)
class ClipConfig:
    """Both towers, the length D of what they put out, and the activation they were trained with."""

    embed_dim: int
    quick_gelu: bool
    vision: VisionConfig
    text: TextConfig


@dataclass(frozen=True)
class TowerFacts:
    """What a state dict cannot say about its towers: the activation, and how wide a head is."""

    quick_gelu: bool
    vision_head_width: int = 64
    text_head_width: int = 64

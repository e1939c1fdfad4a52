"""The sizes of a CLIP model; a plain value, read off a checkpoint and never written by hand.

Knows no torch, so that asking for a size costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

TOWERS: Final = ("image", "text")
CONTEXT_LENGTH: Final = 77  # of every published CLIP
VOCAB_SIZE: Final = 49408  # likewise


@dataclass(frozen=True)
class VisionConfig:
    """The image tower. `patch_size_px` is 0 for a ResNet, whose `layers` are four counts.

    `is_perception`: Perception Encoder's vision transformer, not CLIP's.
    """

    image_size_px: int
    layers: int | tuple[int, int, int, int]
    width: int
    heads: int
    patch_size_px: int
    mlp_width: int
    is_perception: bool = False

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
class BertFacts:
    """The constants of a BERT, which a state dict cannot say.

    `padding`: the token that fills short texts up; `first_position`: the position of a text's first
    token; `pooling`: the feature is the mean of all tokens, or the first one, the class token;
    `repairs_texts`: broken encodings and HTML are mended before a text is tokenized.
    """

    padding: int
    first_position: int
    epsilon: float  # of the layer norms
    pooling: Literal["mean", "class"]
    context_length: int
    repairs_texts: bool = False
    head_width: int = 64


# XLM-RoBERTa (Conneau et al. 2020) as open_clip pools and cuts it; positions 0 and 1 are unused.
XLM_ROBERTA: Final = BertFacts(1, 2, 1e-5, "mean", CONTEXT_LENGTH, repairs_texts=True)
# Chinese-CLIP (Yang et al. 2022); its own code cuts texts at 52 tokens.
CHINESE_ROBERTA: Final = BertFacts(0, 0, 1e-12, "class", 52)
# The multilingual text tower of sentence-transformers (Reimers and Gurevych 2020).
DISTILBERT: Final = BertFacts(0, 0, 1e-12, "mean", 128)


@dataclass(frozen=True)
class BertConfig:
    """A text tower that is a BERT: its constants, and the sizes that CLIP's own tower has not.

    `token_types` is 0 where there are none; `projection_width` is the width between the two layers
    of the projection, 0 where it is one matrix.
    """

    facts: BertFacts
    positions: int
    token_types: int
    projection_width: int


@dataclass(frozen=True)
class TextConfig:
    """The text tower. `bert`: where it is one; else it is CLIP's own, and causal.

    CLIP's own end-of-text token is the last of the vocabulary.
    """

    context_length: int
    vocab_size: int
    width: int
    heads: int
    layers: int
    mlp_width: int
    bert: BertConfig | None = None


@dataclass(frozen=True)
class ClipConfig:
    """Both towers, the length D of what they put out, and the activation they were trained with."""

    embed_dim: int
    quick_gelu: bool
    vision: VisionConfig
    text: TextConfig


@dataclass(frozen=True)
class TowerFacts:
    """What a state dict cannot say about its towers: the activation, and how wide a head is.

    `bert`: the constants of the text tower where it is a BERT; the rest is of the image tower then.
    """

    quick_gelu: bool
    vision_head_width: int = 64
    text_head_width: int = 64
    bert: BertFacts | None = None

"""Which of the models known by name suits whom.

One model a purpose, chosen by published figures; none whose licence forbids commercial use.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Purpose(StrEnum):
    """What a person may look for in a model."""

    ENGLISH = "English"
    MANY_LANGUAGES = "many languages"
    CHINESE = "Chinese"
    BEST = "best results"
    SMALL_MACHINE = "small machine"


# BEST: the greatest accuracy on ImageNet. SMALL_MACHINE: of those that compute least for a photo,
# the most accurate. The language ones: what a machine without a GPU computes in acceptable time.
RECOMMENDED: Final = {
    Purpose.ENGLISH: "ViT-B-32-256/datacomp_s34b_b86k",
    Purpose.MANY_LANGUAGES: "ViT-B-32-SigLIP2-256/webli",
    Purpose.CHINESE: "xlm-roberta-base-ViT-B-32/laion5b_s13b_b90k",
    Purpose.BEST: "PE-Core-L-14-336/meta",
    Purpose.SMALL_MACHINE: "ViT-B-32/datacomp_xl_s13b_b90k",
}


def purposes_of(source: str) -> tuple[Purpose, ...]:
    """What the model of this name is recommended for."""
    return tuple(purpose for purpose, name in RECOMMENDED.items() if name == source)

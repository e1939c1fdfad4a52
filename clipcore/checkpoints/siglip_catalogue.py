"""The SigLIP checkpoints known by name: published facts, and what follows from their sizes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from clipcore.checkpoints import catalogue
from clipcore.checkpoints.published import Published

BYTES_A_PIECE: Final = 1000  # of a vocabulary while it is read: Gemma's takes 0.25 GB


@dataclass(frozen=True)
class SiglipEntry:
    """One row of the table. Figures are those of the papers, None where they have none."""

    name: str
    architecture: str
    aliases: tuple[str, ...]
    hub_repo: str
    revision: str | None
    embed_dim: int
    image_size_px: int
    patch_size_px: int
    vision_width: int
    vision_layers: int
    vocab_size: int
    text_width: int
    text_layers: int
    params_millions: float
    is_multilingual: bool
    licence: str
    published_in: str
    imagenet_zero_shot_top1: float | None
    coco_text_to_image_r_at_1: float | None
    crossmodal_3600_english: float | None
    crossmodal_3600_chinese: float | None

    @property
    def published(self) -> Published:
        """Its place on the hub."""
        return Published(self.name, self.hub_repo, self.revision)

    @property
    def memory_bytes(self) -> int:
        """The size of its weights in float32, which is what the repository holds."""
        return int(self.params_millions * 4e6)

    @property
    def query_bytes(self) -> int:
        """The weights of its text tower, one byte each, and reading its vocabulary.

        Its table of words stays on disk.
        """
        weights = self.text_layers * 12 * self.text_width**2 + self.text_width * self.embed_dim
        return weights + BYTES_A_PIECE * self.vocab_size

    @property
    def image_gflops(self) -> float:
        """What one photo takes: the matrices of the blocks and of the patches, and attention."""
        patches = (self.image_size_px // self.patch_size_px) ** 2
        block = 12 * self.vision_width**2 + 2 * patches * self.vision_width
        patch = 3 * self.patch_size_px**2 * self.vision_width
        return 2 * patches * (self.vision_layers * block + patch) / 1e9


@cache
def table() -> tuple[SiglipEntry, ...]:
    """Every SigLIP checkpoint known by name."""
    return tuple(_entry(row) for row in catalogue.table_of("siglip"))


def find(name: str) -> SiglipEntry | None:
    """The entry of this name, or of another that publishers use for the same weights."""
    return next((entry for entry in table() if name in (entry.name, *entry.aliases)), None)


def _entry(row: dict[str, Any]) -> SiglipEntry:
    facts = {key: value for key, value in row.items() if key not in ("tag", "aliases", "params_M")}
    return SiglipEntry(
        name=f"{row['architecture']}/{row['tag']}",
        aliases=(row["architecture"], row["hub_repo"], *row["aliases"]),
        params_millions=row["params_M"],
        **facts,
    )

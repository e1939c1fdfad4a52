"""CLIP's checkpoints that are known by name: their facts.

published.py finds their files and downloads them. Knows nothing of tensors.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, cast

from clipcore.checkpoints import hub, published
from clipcore.checkpoints.published import (
    CONFIG_FILE,
    OPEN_CLIP,
    TRANSFORMERS,
    Files,
    Layout,
    Published,
)
from clipcore.errors import ModelNotFound
from clipcore.image.preprocess import PixelFacts, Triple
from clipcore.messages import N_
from clipcore.model.config import (
    CHINESE_ROBERTA,
    CONTEXT_LENGTH,
    VOCAB_SIZE,
    XLM_ROBERTA,
    TowerFacts,
)

BERTS = {"XLM-RoBERTa": XLM_ROBERTA, "Chinese RoBERTa": CHINESE_ROBERTA}
OTHER_TABLES = ("siglip",)  # of the families that are not CLIP's own
LAYOUTS = {"open_clip": OPEN_CLIP, "transformers": TRANSFORMERS}

# --- the table -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One row of the table. Figures are None where none are published."""

    name: str
    architecture: str
    hub_repo: str
    revision: str | None
    embed_dim: int
    image_size_px: int
    patch_size_px: int  # 0 for a ResNet
    vision_width: int
    vision_layers: int | tuple[int, ...]
    text_width: int
    text_layers: int
    params_millions: float | None
    image_gflops: float | None  # for one photo
    licence: str | None  # as its repository names it
    published_in: str  # the source of its figures
    imagenet_zero_shot_top1: float | None
    coco_text_to_image_r_at_1: float | None
    towers: TowerFacts
    pixels: PixelFacts
    vocab_size: int = VOCAB_SIZE
    is_multilingual: bool = False
    is_chinese: bool = False
    crossmodal_english: float | None = None
    crossmodal_chinese: float | None = None
    layout: Layout = OPEN_CLIP

    @property
    def published(self) -> Published:
        """Its place on the hub."""
        return Published(self.name, self.hub_repo, self.revision, self.layout)

    @property
    def memory_bytes(self) -> int | None:
        """The size of its weights in float32."""
        return None if self.params_millions is None else int(self.params_millions * 4e6)

    @property
    def query_bytes(self) -> int:
        """The weights of its text tower in float32, and in float16 as they are mapped from disk.

        The table of words of a BERT stays on disk.
        """
        blocks = self.text_layers * 12 * self.text_width**2
        words = 0 if self.towers.bert else (self.vocab_size + CONTEXT_LENGTH) * self.text_width
        return 6 * (blocks + words + self.text_width * self.embed_dim)


@dataclass(frozen=True)
class Status:
    """An entry and what of it is on this machine. `size_bytes` is None before its download."""

    entry: Entry
    cached: bool
    size_bytes: int | None

    @property
    def estimated_bytes(self) -> int | None:
        """The size on disk, or what its parameters take in float32."""
        return self.entry.memory_bytes if self.size_bytes is None else self.size_bytes


@cache
def table() -> tuple[Entry, ...]:
    """Every checkpoint known by name, in the table's order."""
    own = tuple(_entry(row) for row in _data()["checkpoints"])
    return (*own, *(_entry_with_bert(row, own) for row in _data()["checkpoints_with_bert"]))


def default_name() -> str:
    """The checkpoint a new library uses."""
    return str(_data()["default"])


def openai_archives() -> dict[str, str]:
    """OpenAI's own name of a model -> the published sha256 of its TorchScript archive."""
    return dict(_data()["openai_archive_sha256"])


def entry_of_archive(sha256: str) -> Entry | None:
    """The entry whose weights OpenAI published as the archive with this hash."""
    names = [name for name, digest in openai_archives().items() if digest == sha256]
    return find(names[0]) if names else None


def find(name: str) -> Entry | None:
    """The entry called "ViT-B-32/openai", or by OpenAI's own name "ViT-B/32"; else None."""
    full = _data()["openai_names"].get(name, name)
    return next((entry for entry in table() if entry.name == full), None)


def resolve(name: str) -> Entry:
    """As `find`, but raises ModelNotFound with the names that come near."""
    entry = find(name)
    if entry is None:
        known = [entry.name for entry in table()]
        known += [_name(row) for family in OTHER_TABLES for row in table_of(family)]
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or [default_name()]
        raise ModelNotFound(
            N_(
                "no model, file or directory is called '{name}'; names that come near: "
                "{near}. `indexer models` lists all"
            ),
            name=name,
            near=", ".join(near),
        )
    return entry


def table_of(family: str) -> list[dict[str, Any]]:
    """The rows of one of OTHER_TABLES, as the file has them."""
    return list(_data()[family])


def _name(row: dict[str, Any]) -> str:
    return f"{row['architecture']}/{row['tag']}"


@cache
def _data() -> dict[str, Any]:
    text = resources.files("clipcore").joinpath("data/checkpoints.json").read_text("utf-8")
    return cast("dict[str, Any]", json.loads(text))


def _entry(row: dict[str, Any]) -> Entry:
    layers = row["vision_layers"]
    return Entry(
        name=_name(row),
        architecture=row["architecture"],
        hub_repo=row["hub_repo"],
        revision=row["revision"],
        embed_dim=row["embed_dim"],
        image_size_px=row["image_size_px"],
        patch_size_px=row["patch_size_px"] or 0,
        vision_width=row["vision_width"],
        vision_layers=tuple(layers) if isinstance(layers, list) else layers,
        text_width=row["text_width"],
        text_layers=row["text_layers"],
        params_millions=row["params_M"],
        image_gflops=_image_gflops(row),
        licence=row["licence"],
        published_in=row.get("published_in", "open_clip"),
        imagenet_zero_shot_top1=row["imagenet_zero_shot_top1"],
        coco_text_to_image_r_at_1=row["coco_text_to_image_r_at_1"],
        towers=TowerFacts(
            row["quick_gelu"], row["head_width"], row["text_width"] // row["text_heads"]
        ),
        pixels=PixelFacts(
            cast("Triple", tuple(row["mean"])),
            cast("Triple", tuple(row["std"])),
            row["interpolation"],
            row["resize_mode"],
        ),
    )


def _image_gflops(row: dict[str, Any]) -> float | None:
    """What one photo takes: all without the text, of which nearly all is matrices."""
    if row["gflops_both_towers"] is None:
        return None
    text_flops = 2 * CONTEXT_LENGTH * 12 * row["text_width"] ** 2 * row["text_layers"]
    return float(row["gflops_both_towers"] - text_flops / 1e9)


def _entry_with_bert(row: dict[str, Any], others: Iterable[Entry]) -> Entry:
    """A row whose image tower is that of another row, and whose text tower is a BERT."""
    image = next(one for one in others if one.architecture == row["image_architecture"])
    bert, languages = BERTS[row["bert"]], row["languages"]
    return replace(
        image,
        name=row["name"],
        architecture=row["architecture"],
        hub_repo=row["hub_repo"],
        revision=row["revision"],
        embed_dim=row["embed_dim"],
        text_width=row["text_width"],
        text_layers=row["text_layers"],
        params_millions=row["params_M"],
        licence=row["licence"],
        imagenet_zero_shot_top1=row["imagenet_zero_shot_top1"],
        coco_text_to_image_r_at_1=row["coco_text_to_image_r_at_1"],
        towers=TowerFacts(row["quick_gelu"], image.towers.vision_head_width, bert=bert),
        pixels=PixelFacts(resize_mode=row["resize_mode"]),
        vocab_size=row["vocab_size"],
        is_multilingual=languages == "many",
        is_chinese=languages == "Chinese",
        crossmodal_english=row["crossmodal_3600_english"],
        crossmodal_chinese=row["crossmodal_3600_chinese"],
        layout=LAYOUTS[row["layout"]],
    )


# --- the cache and the hub -----------------------------------------------------------------------


def list_models(cache_dir: Path | None = None) -> list[Status]:
    """The table with what is cached; asks no network and reads no weights."""
    return [status_of(entry, cache_dir) for entry in table()]


def status_of(entry: Entry, cache_dir: Path | None = None) -> Status:
    """An entry with what of it is cached."""
    size_bytes = published.cached_bytes(entry.published, cache_dir)
    return Status(entry, size_bytes is not None, size_bytes)


def cached(entry: Entry, cache_dir: Path | None = None) -> Files | None:
    """See `published.cached`."""
    return published.cached(entry.published, cache_dir)


def pull(name: str, progress: hub.Progress | None = None, cache_dir: Path | None = None) -> Files:
    """See `published.pull`. Raises ModelNotFound too."""
    return published.pull(resolve(name).published, progress, cache_dir)


def hub_reachable(timeout_s: float = 5.0) -> bool:
    """Whether the hub answers within `timeout_s`, the name look-up included."""
    return hub.reachable(resolve(default_name()).hub_repo, CONFIG_FILE, timeout_s)

"""The checkpoints known by name: their facts, their download, their place in the cache.

What is in the cache is used without asking any network; the rest comes through `hub.py`. Knows
nothing of tensors.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, cast

from clipcore.checkpoints import hub
from clipcore.checkpoints.lockfile import LockFile, Recorded
from clipcore.errors import CheckpointDamaged, DownloadError, ModelNotFound
from clipcore.image.preprocess import PixelFacts, Triple
from clipcore.messages import N_
from clipcore.model.config import CONTEXT_LENGTH, TowerFacts

CONFIG_FILE, TOKENIZER_FILE = "open_clip_config.json", "tokenizer.json"
# In order of preference: a pickle is taken only where nothing safer exists.
WEIGHT_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")

# --- the table -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One row of the table. Accuracies are open_clip's, None where it publishes none."""

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
    gflops_both_towers: float | None  # for one photo and one text
    licence: str | None  # as its repository names it
    imagenet_zero_shot_top1: float | None
    coco_text_to_image_r_at_1: float | None
    towers: TowerFacts
    pixels: PixelFacts

    @property
    def memory_bytes(self) -> int | None:
        """The size of its weights in float32."""
        return None if self.params_millions is None else int(self.params_millions * 4e6)

    @property
    def image_gflops(self) -> float | None:
        """What one photo takes: all without the text, of which nearly all is matrices."""
        if self.gflops_both_towers is None:
            return None
        text_flops = 2 * CONTEXT_LENGTH * 12 * self.text_width**2 * self.text_layers
        return self.gflops_both_towers - text_flops / 1e9


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


@dataclass(frozen=True)
class Files:
    """A checkpoint on disk. `tokenizer` is None where it brings none: CLIP's own serves then."""

    weights: Path
    tokenizer: Path | None
    sha256: str


@cache
def table() -> tuple[Entry, ...]:
    """Every checkpoint known by name, in the table's order."""
    return tuple(_entry(row) for row in _data()["checkpoints"])


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


@cache
def _data() -> dict[str, Any]:
    text = resources.files("clipcore").joinpath("data/checkpoints.json").read_text("utf-8")
    return cast("dict[str, Any]", json.loads(text))


def _entry(row: dict[str, Any]) -> Entry:
    layers = row["vision_layers"]
    return Entry(
        name=f"{row['architecture']}/{row['tag']}",
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
        gflops_both_towers=row["gflops_both_towers"],
        licence=row["licence"],
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


# --- the cache -----------------------------------------------------------------------------------


def list_models(cache_dir: Path | None = None) -> list[Status]:
    """The table with what is cached; asks no network and reads no weights."""
    return [status_of(entry, cache_dir) for entry in table()]


def cached(entry: Entry, cache_dir: Path | None = None) -> Files | None:
    """The checkpoint's files if they are on disk, else None; asks no network.

    Raises CheckpointDamaged if the weights are not the ones recorded at their download.
    """
    directory = cache_dir or hub.cache_directory()
    lock = LockFile(directory)
    recorded = lock.checkpoint(entry.name)
    shelf = _shelf(entry, recorded, directory)
    weights = _cached_weights(shelf)
    if weights is None:
        return None
    digest = lock.sha256(weights)
    if recorded and recorded.sha256 != digest:
        raise CheckpointDamaged(
            N_(
                "{weights} has sha256 {digest}, but {expected} when it was downloaded; "
                "delete it and run `indexer models pull {model}`"
            ),
            weights=weights,
            digest=digest,
            expected=recorded.sha256,
            model=entry.name,
        )
    return Files(weights, shelf.find(TOKENIZER_FILE), digest)


def status_of(entry: Entry, cache_dir: Path | None = None) -> Status:
    """An entry with what of it is cached."""
    directory = cache_dir or hub.cache_directory()
    recorded = LockFile(directory).checkpoint(entry.name)
    weights = _cached_weights(_shelf(entry, recorded, directory))
    return Status(entry, weights is not None, weights.stat().st_size if weights else None)


def _shelf(entry: Entry, recorded: Recorded | None, directory: Path) -> hub.Shelf:
    """At the revision that was downloaded, else the one the table pins, else the newest."""
    return hub.Shelf(entry.hub_repo, recorded.revision if recorded else entry.revision, directory)


def _cached_weights(shelf: hub.Shelf) -> Path | None:
    found = (shelf.find(name) for name in WEIGHT_FILES)
    return next((path for path in found if path), None)


# --- the hub -------------------------------------------------------------------------------------


def pull(name: str, progress: hub.Progress | None = None, cache_dir: Path | None = None) -> Files:
    """The checkpoint's files, downloaded if they are not in the cache.

    An interrupted download goes on where it stopped, in a later process too. `progress` is called
    with the bytes of the weights here and in all; without it a bar is shown on a terminal.
    Raises ModelNotFound, DownloadError or CheckpointDamaged.
    """
    entry = resolve(name)
    directory = cache_dir or hub.cache_directory()
    return cached(entry, directory) or _download(entry, progress, directory)


def _download(entry: Entry, progress: hub.Progress | None, directory: Path) -> Files:
    lock = LockFile(directory)
    shelf = _shelf(entry, lock.checkpoint(entry.name), directory)
    with hub.errors_told(entry.name, entry.hub_repo):
        shelf.fetch(CONFIG_FILE)
        tokenizer = shelf.fetch(TOKENIZER_FILE)
        # The weights come last: a cache that has them has everything.
        found = (shelf.fetch(name, progress) for name in WEIGHT_FILES)
        weights = next((path for path in found if path), None)
    if weights is None:
        raise DownloadError(
            N_("{repo} has none of {files}"), repo=entry.hub_repo, files=", ".join(WEIGHT_FILES)
        )
    digest = lock.sha256(weights)
    commit = weights.parent.name  # the cache keeps files under snapshots/<commit>/
    lock.record(
        entry.name,
        Recorded(entry.hub_repo, commit, weights.name, weights.stat().st_size, digest),
    )
    return Files(weights, tokenizer, digest)


def hub_reachable(timeout_s: float = 5.0) -> bool:
    """Whether the hub answers within `timeout_s`, the name look-up included."""
    return hub.reachable(resolve(default_name()).hub_repo, CONFIG_FILE, timeout_s)

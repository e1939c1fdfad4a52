"""A checkpoint in a repository of the hub: its files, their download, their place in the cache.

What is in the cache is used without asking any network; the rest comes through `hub.py`. Knows
nothing of what is in the files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clipcore.checkpoints import hub
from clipcore.checkpoints.lockfile import LockFile, Recorded
from clipcore.errors import CheckpointDamaged, DownloadError, ModelNotFound
from clipcore.messages import N_

CONFIG_FILE: Final = "open_clip_config.json"
TOKENIZERS: Final = ("tokenizer.json", "vocab.txt")  # in order of preference


@dataclass(frozen=True)
class Layout:
    """The files of a repository.

    `others` are fetched where it has them; of `weights` the first that it has: a pickle is taken
    only where nothing safer exists.
    """

    others: tuple[str, ...]
    weights: tuple[str, ...]


OPEN_CLIP: Final = Layout(
    (CONFIG_FILE, "tokenizer.json"), ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
)
TRANSFORMERS: Final = Layout(
    ("config.json", "preprocessor_config.json", *TOKENIZERS),
    ("model.safetensors", "pytorch_model.bin"),
)


@dataclass(frozen=True)
class Published:
    """A checkpoint by its name here, and its place on the hub. `revision` None: the newest."""

    name: str
    repo: str
    revision: str | None = None
    layout: Layout = OPEN_CLIP


@dataclass(frozen=True)
class Files:
    """A checkpoint on disk. `tokenizer` is None where it brings none: CLIP's own serves then."""

    weights: Path
    tokenizer: Path | None
    sha256: str


def cached(one: Published, cache_dir: Path | None = None) -> Files | None:
    """The checkpoint's files if they are on disk, else None; asks no network.

    Raises CheckpointDamaged if the weights are not the ones recorded at their download.
    """
    directory = cache_dir or hub.cache_directory()
    lock = LockFile(directory)
    recorded = lock.checkpoint(one.name)
    shelf = _shelf(one, recorded, directory)
    weights = _cached_weights(one, shelf)
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
            model=one.name,
        )
    return Files(weights, _tokenizer(shelf), digest)


def cached_bytes(one: Published, cache_dir: Path | None = None) -> int | None:
    """The size of the weights on disk; None where they are not cached."""
    directory = cache_dir or hub.cache_directory()
    recorded = LockFile(directory).checkpoint(one.name)
    weights = _cached_weights(one, _shelf(one, recorded, directory))
    return weights.stat().st_size if weights else None


def pull(
    one: Published, progress: hub.Progress | None = None, cache_dir: Path | None = None
) -> Files:
    """The checkpoint's files, downloaded if they are not in the cache.

    An interrupted download goes on where it stopped, in a later process too. `progress` is called
    with the bytes of the weights here and in all; without it a bar is shown on a terminal.
    Raises DownloadError or CheckpointDamaged.
    """
    directory = cache_dir or hub.cache_directory()
    return cached(one, directory) or _download(one, progress, directory)


def _download(one: Published, progress: hub.Progress | None, directory: Path) -> Files:
    lock = LockFile(directory)
    shelf = _shelf(one, lock.checkpoint(one.name), directory)
    with hub.errors_told(one.name, one.repo):
        for name in one.layout.others:
            shelf.fetch(name)
        # The weights come last: a cache that has them has everything.
        found = (shelf.fetch(name, progress) for name in one.layout.weights)
        weights = next((path for path in found if path), None)
    if weights is None:
        raise DownloadError(
            N_("{repo} has none of {files}"), repo=one.repo, files=", ".join(one.layout.weights)
        )
    digest = lock.sha256(weights)
    commit = weights.parent.name  # the cache keeps files under snapshots/<commit>/
    lock.record(one.name, Recorded(one.repo, commit, weights.name, weights.stat().st_size, digest))
    return Files(weights, _tokenizer(shelf), digest)


def _shelf(one: Published, recorded: Recorded | None, directory: Path) -> hub.Shelf:
    """At the revision that was downloaded, else the one that is pinned, else the newest."""
    return hub.Shelf(one.repo, recorded.revision if recorded else one.revision, directory)


def _cached_weights(one: Published, shelf: hub.Shelf) -> Path | None:
    found = (shelf.find(name) for name in one.layout.weights)
    return next((path for path in found if path), None)


def _tokenizer(shelf: hub.Shelf) -> Path | None:
    found = (shelf.find(name) for name in TOKENIZERS)
    return next((path for path in found if path), None)


def first_of(directory: Path, names: tuple[str, ...]) -> Path:
    """The first of these files that a model directory has. Raises ModelNotFound without any."""
    found = [directory / name for name in names if (directory / name).is_file()]
    if not found:
        raise ModelNotFound(
            N_("{path} has a configuration but none of {files}"),
            path=directory,
            files=", ".join(names),
        )
    return found[0]

"""Computes and stores the data of Explore: the embedding map and the near-duplicates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from clipcore import Encoder
from clipcore.messages import N_, Message
from indexer.explore import atlas, near_duplicates
from indexer.locking import held
from indexer.records.photos import Photo
from indexer.store.store import Store


def explore(
    store: Store,
    encoder: Encoder,
    thumbnail: Callable[[Photo], bytes | None],
    directory: Path,
    report: Callable[[Message], None],
) -> None:
    """Compute both and keep them in `directory`; `report` receives each step as it begins.

    Raises LibraryBusy if another process is at it.
    """
    with held(directory, "explorer", N_("the library at {name} is being explored by {holder}")):
        report(Message(N_("computing the embedding map")))
        for drawn in atlas.draw(store, encoder):
            atlas.save(drawn, directory)
        report(Message(N_("comparing similar photos")))
        near_duplicates.save(near_duplicates.find(store, encoder.dim, thumbnail), directory)

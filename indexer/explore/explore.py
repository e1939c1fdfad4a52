"""What Explore shows, computed and kept: the atlas of the library, and its near-duplicates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from clipcore import Encoder
from indexer.explore import atlas, near_duplicates
from indexer.locking import held
from indexer.records.photos import Photo
from indexer.store.store import Store


def explore(
    store: Store,
    encoder: Encoder,
    thumbnail: Callable[[Photo], bytes | None],
    directory: Path,
    report: Callable[[str], None],
) -> None:
    """Compute both and keep them in `directory`; `report` receives each step as it begins.

    Raises LibraryBusy if another process is at it.
    """
    with held(directory, "explorer", "is being explored by"):
        report("drawing the atlas")
        for drawn in atlas.draw(store, encoder):
            atlas.save(drawn, directory)
        report("comparing photos that look alike")
        near_duplicates.save(near_duplicates.find(store, encoder.dim, thumbnail), directory)

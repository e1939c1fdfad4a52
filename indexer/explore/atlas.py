"""The library as a picture: its photos as points, near those that resemble them, in named groups.

Drawn aside, since it takes a minute, and kept in a file beside the database. A large library is
drawn by a sample. Knows vectors and photos; nothing of how it is shown.
"""

from __future__ import annotations

import io
import json
import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np

from clipcore import Encoder
from indexer.arrays import FloatArray, IntArray
from indexer.atomic import write_atomically
from indexer.explore import concepts
from indexer.explore.projection import PCA, TSNE, by_pca, by_tsne, can_tsne
from indexer.index.faiss_index import k_means
from indexer.json_files import parsed
from indexer.records.photos import Photo
from indexer.store.store import Store

log = logging.getLogger(__name__)


FILE: Final = "atlas.npz"
REVISION: Final = 1  # of the file
POINTS: Final = 20_000  # a browser draws so many at each movement
GROUPS: Final = 24  # as many colours and names as a person can tell apart, and a few more
ASKED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class State:
    """What a library was when something was computed of it: the model, and how much there was."""

    model_id: str
    photos: int
    embeddings: int


@dataclass(frozen=True, slots=True)
class Atlas:
    """N points. `places` (N, 2) within 0 to 1, `groups` (N,) numbers into `names`."""

    state: State
    method: str  # how the places were found: TSNE or PCA of projection.py
    photo_ids: IntArray
    places: FloatArray
    years: IntArray
    groups: IntArray
    names: tuple[str, ...]


def draw(store: Store, encoder: Encoder) -> Iterator[Atlas]:
    """The atlas of all present photos, or of an even sample of them.

    Twice, where t-SNE is installed: what can be had at once comes first.
    """
    state = state_of(store)
    ids = store.search.covers()
    if len(ids) > POINTS:
        ids = np.sort(np.random.default_rng(0).choice(ids, POINTS, replace=False))
    shown = present_photos(store, ids.tolist())
    known, vectors = store.search.vectors(sorted(shown), encoder.dim)
    photos = [shown[number][0] for number in known.tolist()]
    centres, groups = k_means(vectors, group_count(len(vectors)))
    atlas = Atlas(
        state,
        PCA,
        np.array([photo.id for photo in photos], np.int64),
        by_pca(vectors),
        np.array([photo.date.year for photo in photos], np.int64),
        groups,
        concepts.names(centres, encoder) if len(centres) else (),
    )
    yield atlas
    if can_tsne(len(vectors)):
        yield replace(atlas, method=TSNE, places=by_tsne(vectors))


def state_of(store: Store) -> State:
    """The present state of the library."""
    return State(store.model_id, store.status.searchable()[0], store.status.embeddings())


def group_count(photos: int) -> int:
    """The number of groups for so many photos."""
    return min(GROUPS, photos, max(1, round(math.sqrt(photos))))


def present_photos(store: Store, embedding_ids: Sequence[int]) -> dict[int, list[Photo]]:
    """Each of these embeddings with the present photos behind it."""
    found: dict[int, list[Photo]] = {}
    for start in range(0, len(embedding_ids), ASKED_AT_ONCE):
        for number, _, photo in store.search.photos_of(
            embedding_ids[start : start + ASKED_AT_ONCE]
        ):
            found.setdefault(number, []).append(photo)
    return found


@dataclass(frozen=True, slots=True)
class _Header:
    """The form of the file's texts."""

    revision: int
    state: tuple[str, int, int]
    method: str
    names: tuple[str, ...]


def save(atlas: Atlas, directory: Path) -> None:
    """Keep an atlas in the library's directory."""
    state = atlas.state
    header = {
        "revision": REVISION,
        "state": [state.model_id, state.photos, state.embeddings],
        "method": atlas.method,
        "names": atlas.names,
    }
    buffer = io.BytesIO()
    np.savez(
        buffer,
        said=np.frombuffer(json.dumps(header).encode(), np.uint8),
        photo_ids=atlas.photo_ids,
        places=atlas.places,
        years=atlas.years,
        groups=atlas.groups,
    )
    write_atomically(directory / FILE, buffer.getvalue())


def load(directory: Path, model_id: str) -> Atlas | None:
    """The atlas kept there; None where there is none of this model that can be read."""
    try:
        with (
            (directory / FILE).open("rb") as file,  # np.load leaves a damaged one open
            np.load(file, allow_pickle=False) as arrays,
        ):
            header = parsed(arrays["said"].tobytes(), _Header)
            if header.revision != REVISION or header.state[0] != model_id:
                return None
            return Atlas(
                State(*header.state),
                header.method,
                arrays["photo_ids"],
                arrays["places"],
                arrays["years"],
                arrays["groups"],
                header.names,
            )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        log.warning("%s is discarded, it will be computed again: %s", directory / FILE, error)
        return None

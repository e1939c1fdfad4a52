"""Photos that are nearly the same: copies, other sizes, other formats, shots of one burst.

Two photos are, where their embeddings are near each other (they show the same) and so are their
difference hashes (in the same composition): either alone takes different photos for one. Only
tells; nothing is ever deleted.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from indexer.arrays import IntArray
from indexer.atomic import write_atomically
from indexer.explore.atlas import State, present_photos, state_of
from indexer.index.faiss_index import k_means
from indexer.json_files import parsed
from indexer.records.photos import Photo
from indexer.store.store import Store

log = logging.getLogger(__name__)

Half = npt.NDArray[np.float16]
Bits = npt.NDArray[np.float32]  # (64,) of 1 and -1

FILE: Final = "look-alikes.json"
REVISION: Final = 1  # of the file
COSINE: Final = 0.9
DIFFERING: Final = 10  # of a hash's 64 bits
SIDE: Final = 8  # of the hash: 8 x 8 differences
CELL: Final = 2_000  # vectors that are compared with each other: 16 MB of cosines
CELLS_EACH: Final = 2  # what is alike but on both sides of a border meets in the second
SAMPLE_EACH: Final = 64  # vectors to find a cell with


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """Groups of photos that are nearly the same: their numbers, the largest photo first."""

    state: State
    groups: tuple[tuple[int, ...], ...]


def find(store: Store, dim: int, thumbnail: Callable[[Photo], bytes | None]) -> NearDuplicates:
    """All groups of the library, the largest group first."""
    state = state_of(store)
    ids = store.search.covers()
    vectors = _vectors(store, ids, dim)
    cells = list(_cells(vectors))
    near = ids[_near_another(vectors, cells)]
    photos = present_photos(store, [*near.tolist(), *store.search.covers(photos_each=2).tolist()])
    bits = _hashes(ids, photos, thumbnail)
    sets = _Sets(photos)
    for one, other in _alike(vectors, cells, bits):
        sets.join(int(ids[one]), int(ids[other]))
    groups = [[photo for id_ in members for photo in photos[id_]] for members in sets.all()]
    return NearDuplicates(state, _in_order(group for group in groups if len(group) > 1))


def difference_hash(jpeg: bytes) -> Bits:
    """Where the picture gets brighter from left to right, in 8 rows of 8 steps: 1, else -1."""
    with Image.open(io.BytesIO(jpeg)) as image:
        image.draft("L", (4 * SIDE, 4 * SIDE))
        small = image.convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BOX)
    grey = np.asarray(small, np.int16)
    return np.where(grey[:, 1:] > grey[:, :-1], 1, -1).astype(np.float32).ravel()


@dataclass(frozen=True, slots=True)
class _Header:
    """The form of the file."""

    revision: int
    state: tuple[str, int, int]
    groups: tuple[tuple[int, ...], ...]


def save(found: NearDuplicates, directory: Path) -> None:
    """Keep them in the library's directory."""
    state = found.state
    header = {
        "revision": REVISION,
        "state": [state.model_id, state.photos, state.embeddings],
        "groups": found.groups,
    }
    write_atomically(directory / FILE, json.dumps(header).encode())


def load(directory: Path, model_id: str) -> NearDuplicates | None:
    """Those kept there; None where there are none of this model that can be read."""
    try:
        header = parsed((directory / FILE).read_bytes(), _Header)
        if header.revision != REVISION or header.state[0] != model_id:
            return None
        return NearDuplicates(State(*header.state), header.groups)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("%s is discarded, it will be computed again: %s", directory / FILE, error)
        return None


def _vectors(store: Store, ids: IntArray, dim: int) -> Half:
    """(N, D): at half the size, for all of them are needed at once."""
    vectors = np.empty((len(ids), dim), np.float16)
    for start in range(0, len(ids), CELL):
        part = slice(start, start + CELL)
        vectors[part] = store.search.vectors(ids[part].tolist(), dim)[1]
    return vectors


def _cells(vectors: Half) -> Iterator[IntArray]:
    """Positions of vectors that lie together; each is in the CELLS_EACH nearest cells."""
    count = max(1, round(len(vectors) * CELLS_EACH / CELL))
    sample = vectors[:: max(1, len(vectors) // (SAMPLE_EACH * count))]
    centres, _ = k_means(sample.astype(np.float32), count)
    nearest = np.empty((len(vectors), min(CELLS_EACH, len(centres))), np.int32)
    for start in range(0, len(vectors), CELL):
        part = slice(start, start + CELL)
        nearness = -(vectors[part].astype(np.float32) @ centres.T)
        nearest[part] = np.argsort(nearness, axis=1)[:, : nearest.shape[1]]
    for cell in range(len(centres)):
        yield np.flatnonzero((nearest == cell).any(axis=1))


def _near_another(vectors: Half, cells: Iterable[IntArray]) -> IntArray:
    """The positions of vectors that have another one near."""
    near = np.zeros(len(vectors), np.bool_)
    for cell in cells:
        for rows, cosines in _cosines(vectors, cell):
            place, other = np.nonzero(cosines >= COSINE)
            near[rows[place[rows[place] != cell[other]]]] = True
    return np.flatnonzero(near)


def _alike(
    vectors: Half, cells: Iterable[IntArray], bits: npt.NDArray[np.float32]
) -> Iterator[tuple[int, int]]:
    """Pairs of positions of which both the vectors and the hashes agree."""
    least = bits.shape[1] - 2 * DIFFERING
    for whole in cells:
        cell = whole[bits[whole, 0] != 0]  # the others have no hash
        for rows, cosines in _cosines(vectors, cell):
            agreeing = np.where(cosines >= COSINE, bits[rows] @ bits[cell].T, -np.inf)
            for row, column in np.argwhere(agreeing >= least).tolist():
                if rows[row] < cell[column]:
                    yield int(rows[row]), int(cell[column])


def _cosines(vectors: Half, cell: IntArray) -> Iterator[tuple[IntArray, npt.NDArray[np.float32]]]:
    """Some positions of the cell at a time, with their cosines to all of it."""
    all_ = vectors[cell].astype(np.float32)
    for start in range(0, len(cell), CELL):
        part = slice(start, start + CELL)
        yield cell[part], all_[part] @ all_.T


def _hashes(
    ids: IntArray,
    photos: dict[int, list[Photo]],
    thumbnail: Callable[[Photo], bytes | None],
) -> npt.NDArray[np.float32]:
    """(N, 64) hashes of those photos that are asked about and have a thumbnail; of others zeros."""
    bits = np.zeros((len(ids), SIDE * SIDE), np.float32)
    for place in np.flatnonzero(np.isin(ids, list(photos))):
        if jpeg := thumbnail(photos[int(ids[place])][0]):
            bits[place] = difference_hash(jpeg)
    return bits


def _in_order(groups: Iterable[Sequence[Photo]]) -> tuple[tuple[int, ...], ...]:
    sorted_groups = [
        tuple(photo.id for photo in sorted(group, key=_largest_first)) for group in groups
    ]
    return tuple(sorted(sorted_groups, key=lambda group: (-len(group), group)))


def _largest_first(photo: Photo) -> tuple[int, int, int]:
    facts = photo.facts
    return -facts.width_px * facts.height_px, -photo.size_bytes, photo.id


class _Sets:
    """Sets of numbers, each in one set; joining puts two together."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self._above = {number: number for number in numbers}

    def join(self, one: int, other: int) -> None:
        self._above[self._top(one)] = self._top(other)

    def all(self) -> list[list[int]]:
        members: dict[int, list[int]] = {}
        for number in self._above:
            members.setdefault(self._top(number), []).append(number)
        return list(members.values())

    def _top(self, number: int) -> int:
        while self._above[number] != number:
            self._above[number] = self._above[self._above[number]]
            number = self._above[number]
        return number

"""The terms of a query -> the one unit vector to look for.

Words and photo files go through the encoder, photos of the library give the vector that is
stored. Knows nothing of filters or of which photos match.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from clipcore import Encoder
from clipcore.messages import N_
from indexer.arrays import FloatArray
from indexer.errors import QueryError, Undecodable
from indexer.imaging.decode import decode, decoded_size
from indexer.imaging.film_sample import sample_frames
from indexer.imaging.memory_budget import Crowded, free_bytes, room_on_demand
from indexer.location import Location, expanded, location
from indexer.query.query import Content, LibraryPhoto, PhotoFile, Picture, Term, Text
from indexer.sources.films import HEAD_BYTES, film_format
from indexer.sources.object_storage import read_remote
from indexer.sources.reading import file_stat, read_head, read_stable
from indexer.store.store import Store

RECENT_TEXTS: Final = 256  # their embeddings are kept: at most 0.8 MB with any CLIP
GIVEN_BYTES: Final = 30_000_000  # what somebody gives to search with: any camera's JPEG
GIVEN_PIXELS: Final = 100_000_000
WAITING: Final = 8  # given pictures that wait for memory to be read in; the next is refused
CANCELLED: Final = 1e-3  # of the weights' sum; stored vectors are exact to 5e-4 (float16)


class Composer:
    """Turns terms into vectors with one encoder; keeps the embeddings of recent texts."""

    def __init__(self, encoder: Encoder, store: Store) -> None:
        self._encoder = encoder
        self._store = store
        self._text = lru_cache(RECENT_TEXTS)(self._embed_text)

    def vector(self, terms: Iterable[Term]) -> FloatArray:
        """The weighted sum of the terms' unit vectors, (D,), scaled to length one.

        Raises QueryError for a photo that cannot be read and for terms that cancel out,
        PhotoNotFound for a number that no photo has.
        """
        terms = tuple(terms)
        total = np.zeros(self._encoder.dim, dtype=np.float32)
        for term in terms:
            total += np.float32(term.weight) * self._embedding(term.content)
        length = float(np.linalg.norm(total))
        if length <= CANCELLED * sum(abs(term.weight) for term in terms):
            raise QueryError(N_("the parts of the query cancel each other out"))
        return total / np.float32(length)

    def _embedding(self, content: Content) -> FloatArray:
        match content:
            case Text(text):
                return self._text(text)
            case PhotoFile(path):
                return self._of_file(location(path))
            case LibraryPhoto(id):
                return self._of_photo(id)
            case Picture(model_id, embedding):
                if model_id != self._encoder.model_id:
                    raise QueryError(
                        N_("the library uses another model now: add the picture again")
                    )
                return np.array(embedding, np.float32)

    def _embed_text(self, text: str) -> FloatArray:
        return np.asarray(self._encoder.embed_texts([text])[0])

    def _of_photo(self, photo_id: int) -> FloatArray:
        stored = self._store.search.photo_vector(photo_id, self._encoder.dim)
        return np.asarray(stored / np.linalg.norm(stored))

    def _of_file(self, place: Location) -> FloatArray:
        if isinstance(place, Path):
            return self._embed_file(expanded(place))
        photo = self._store.search.photo_at(place)  # spares fetching it
        return self._embed_file(place) if photo is None else self._of_photo(photo.id)

    def _embed_file(self, place: Location) -> FloatArray:
        # not a pipe either: reading one may never end
        if isinstance(place, Path) and not place.is_file():
            raise QueryError(N_("there is no photo file {path}"), path=place)
        try:
            images = _pictures(place, self._encoder.image_size_px)
        except FileNotFoundError as error:
            raise QueryError(N_("there is no photo file {path}"), path=place) from error
        except (Undecodable, OSError) as error:
            why = getattr(error, "strerror", None) or error
            raise QueryError(
                N_("{path} is not a readable photo: {why}"), path=place, why=why
            ) from error
        mean = np.mean([_embedded(self._encoder, image) for image in images], axis=0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)


def _pictures(place: Location, image_size_px: int) -> list[Image.Image]:
    """What the file shows: one picture, or some frames of a video on this machine."""
    if isinstance(place, Path):
        format = film_format(read_head(place, HEAD_BYTES), place.name)
        if format is not None:
            return sample_frames(place, format, image_size_px)
    return [decode(_read(place), image_size_px).image]


def _read(place: Location) -> bytes:
    return read_stable(place, file_stat(place)) if isinstance(place, Path) else read_remote(place)


def given_picture(encoder: Encoder, data: bytes) -> tuple[Picture, bytes]:
    """A picture to look for, from the bytes of its file, and a JPEG thumbnail of it.

    Raises QueryError where it is too large or cannot be read, and where many others wait.
    """
    if len(data) > GIVEN_BYTES:
        raise QueryError(
            N_("the picture has more than {count} MB"),
            count=GIVEN_BYTES // 10**6,
        )
    pixels, needed_bytes = decoded_size(data)
    if pixels > GIVEN_PIXELS:
        raise QueryError(
            N_("the picture has more than {count} megapixels"),
            count=GIVEN_PIXELS // 10**6,
        )
    if needed_bytes > free_bytes():
        raise QueryError(N_("this machine has too little free memory to read the picture"))
    try:
        with room_on_demand().of(len(data) + needed_bytes, WAITING):
            decoded = decode(data, encoder.image_size_px)
    except Crowded as error:
        raise QueryError(N_("many pictures are being read now: try again in a minute")) from error
    except Undecodable as error:
        raise QueryError(N_("the picture cannot be read: {why}"), why=error) from error
    embedding = _embedded(encoder, decoded.image)
    return Picture(encoder.model_id, tuple(embedding.tolist())), decoded.thumbnail


def _embedded(encoder: Encoder, image: Image.Image) -> FloatArray:
    return np.asarray(encoder.embed_images(encoder.preprocess(image)[None])[0])

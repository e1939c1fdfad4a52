"""What makes indexing fast costs nothing that matters: beside a full decode and float32 torch."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from benchmarks.photo_set import make_photo
from clipcore.families.starter.starter import StarterEncoder
from clipcore.image.preprocess import to_rgb
from indexer.imaging.decode import decode
from indexer.library.library import open_library
from tests.conftest import SAMPLE
from tests.depth import DEPTH
from tests.fakes import FloatArray
from tests.stores import store_of

pytestmark = pytest.mark.slow

# A dozen megapixels are decoded at an eighth of each side, a sample photo in full.
CAMERA_PHOTOS, CAMERA_MEGAPIXELS = 2 if DEPTH == 1 else 4, 12
BATCH = 16
EVERY = 6 if DEPTH == 1 else 1  # of the sample's photos: the plain path takes its time
QUERIES: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parents[2] / "sample_queries.toml").read_text("utf-8")
)["query"]


@pytest.fixture(scope="module")
def plain() -> StarterEncoder:
    return StarterEncoder(device="cpu")


def plain_rows(encoder: StarterEncoder, paths: Sequence[Path]) -> FloatArray:
    """Decoded in full, embedded by torch in float32."""
    parts = []
    for start in range(0, len(paths), BATCH):
        pixels = [plain_pixels(encoder, path) for path in paths[start : start + BATCH]]
        parts.append(encoder.embed_images(np.stack(pixels)))
    return np.concatenate(parts)


def plain_pixels(encoder: StarterEncoder, path: Path) -> FloatArray:
    with Image.open(path) as image:
        return encoder.preprocess(to_rgb(ImageOps.exif_transpose(image)))


def assert_alike(fast: FloatArray, slow: FloatArray) -> None:
    cosines = (fast * slow).sum(axis=1)
    assert cosines.min() >= 0.99
    assert cosines.mean() >= 0.997


def test_sample_photos_get_the_embeddings_of_the_plain_path(
    own_library: Path, plain: StarterEncoder
) -> None:
    with closing(open_library(own_library)) as library, store_of(library) as store:
        rows = [row for root in library.roots() for row in store.ingest.rows(root.id)][::EVERY]
        fast = np.stack([store.search.photo_vector(row.id, plain.dim) for row in rows])
    paths = [row.path for row in rows]
    slow = plain_rows(plain, [SAMPLE / path for path in paths])
    assert_alike(fast, slow)
    assert found(fast, paths, plain) == found(slow, paths, plain)


def found(rows: FloatArray, paths: Sequence[str], encoder: StarterEncoder) -> list[bool]:
    """For each of the sample's queries, whether a right photo is among the ten nearest."""
    texts = encoder.embed_texts([query["text"] for query in QUERIES])
    nearest = np.argsort(-texts @ rows.T, axis=1)[:, :10]
    return [
        any(paths[place] in query["photos"] for place in places)
        for query, places in zip(QUERIES, nearest, strict=True)
    ]


def test_photos_of_a_camera_are_decoded_smaller_and_embedded_alike(
    tmp_path: Path, plain: StarterEncoder
) -> None:
    photos = [make_photo(tmp_path, n, CAMERA_MEGAPIXELS) for n in range(CAMERA_PHOTOS)]
    decoded = [decode(photo.read_bytes(), plain.image_size_px).image for photo in photos]
    assert all(image.width == 4000 // 8 for image in decoded)
    fast = plain.embed_images(np.stack([plain.preprocess(image) for image in decoded]))
    assert_alike(fast, plain_rows(plain, photos))

"""StarterEncoder with its real weights."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from clipcore import Encoder, open_encoder

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return open_encoder("starter")


def test_rows_are_unit_float32_and_contiguous(encoder: Encoder) -> None:
    pixels = np.random.default_rng(0).normal(size=(3, 3, 260, 260)).astype(np.float32)
    for rows in (encoder.embed_images(pixels), encoder.embed_texts(["a dog", "snow"])):
        assert rows.dtype == np.float32
        assert rows.flags.c_contiguous
        assert rows.shape[1] == encoder.dim
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_an_embedding_does_not_depend_on_its_batch(encoder: Encoder) -> None:
    pixels = np.random.default_rng(0).normal(size=(5, 3, 260, 260)).astype(np.float32)
    alone = np.concatenate([encoder.embed_images(pixels[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(encoder.embed_images(pixels), alone, atol=1e-5)


def test_no_input_gives_no_rows(encoder: Encoder) -> None:
    assert encoder.embed_texts([]).shape == (0, encoder.dim)
    assert encoder.embed_images(np.empty((0, 3, 260, 260), np.float32)).shape == (0, encoder.dim)


@pytest.mark.parametrize("size", [(260, 260), (1, 1000), (4000, 3000), (31, 17)])
def test_any_size_becomes_a_square(encoder: Encoder, size: tuple[int, int]) -> None:
    pixels = encoder.preprocess(Image.new("RGB", size, (255, 127, 0)))
    assert pixels.shape == (3, encoder.image_size_px, encoder.image_size_px)
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels[:, 100, 100], [1, 0, -127 / 128])

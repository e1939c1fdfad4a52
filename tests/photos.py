"""Real photo files of a known look, made with Pillow."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def make_photo(
    path: Path, colour: str, *, size: tuple[int, int] = (64, 48), seed: int = 0, **save: Any
) -> Path:
    """A photo of one colour with a little noise; another `seed` makes other bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _picture(colour, size, seed).save(path, **save)
    return path


def photo_bytes(colour: str, *, seed: int = 0) -> bytes:
    """Such a photo as the bytes of a PNG file."""
    buffer = io.BytesIO()
    _picture(colour, (64, 48), seed).save(buffer, "PNG")
    return buffer.getvalue()


def _picture(colour: str, size: tuple[int, int], seed: int) -> Image.Image:
    plain = np.asarray(Image.new("RGB", size, colour), np.int16)
    noise = np.random.default_rng(seed).integers(-3, 4, plain.shape)
    return Image.fromarray(np.clip(plain + noise, 0, 255).astype(np.uint8))

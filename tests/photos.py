"""Real photo files of a known look, made with Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def make_photo(
    path: Path, colour: str, *, size: tuple[int, int] = (64, 48), seed: int = 0, **save: Any
) -> Path:
    """A photo of one colour with a little noise; another `seed` makes other bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = np.asarray(Image.new("RGB", size, colour), np.int16)
    noise = np.random.default_rng(seed).integers(-3, 4, plain.shape)
    Image.fromarray(np.clip(plain + noise, 0, 255).astype(np.uint8)).save(path, **save)
    return path

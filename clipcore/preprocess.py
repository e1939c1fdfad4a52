"""Any Pillow image -> RGB pixels. Needs no torch."""

from __future__ import annotations

import numpy as np
from PIL import Image


def to_rgb(image: Image.Image) -> Image.Image:
    """The image as RGB: transparency over white, 16 bits scaled to 8 (Pillow would clip them)."""
    if image.mode == "RGB":
        return image
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    if image.mode.startswith("I"):
        shallow = np.clip(np.asarray(image, dtype=np.int64) >> 8, 0, 255).astype(np.uint8)
        return Image.fromarray(shallow).convert("RGB")
    if image.mode == "F":
        return _stretched(np.asarray(image)).convert("RGB")
    return image.convert("RGB")


def _stretched(values: np.ndarray) -> Image.Image:
    """A float image on the scale from its least to its greatest finite value."""
    finite = np.where(np.isfinite(values), values, 0)
    low, high = float(finite.min()), float(finite.max())
    scaled = (finite - low) * (255 / (high - low) if high > low else 0)
    return Image.fromarray(scaled.astype(np.uint8))

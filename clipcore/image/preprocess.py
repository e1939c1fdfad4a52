"""Any Pillow image -> the (3, R, R) float32 pixels a checkpoint was trained on.

Equal to the reference transform (torchvision's Resize, CenterCrop, ToTensor, Normalize on a
Pillow image, as openai/CLIP and open_clip compose them), without torch: decoding processes need
none. Knows nothing of files, and turns nothing upright: that is done where the file is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from clipcore.arrays import FloatArray

Triple = tuple[float, float, float]

# Mean and standard deviation of the RGB values in OpenAI's training data (openai/CLIP `clip.py`).
OPENAI_MEAN: Triple = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD: Triple = (0.26862954, 0.26130258, 0.27577711)

INTERPOLATIONS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
RESIZE_MODES = ("shortest", "squash")
STRIP = 50  # times as long as wide


@dataclass(frozen=True)
class PixelFacts:
    """How a checkpoint wants its pixels, but for their number; checked when it is read."""

    mean: Triple = OPENAI_MEAN
    std: Triple = OPENAI_STD
    interpolation: str = "bicubic"
    resize_mode: str = "shortest"


@dataclass(frozen=True)
class Preprocess:
    """Callable: an image of any size and mode -> (3, R, R) float32. Thread-safe.

    `resize_mode` "shortest" scales the short side to R and cuts the middle out; "squash" scales
    both sides to R. Both use Pillow's antialiased filters.
    """

    size_px: int
    facts: PixelFacts = PixelFacts()

    def __call__(self, image: Image.Image) -> FloatArray:
        square = np.asarray(self.square(to_rgb(image)))  # (R, R, 3)
        pixels = np.empty((3, *square.shape[:2]), np.float32)
        for channel, values in enumerate(_values(self.facts)):
            np.take(values, square[:, :, channel], out=pixels[channel], mode="clip")
        return pixels  # (3, R, R)

    def square(self, image: Image.Image) -> Image.Image:
        """The image as the tower sees it, still 8 bits: resized and cut to R x R."""
        size, resample = self.size_px, INTERPOLATIONS[self.facts.interpolation]
        if self.facts.resize_mode == "squash":
            return image.resize((size, size), resample)
        image = _middle_of_strip(image)
        width, height = self._resized(image.width, image.height)
        # Python's round (half to even) and int are torchvision's, to the pixel.
        left, top = round((width - size) / 2), round((height - size) / 2)
        resized = image.resize((width, height), resample)
        return resized.crop((left, top, left + size, top + size))

    def _resized(self, width: int, height: int) -> tuple[int, int]:
        """The short side becomes R, the long side is rounded down, as torchvision does."""
        if width <= height:
            return self.size_px, int(self.size_px * height / width)
        return int(self.size_px * width / height), self.size_px


@lru_cache
def _values(facts: PixelFacts) -> FloatArray:
    """(3, 256): what each of a channel's 256 levels becomes. Looked up, as that is quicker."""
    levels = np.arange(256, dtype=np.float32)[:, None] / np.float32(255)
    mean, std = np.array([facts.mean, facts.std], dtype=np.float32)
    return np.ascontiguousarray(((levels - mean) / std).T)


def _middle_of_strip(image: Image.Image) -> Image.Image:
    """The image itself, or of a strip longer than any photo the part that a cut would leave.

    Resized whole, a strip 1 pixel wide and 20,000 long would take 3 GB for R = 224.
    """
    width, height = image.size
    reach = STRIP * min(width, height)
    if max(width, height) <= reach:
        return image
    left, top = max(0, (width - reach) // 2), max(0, (height - reach) // 2)
    return image.crop((left, top, min(width, left + reach), min(height, top + reach)))


def to_rgb(image: Image.Image) -> Image.Image:
    """The image as RGB: transparency over white, deep values scaled to 8 bits.

    16 bits keep the upper 8. Of whole numbers of 32 bits and of floats nothing says what is white:
    they lie between the least and the greatest of the image.
    """
    if image.mode.startswith("I;16"):
        return _upper_bits(image).convert("RGB")
    if image.mode in ("I", "F"):
        return _stretched(np.asarray(image)).convert("RGB")
    if image.mode == "La":
        image = image.convert("LA")  # Pillow converts it to nothing else
    if image.has_transparency_data:  # an RGB image too may name one colour as clear
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _upper_bits(image: Image.Image) -> Image.Image:
    """A grey image of 16 bits as one of 8, the level that it names as clear as white."""
    values = np.asarray(image)
    shallow = (values >> 8).astype(np.uint8)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        shallow[values == clear] = 255
    return Image.fromarray(shallow)


def _stretched(values: npt.NDArray[np.generic]) -> Image.Image:
    """Numbers on the scale from the least to the greatest finite one."""
    finite = np.where(np.isfinite(values), values, 0)
    low, high = float(finite.min()), float(finite.max())
    scaled = (finite - low) * (255 / (high - low) if high > low else 0)
    return Image.fromarray(scaled.astype(np.uint8))

"""Of an animation whose first frame shows next to nothing, a frame that shows more.

Looks at some few frames, ever further apart, and at no more pixels than a large photo has; in a
process of its own, as a later frame may claim any size.
"""

from __future__ import annotations

import logging
from typing import Final

from PIL import Image
from PIL.ImageFile import ImageFile

from clipcore.image.preprocess import to_rgb
from indexer.errors import Undecodable
from indexer.imaging.isolation import Limits, run_isolated
from indexer.imaging.opening import opened

log = logging.getLogger(__name__)

ANIMATED: Final = frozenset(("GIF", "PNG", "WEBP", "AVIF"))
# bits of information in the greys of a frame: 0 of one colour, some 7 of a photo
DULL: Final = 2.5
RICHER: Final = 1.0  # by so many, or the first frame stays
SIDE_PX: Final = 64
PIXELS: Final = 100_000_000  # decoded in search of it, which is about a second
FRAMES: Final = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610)
LIMITS: Final = Limits(seconds=20, memory_bytes=2**30)


def telling_frame(image: ImageFile, first: Image.Image, data: bytes) -> Image.Image:
    """`first`, the frame of `image` that is loaded, as RGB; or the one that shows the most."""
    if image.format not in ANIMATED or not getattr(image, "is_animated", False):
        return first
    least = _information(first)
    if least >= DULL:
        return first
    try:
        best = run_isolated(LIMITS, _richest, data, image.tell(), least + RICHER)
    except (Undecodable, Image.DecompressionBombError) as error:
        log.debug("the first frame of an animation stays: %s", error)
        return first
    if best is None or best.size != first.size:
        return first
    best.info = first.info
    return best


def _richest(data: bytes, start: int, most: float) -> Image.Image | None:
    """The frame with the most information after `start`; None where none has more than `most`."""
    Image.MAX_IMAGE_PIXELS = PIXELS
    best = None
    with opened(data) as image:
        for number in FRAMES:
            if number * image.width * image.height > PIXELS:
                break
            try:
                image.seek(start + number)
                frame = to_rgb(image)
            except Exception as error:  # noqa: BLE001 - no more frames, or a damaged one
                log.debug("no frame %d: %s", number, error)
                break
            if (found := _information(frame)) > most:
                best, most = frame.copy(), found
    return best


def _information(frame: Image.Image) -> float:
    small = frame.convert("L")
    small.thumbnail((SIDE_PX, SIDE_PX))
    return small.entropy()

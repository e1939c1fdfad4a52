"""A few frames of a film, decoded in another process: for its cover, and to search by the film."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image

from indexer.errors import Undecodable
from indexer.formats import Format
from indexer.imaging.film import (
    ALL_EMPTY,
    NOTHING_DECODED,
    NoSeeking,
    frames_at,
    frames_in_order,
    read_film,
)
from indexer.imaging.isolation import Limits, run_isolated
from indexer.imaging.opening import require_reader

LIMITS: Final = Limits(seconds=20)
EVERY: Final = 8  # of so many candidates one is looked at


def sample_frames(path: Path, format: Format, image_size_px: int) -> list[Image.Image]:
    """Upright pictures all over the film, none of them empty. Raises Undecodable."""
    require_reader(format)
    moments_s = run_isolated(LIMITS, read_film, str(path), format.name).moments_s
    try:
        chosen = moments_s[:: max(1, min(EVERY, len(moments_s) // EVERY))]
        found = run_isolated(LIMITS, frames_at, str(path), chosen, image_size_px)
    except NoSeeking:
        found, _ = run_isolated(LIMITS, frames_in_order, str(path), image_size_px)
    images = [frame.image for frame in found.frames if not frame.is_empty]
    if not images:
        raise Undecodable(ALL_EMPTY if found.frames else NOTHING_DECODED)
    return images

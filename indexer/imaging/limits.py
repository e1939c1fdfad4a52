"""The most pixels that are decoded."""

from __future__ import annotations

from typing import Final

from clipcore.messages import N_
from indexer.errors import Undecodable

PIXEL_LIMIT: Final = 300_000_000  # a 300-megapixel panorama takes 0.9 GB as RGB


def refuse_bomb(size: tuple[int, int]) -> None:
    """Raises Undecodable where an image of this size is empty, or larger than any photo."""
    width, height = size
    if width * height == 0:
        raise Undecodable(N_("the image has no pixels"))
    if width * height > PIXEL_LIMIT:
        raise Undecodable(
            N_("{width} x {height} pixels are more than the limit of {limit} million"),
            width=width,
            height=height,
            limit=PIXEL_LIMIT // 10**6,
        )

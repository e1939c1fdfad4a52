"""A photo for a screen: the file itself where a browser shows it as it is, else a smaller JPEG.

Decodes only what it must. Knows nothing of the page.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from indexer.errors import Undecodable
from indexer.imaging.decode import decode_upright, decoded_bytes
from indexer.imaging.memory_budget import room_on_demand
from indexer.imaging.unreadable_kinds import NOT_A_PICTURE
from indexer.records.photos import FileStat, Photo
from indexer.sources.originals import read_original
from indexer.sources.reading import file_stat

MIMES: Final = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
}
QUALITY: Final = 88
# A JPEG of 1600 pixels and this quality rarely has more; a file within both limits is not decoded.
AS_IT_IS_BYTES: Final = 1_000_000
AS_IT_IS_SCALE: Final = 1.5


def large_picture(photo: Photo, max_side_px: int) -> tuple[str, Path | bytes]:
    """The MIME type, and the photo's own file or an upright JPEG of at most `max_side_px`.

    Raises Undecodable or OSError.
    """
    path = photo.path
    if photo.facts.is_film:
        raise Undecodable(NOT_A_PICTURE)
    if isinstance(path, Path) and _serves_as_it_is(photo, file_stat(path), max_side_px):
        return MIMES[photo.facts.format], path
    data = read_original(path)
    with room_on_demand().of(len(data) + decoded_bytes(data)):
        image = decode_upright(data, max_side_px)
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=QUALITY, icc_profile=image.info.get("icc_profile"))
    return MIMES["JPEG"], jpeg.getvalue()


def _serves_as_it_is(photo: Photo, stat: FileStat, max_side_px: int) -> bool:
    """Whether these are the bytes that were decoded once, of a kind and size to show as they are.

    Every browser turns a JPEG upright; of the other formats not every one.
    """
    facts = photo.facts
    return (
        stat == FileStat(photo.size_bytes, photo.mtime_ns)
        and facts.format in MIMES
        and (facts.format == "JPEG" or facts.orientation == 1)
        and stat.size_bytes <= AS_IT_IS_BYTES
        and max(facts.width_px, facts.height_px) <= AS_IT_IS_SCALE * max_side_px
    )

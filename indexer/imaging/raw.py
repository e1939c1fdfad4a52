"""A camera's RAW file -> its picture, upright, and its facts.

The JPEG that the camera put into the file serves where it is large enough; else the sensor's
pixels are developed at half their size. Knows LibRaw, which may crash: callers isolate it.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

import rawpy
from PIL import Image
from PIL.ImageFile import ImageFile

from indexer.imaging.colours import load_rgb
from indexer.imaging.exif import facts_of
from indexer.imaging.limits import refuse_bomb
from indexer.imaging.raw_exif import raw_directories
from indexer.imaging.turning import turned
from indexer.records.photos import Facts

log = logging.getLogger(__name__)

Size = tuple[int, int]
ORIENTATIONS: Final = {0: 1, 3: 3, 5: 8, 6: 6}  # LibRaw's flip as EXIF has it


def read_raw(
    data: bytes, name: str, draft_size: Callable[[Size], Size]
) -> tuple[Image.Image, Facts]:
    """An RGB image at least as large as `draft_size` of the photo's size asks for, and the facts.

    Where the file has no picture so large, it has the size that there is.
    """
    with rawpy.imread(io.BytesIO(data)) as raw:
        stored = raw.sizes.width, raw.sizes.height
        refuse_bomb(stored)
        orientation = ORIENTATIONS.get(raw.sizes.flip, 1)
        preview = _preview(raw)
        needed_px = min(max(draft_size(stored)), max(stored) // 2)
        picture = _picture(raw, preview, draft_size, needed_px)
        facts = facts_of(raw_directories(data, preview), stored, name, orientation)
        return picture, facts if facts.lens else replace(facts, lens=_lens(raw))


def _lens(raw: rawpy.RawPy) -> str | None:
    """That of the maker's own tags. LibRaw unpacks the sensor's pixels before it tells."""
    try:
        return raw.lens.model.strip() or None
    except rawpy.LibRawError as error:
        log.debug("the lens is not known: %s", error)
        return None


def _picture(
    raw: rawpy.RawPy,
    preview: bytes | Image.Image | None,
    draft_size: Callable[[Size], Size],
    needed_px: int,
) -> Image.Image:
    """The preview where it serves, else half the pixels, else the preview as it is."""
    small = None
    if preview is not None:
        with suppress(Exception):  # a preview that is damaged is none
            small = _loaded(preview, draft_size)
    if small is not None and max(small.size) >= needed_px:
        return _upright(small, raw.sizes)
    try:
        pixels = raw.postprocess(half_size=True, use_camera_wb=True, output_bps=8)
    except rawpy.LibRawError as error:
        if small is None:
            raise
        log.debug("only the preview can be read: %s", error)
        return _upright(small, raw.sizes)
    return Image.fromarray(pixels)


def _preview(raw: rawpy.RawPy) -> bytes | Image.Image | None:
    """The largest picture in the file that is no RAW: a JPEG, or pixels."""
    try:
        found = raw.extract_thumb()
    except rawpy.LibRawError:  # there is none, or none that is understood
        return None
    if isinstance(found.data, bytes):
        return found.data if found.format == rawpy.ThumbFormat.JPEG else None
    with suppress(ValueError, TypeError):
        return Image.fromarray(found.data).convert("RGB")
    return None


def _loaded(preview: bytes | Image.Image, draft_size: Callable[[Size], Size]) -> Image.Image:
    if isinstance(preview, Image.Image):
        return preview
    with Image.open(io.BytesIO(preview), formats=("JPEG",)) as image:
        assert isinstance(image, ImageFile)
        image.draft("RGB", draft_size(image.size))
        return load_rgb(image, preview)


def _upright(preview: Image.Image, sizes: rawpy.ImageSizes) -> Image.Image:
    """Turned as the RAW file says: some cameras have turned the preview already."""
    is_sideways = sizes.flip in (5, 6)
    is_turned = is_sideways and (preview.width < preview.height) != (sizes.width < sizes.height)
    return preview if is_turned else turned(preview, ORIENTATIONS.get(sizes.flip, 1))

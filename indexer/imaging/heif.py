"""Loads the pixels of a HEIC photo: of a phone's tiles in half the time, where FFmpeg is installed.

The tiles are decoded by FFmpeg, put together as luma and chroma, made smaller, and only then
turned into RGB. All other files, and those on which this fails, are loaded by libheif.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.ImageFile import ImageFile

from indexer.imaging.colours import load_rgb
from indexer.imaging.heif_tiles import Grid, NotPlain, grid_of

log = logging.getLogger(__name__)

Plane = npt.NDArray[np.uint8]
TURNS = (None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
FULL_RANGE = "yuvj420p"
BT601 = frozenset((2, 5, 6))  # AVColorSpace; 2: nothing is said


def load_heif(image: ImageFile, data: bytes, least: tuple[int, int]) -> Image.Image:
    """The opened photo as RGB, made smaller as far as no side is below the `least`."""
    try:
        rgb = _from_tiles(grid_of(data), data, least)
    except (NotPlain, ImportError) as error:
        log.debug("left to libheif: %s", error)
        return load_rgb(image, data)
    profile = image.info.get("icc_profile")
    rgb.info = {"icc_profile": profile} if profile else {}
    return rgb


def _from_tiles(grid: Grid, data: bytes, least: tuple[int, int]) -> Image.Image:
    luma, *chroma = _planes(grid, data)
    factor = _factor(grid, least)
    brightness = Image.fromarray(luma).reduce(factor)
    colours = (Image.fromarray(plane) for plane in chroma)
    smaller = (plane.reduce(max(1, factor // 2)) for plane in colours)
    planes = [
        plane if plane.size == brightness.size else plane.resize(brightness.size)
        for plane in smaller
    ]
    rgb = Image.merge("YCbCr", (brightness, *planes)).convert("RGB")
    turn = TURNS[grid.quarter_turns]
    return rgb if turn is None else rgb.transpose(turn)


def _factor(grid: Grid, least: tuple[int, int]) -> int:
    """An even one, as chroma has half the luma's size; or 1."""
    wanted = least[::-1] if grid.quarter_turns % 2 else least
    factor = min(
        side // max(1, side_least) for side, side_least in zip(grid.size, wanted, strict=True)
    )
    return factor // 2 * 2 or 1


def _planes(grid: Grid, data: bytes) -> list[Plane]:
    """Luma and both chromas of the photo, without what its tiles have beyond it."""
    (width, height), (across, down) = grid.size, grid.tile_size
    rows = len(grid.tiles) // grid.columns
    planes = [
        np.empty((rows * down // half, grid.columns * across // half), np.uint8)
        for half in (1, 2, 2)
    ]
    for number, frame in enumerate(_frames(grid, data)):
        row, column = divmod(number, grid.columns)
        for plane, part, half in zip(planes, frame.planes, (1, 2, 2), strict=True):
            tall, wide = down // half, across // half
            lines = np.frombuffer(part, np.uint8).reshape(-1, part.line_size)
            pixels = lines[:tall, :wide]
            plane[row * tall : (row + 1) * tall, column * wide : (column + 1) * wide] = pixels
    return [
        np.ascontiguousarray(plane[: -(-height // half), : -(-width // half)])
        for plane, half in zip(planes, (1, 2, 2), strict=True)
    ]


def _frames(grid: Grid, data: bytes) -> list[Any]:
    """The decoded tiles, in their order. Raises NotPlain where they are not as expected."""
    import av

    decoder: Any = av.CodecContext.create("hevc", "r")
    decoder.extradata = grid.config
    decoder.thread_count = 1  # photos are decoded side by side
    decoder.options = {"err_detect": "explode"}  # libheif then says what is wrong
    frames: list[Any] = []
    try:
        for start, end in grid.tiles:
            frames += decoder.decode(av.Packet(data[start:end]))
        frames += decoder.decode(None)
    except av.FFmpegError as error:
        raise NotPlain(str(error)) from error
    if len(frames) != len(grid.tiles) or not all(_is_plain(frame, grid) for frame in frames):
        raise NotPlain("tiles of another size or colour")
    return frames


def _is_plain(frame: Any, grid: Grid) -> bool:
    size = frame.width, frame.height
    return (
        size == grid.tile_size
        and not frame.is_corrupt
        and frame.format.name == FULL_RANGE
        and int(frame.colorspace) in BT601
        and not any(side % 2 for side in size)
    )

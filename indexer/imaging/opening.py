"""The bytes of a file -> an opened picture, by the plugin that the table of formats names.

Knows nothing of colours, facts or thumbnails.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Final

from PIL import Image, features
from PIL.ImageFile import ImageFile

from clipcore.messages import N_
from indexer.errors import Undecodable
from indexer.formats import FORMATS, Format, Kind, format_of
from indexer.imaging.bmp_masks import with_plain_channels
from indexer.imaging.colours import read_more_tiffs
from indexer.imaging.exif_blocks import exif_block
from indexer.imaging.jxl import jxl_size, register_jxl
from indexer.imaging.limits import refuse_bomb
from indexer.imaging.unreadable_kinds import NOT_A_PICTURE
from indexer.packages import is_installed, package_needed

AVIF: Final = "AVIF"  # where Pillow was built with it, as its wheels are since 11.3
JXL: Final = "JXL"


@contextmanager
def opened(data: bytes) -> Iterator[ImageFile]:
    """The picture, not yet loaded. Raises Undecodable where its reader is not installed."""
    format = format_of(data)
    names = _without_plugin()
    if format and format.kind is Kind.FILM:
        raise Undecodable(NOT_A_PICTURE)
    if format and format.name == AVIF and AVIF not in names:
        raise Undecodable(N_("an AVIF photo: pip install --upgrade pillow"))
    if format and format.is_read and format.package:
        require_reader(format)
        if format.name == JXL and (size := jxl_size(data)):
            refuse_bomb(size)
        _register(format.package)
        names = (format.name,)
    with Image.open(io.BytesIO(with_plain_channels(data)), formats=names) as image:
        assert isinstance(image, ImageFile)
        if block := exif_block(image, data):
            image.info["exif"] = block
        yield image


def require_reader(format: Format) -> None:
    """Raises Undecodable where the package that reads the format is not installed."""
    if not is_installed(format.package):
        raise Undecodable(package_needed(format))


@cache
def _without_plugin() -> tuple[str, ...]:
    """The formats that Pillow opens here by itself."""
    read_more_tiffs()
    names = (
        format.name
        for format in FORMATS
        if format.is_read and format.kind is Kind.STILL and format.package is None
    )
    return tuple(name for name in names if name != AVIF or features.check("avif"))


@cache
def _register(package: str) -> None:
    PLUGINS[package]()


def _register_heif() -> None:
    from pillow_heif import register_heif_opener

    register_heif_opener()


PLUGINS: Final[Mapping[str, Callable[[], None]]] = {
    "pillow_heif": _register_heif,
    "pillow_jxl": register_jxl,
}

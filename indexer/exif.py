"""Facts from an image's header and its EXIF.

EXIF in the wild is full of garbage: each fact is read by itself, and one that cannot be
understood is simply not known. Tag numbers are those of the Exif 2.32 standard.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar

from PIL import ExifTags, Image

from indexer.records import Facts

log = logging.getLogger(__name__)

ORIENTATION_TAG: Final = ExifTags.Base.Orientation
SIDEWAYS: Final = frozenset((5, 6, 7, 8))
TEXT_CHARACTERS: Final = 200  # names of cameras and lenses have some 50
OFFSET: Final = re.compile(r"([+-])(0\d|1[0-4]):([0-5]\d)")

Tags = Mapping[int, Any]
T = TypeVar("T")


def read_facts(image: Image.Image, stored_size: tuple[int, int]) -> Facts:
    """The facts of a loaded image; `stored_size` is the one it had before a draft made it less."""
    base, exif, gps = _tags(image)
    orientation = _orientation(base)
    width, height = stored_size
    if orientation in SIDEWAYS:
        width, height = height, width
    return Facts(
        width_px=width,
        height_px=height,
        format="JPEG" if image.format == "MPO" else image.format or "",
        orientation=orientation,
        taken_at=_known(lambda: _taken_at(base, exif)),
        taken_offset_min=_known(lambda: _offset_min(exif)),
        camera=_known(lambda: _camera(base)),
        lens=_known(lambda: _text(exif[ExifTags.Base.LensModel])),
        exposure_s=_known(lambda: _positive(exif[ExifTags.Base.ExposureTime])),
        f_number=_known(lambda: _positive(exif[ExifTags.Base.FNumber])),
        iso=_known(lambda: _iso(exif)),
        focal_mm=_known(lambda: _positive(exif[ExifTags.Base.FocalLength])),
        latitude_deg=_known(lambda: _degrees(gps, 2, "NS", 90)),
        longitude_deg=_known(lambda: _degrees(gps, 4, "EW", 180)),
    )


def _tags(image: Image.Image) -> tuple[Tags, Tags, Tags]:
    """The base, Exif and GPS directories, each empty where it cannot be read."""

    read = _known(image.getexif)
    if read is None:
        return {}, {}, {}
    base = _known(lambda: dict(read))
    exif = _known(lambda: dict(read.get_ifd(ExifTags.IFD.Exif)))
    gps = _known(lambda: dict(read.get_ifd(ExifTags.IFD.GPSInfo)))
    return base or {}, exif or {}, gps or {}


def _known(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except KeyError:
        return None
    except Exception as error:  # noqa: BLE001 - garbage in EXIF makes its parser raise anything
        log.debug("EXIF not understood: %r", error)
        return None


def _orientation(base: Tags) -> int:
    value = base.get(ORIENTATION_TAG)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _text(value: object) -> str | None:
    """A text up to its NUL, on one line, not at any length; some writers give bytes."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return " ".join(text.partition("\0")[0].split())[:TEXT_CHARACTERS].rstrip() or None


def _camera(base: Tags) -> str | None:
    """Maker and model; makers that repeat their name in the model are named once."""
    make = _text(base.get(ExifTags.Base.Make, "")) or ""
    model = _text(base.get(ExifTags.Base.Model, "")) or ""
    if make and model.lower().startswith(make.split()[0].lower()):
        return model
    return f"{make} {model}".strip()[:TEXT_CHARACTERS] or None


def _taken_at(base: Tags, exif: Tags) -> datetime | None:
    for tags, tag in (
        (exif, ExifTags.Base.DateTimeOriginal),
        (exif, ExifTags.Base.DateTimeDigitized),
        (base, ExifTags.Base.DateTime),
    ):
        if taken := _known(partial(_moment, tags, tag)):
            return taken
    return None


def _moment(tags: Tags, tag: int) -> datetime:
    return datetime.strptime((_text(tags[tag]) or "")[:19], "%Y:%m:%d %H:%M:%S")


def _offset_min(exif: Tags) -> int | None:
    match = OFFSET.fullmatch(_text(exif[ExifTags.Base.OffsetTimeOriginal]) or "")
    if not match:
        return None
    sign, hours, minutes = match.groups()
    return int(f"{sign}1") * (60 * int(hours) + int(minutes))


def _positive(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) and number > 0 else None


def _iso(exif: Tags) -> int | None:
    value = exif[ExifTags.Base.ISOSpeedRatings]
    number = int(value[0] if isinstance(value, tuple) else value)
    return number if 0 < number < 2**31 else None


def _degrees(gps: Tags, tag: int, hemispheres: str, limit: int) -> float | None:
    """GPS tags come in pairs: the hemisphere under n - 1, degrees, minutes and seconds under n.

    `hemispheres`: the letter of the positive one, then that of the negative one.
    """
    degrees, minutes, seconds = (float(part) for part in gps[tag])
    value = degrees + minutes / 60 + seconds / 3600
    hemisphere = (_text(gps[tag - 1]) or "").upper()
    if not 0 <= value <= limit or hemisphere not in tuple(hemispheres):  # NaN is not <= either
        return None
    return -value if hemisphere == hemispheres[1] else value

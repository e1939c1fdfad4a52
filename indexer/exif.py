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
from typing import Any, Final, TypeVar

from PIL import ExifTags, Image

from indexer.records import Facts

log = logging.getLogger(__name__)

ORIENTATION_TAG: Final = ExifTags.Base.Orientation
SIDEWAYS: Final = frozenset((5, 6, 7, 8))
OFFSET: Final = re.compile(r"([+-])(\d\d):(\d\d)")

Tags = Mapping[int, Any]
T = TypeVar("T")


def read_facts(image: Image.Image) -> Facts:
    """The facts of an opened image; its pixels are not touched."""
    base, exif, gps = _tags(image)
    orientation = _orientation(base)
    width, height = image.size
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
        latitude_deg=_known(lambda: _degrees(gps, 2, "S", 90)),
        longitude_deg=_known(lambda: _degrees(gps, 4, "W", 180)),
    )


def _tags(image: Image.Image) -> tuple[Tags, Tags, Tags]:
    """The base, Exif and GPS directories, each empty where it cannot be read."""

    base = _known(image.getexif)
    if base is None:
        return {}, {}, {}
    exif = _known(lambda: dict(base.get_ifd(ExifTags.IFD.Exif)))
    gps = _known(lambda: dict(base.get_ifd(ExifTags.IFD.GPSInfo)))
    return dict(base), exif or {}, gps or {}


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
    return str(value).replace("\0", "").strip() or None


def _camera(base: Tags) -> str | None:
    """Maker and model; makers that repeat their name in the model are named once."""
    make = _text(base.get(ExifTags.Base.Make, "")) or ""
    model = _text(base.get(ExifTags.Base.Model, "")) or ""
    if make and model.lower().startswith(make.split()[0].lower()):
        return model
    return f"{make} {model}".strip() or None


def _taken_at(base: Tags, exif: Tags) -> datetime | None:
    for tags, tag in (
        (exif, ExifTags.Base.DateTimeOriginal),
        (exif, ExifTags.Base.DateTimeDigitized),
        (base, ExifTags.Base.DateTime),
    ):
        value = _text(tags.get(tag, ""))
        if value and not value.startswith("0000"):
            return datetime.strptime(value[:19], "%Y:%m:%d %H:%M:%S")
    return None


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


def _degrees(gps: Tags, tag: int, negative: str, limit: int) -> float | None:
    """GPS tags come in pairs: the hemisphere under n - 1, degrees, minutes and seconds under n."""
    degrees, minutes, seconds = (float(part) for part in gps[tag])
    value = degrees + minutes / 60 + seconds / 3600
    if not value <= limit:
        return None
    return -value if str(gps[tag - 1]).strip("\0 ").upper() == negative else value

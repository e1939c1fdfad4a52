"""Facts from an image's header and its EXIF.

EXIF in the wild is full of garbage: each fact is read by itself, and one that cannot be
understood is simply not known. Tag numbers are those of the Exif 2.32 standard. Whoever changes
what is read here raises FACTS_VERSION.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from PIL import ExifTags, Image

from indexer.imaging.apple_note import content_identifier
from indexer.query.filter_values import FIRST_YEAR
from indexer.records.photos import Facts

log = logging.getLogger(__name__)

ORIENTATION_TAG: Final = ExifTags.Base.Orientation
SIDEWAYS: Final = frozenset((5, 6, 7, 8))
TEXT_CHARACTERS: Final = 200  # names of cameras and lenses have some 50
XMP_KEYS: Final = ("xmp", "XML:com.adobe.xmp")  # of an image's info
DAY: Final = re.compile(r"(\d{4})[:/.-] ?(\d{1,2})[:/.-] ?(\d{1,2})(?!\d)")
TIME: Final = re.compile(
    r"[ T]*(\d{1,2}): ?(\d{1,2})(?:: ?(\d{1,2})(?:[.,]\d*)?)? *(?:Z|[+-]\d{1,2}:?\d{2})?"
)
OFFSET: Final = re.compile(r"([+-])(0\d|1[0-4]):([0-5]\d)")

Tags = Mapping[int, Any]
T = TypeVar("T")


class Directories(NamedTuple):
    """EXIF's directories; each is empty where it is missing or cannot be read."""

    base: Tags = MappingProxyType({})
    exif: Tags = MappingProxyType({})
    gps: Tags = MappingProxyType({})


def read_facts(image: Image.Image, stored_size: tuple[int, int]) -> Facts:
    """The facts of a loaded image; `stored_size` is the one it had before a draft made it less."""
    found = exif_directories(image.getexif)
    ignored = _is_from_xmp(image, found.base) or _is_upright(image)
    orientation = 1 if ignored else _orientation(found.base)
    name = "JPEG" if image.format == "MPO" else image.format or ""
    return facts_of(found, stored_size, name, orientation)


def facts_of(
    found: Directories, stored_size: tuple[int, int], name: str, orientation: int
) -> Facts:
    """The facts in EXIF's directories, of a picture of that size, format and orientation."""
    base, exif, gps = found
    width, height = stored_size
    if orientation in SIDEWAYS:
        width, height = height, width
    latitude_deg, longitude_deg = _position(gps)
    return Facts(
        width_px=width,
        height_px=height,
        format=name,
        orientation=orientation,
        taken_at=_known(lambda: _taken_at(base, exif)),
        taken_offset_min=_known(lambda: _offset_min(exif)),
        camera=_known(lambda: _camera(base)),
        lens=_known(lambda: _text(exif[ExifTags.Base.LensModel])),
        exposure_s=_known(lambda: _positive(exif[ExifTags.Base.ExposureTime])),
        f_number=_known(lambda: _positive(exif[ExifTags.Base.FNumber])),
        iso=_known(lambda: _iso(exif)),
        focal_mm=_known(lambda: _positive(exif[ExifTags.Base.FocalLength])),
        latitude_deg=latitude_deg,
        longitude_deg=longitude_deg,
        live_id=_known(lambda: content_identifier(exif[ExifTags.Base.MakerNote])),
    )


def exif_directories(read: Callable[[], Image.Exif]) -> Directories:
    """Those of the EXIF that `read` reads, whatever it raises."""
    found = _known(read)
    if found is None:
        return Directories()
    base = _known(lambda: dict(found))
    exif = _known(lambda: dict(found.get_ifd(ExifTags.IFD.Exif)))
    gps = _known(lambda: dict(found.get_ifd(ExifTags.IFD.GPSInfo)))
    return Directories(base or {}, exif or {}, gps or {})


def one_directory(data: bytes) -> Tags:
    """The first directory of a small TIFF; empty where it cannot be read."""

    def read() -> Tags:
        exif = Image.Exif()
        exif.load(data)
        return dict(exif)

    return _known(read) or {}


def _known(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except KeyError:
        return None
    except Exception as error:  # noqa: BLE001 - garbage in EXIF makes its parser raise anything
        log.debug("EXIF not understood: %r", error)
        return None


def _is_from_xmp(image: Image.Image, base: Tags) -> bool:
    """Whether an orientation stands in XMP alone: Pillow reads that too, no browser does."""
    if ORIENTATION_TAG not in base or not any(key in image.info for key in XMP_KEYS):
        return False
    exif = Image.Exif()
    _known(lambda: exif.load(image.info.get("exif") or b""))
    return ORIENTATION_TAG not in exif


def _is_upright(image: Image.Image) -> bool:
    """Whether a decoder has turned it: that of JPEG XL does, but where it gives back a JPEG."""
    return image.format == "JXL" and not getattr(image, "jpeg", False)


def _orientation(base: Tags) -> int:
    value = base.get(ORIENTATION_TAG)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _text(value: object) -> str | None:
    """A text up to its NUL, on one line, not at any length; some writers give bytes."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return " ".join(text.partition("\0")[0].split())[:TEXT_CHARACTERS].rstrip() or None


def _camera(base: Tags) -> str | None:
    return camera_name(base.get(ExifTags.Base.Make, ""), base.get(ExifTags.Base.Model, ""))


def camera_name(make_text: object, model_text: object) -> str | None:
    """Maker and model; makers that repeat their name in the model are named once."""
    make, model = _text(make_text) or "", _text(model_text) or ""
    if make and model.lower().startswith(make.split()[0].lower()):
        return model
    return f"{make} {model}".strip()[:TEXT_CHARACTERS] or None


def _taken_at(base: Tags, exif: Tags) -> datetime | None:
    """When it was taken, or else digitized.

    The time of the last change counts only where the file has neither of them, odd or not.
    """
    tags = (ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized)
    if any(tag in exif for tag in tags):
        dates = (_moment(_text(exif[tag])) for tag in tags if tag in exif)
        return next(filter(None, dates), None)
    return _moment(_text(base[ExifTags.Base.DateTime]))


def _moment(text: str | None) -> datetime | None:
    """Day and time; midnight where the time is missing or none; None where the day is none."""
    day = DAY.match(text or "")
    if text is None or day is None:
        return None
    year, month, date = map(int, day.groups())
    if not FIRST_YEAR <= year <= datetime.now().year + 1:
        return None
    midnight = _known(lambda: datetime(year, month, date))
    time = TIME.fullmatch(text, day.end())
    if midnight is None or time is None:
        return midnight
    hour, minute, second = (int(part or 0) for part in time.groups())
    return _known(lambda: midnight.replace(hour=hour, minute=minute, second=second)) or midnight


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


def _position(gps: Tags) -> tuple[float | None, float | None]:
    """Latitude and longitude, both or neither.

    Cameras without a fix write 0 for both: there, in the Gulf of Guinea, is a buoy.
    """
    latitude = _known(lambda: _degrees(gps, 2, "NS", 90))
    longitude = _known(lambda: _degrees(gps, 4, "EW", 180))
    if latitude is None or longitude is None or latitude == longitude == 0:
        return None, None
    return latitude, longitude


def _degrees(gps: Tags, tag: int, hemispheres: str, limit: int) -> float | None:
    """GPS tags come in pairs: the hemisphere under n - 1, degrees, minutes and seconds under n.

    `hemispheres`: the letter of the positive one, then that of the negative one.
    """
    degrees, minutes, seconds = (float(part) for part in gps[tag])
    if math.isnan(seconds):  # 0/0: the minutes have decimals, or the seconds are not known
        seconds = 0
    value = degrees + minutes / 60 + seconds / 3600
    hemisphere = (_text(gps[tag - 1]) or "").upper()
    if not 0 <= value <= limit or hemisphere not in tuple(hemispheres):  # NaN is not <= either
        return None
    return -value if hemisphere == hemispheres[1] else value

"""Facts of a film from what its container says of itself: when, where and with what it was taken.

Containers hold other people's text: each fact is read by itself, and one that cannot be understood
is not known. Knows nothing of the pictures.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from indexer.imaging.exif import camera_name

# QuickTime File Format: metadata keys of Apple, of Android, and the older atoms of user data
TAKEN: Final = ("com.apple.quicktime.creationdate", "date_recorded", "date", "creation_time")
PLACES: Final = ("com.apple.quicktime.location.iso6709", "location", "location-eng", "xyz")
CONTENT_IDENTIFIER: Final = "com.apple.quicktime.content.identifier"
MAKES: Final = ("com.apple.quicktime.make", "com.android.manufacturer", "make")
MODELS: Final = ("com.apple.quicktime.model", "com.android.model", "model")
OFFSET_WITHOUT_COLON: Final = re.compile(r"([+-]\d\d)(\d\d)$")
# ISO 6709: degrees, or degrees and minutes, or degrees, minutes and seconds, as the digits tell
POINT: Final = re.compile(r"([+-]\d{2,6}(?:\.\d+)?)([+-]\d{3,7}(?:\.\d+)?)")

FIRST_SOUND: Final = 1970  # QuickTime counts from 1904, others from here

Tags = Mapping[str, str]


def lower_cased(tags: Mapping[str, str]) -> Tags:
    """The tags of a container by their names in lower case: writers differ."""
    return {name.lower(): value for name, value in tags.items()}


def taken_at(tags: Tags) -> tuple[datetime | None, int | None]:
    """The local time, and its offset from UTC in minutes.

    A time in UTC, which most cameras write, becomes that of this machine's zone, as the times of
    files do.
    """
    for name in TAKEN:
        moment = _moment(tags.get(name, "").strip())
        if moment is not None:
            offset = moment.utcoffset()
            minutes = None if offset is None else int(offset.total_seconds() // 60)
            return moment.replace(tzinfo=None, microsecond=0), minutes
    return None, None


def _moment(text: str) -> datetime | None:
    """None of a year alone, and of the years from which clocks count that were never set."""
    if len(text) < len("2019-06-30"):
        return None
    try:
        moment = datetime.fromisoformat(OFFSET_WITHOUT_COLON.sub(r"\1:\2", text))
        if text.endswith("Z"):
            moment = moment.astimezone()
    except (ValueError, OverflowError):
        return None
    return moment if FIRST_SOUND < moment.year <= datetime.now().year + 1 else None


def position(tags: Tags) -> tuple[float | None, float | None]:
    """Latitude and longitude, both or neither. 0, 0 is written where there was no fix."""
    for name in PLACES:
        point = POINT.match(tags.get(name, ""))
        if point is None:
            continue
        latitude, longitude = _degrees(point[1], 2), _degrees(point[2], 3)
        if abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude, longitude) != (0, 0):
            return latitude, longitude
    return None, None


def _degrees(text: str, digits: int) -> float:
    """`digits`: how many of them are the degrees; each further pair is minutes, then seconds."""
    whole, _, decimals = text[1:].partition(".")
    parts = [whole[:digits], *re.findall("..", whole[digits:])]
    numbers = [float(part) for part in parts]
    numbers[-1] += float(f"0.{decimals or 0}")
    value = sum(number / 60**place for place, number in enumerate(numbers))
    return math.copysign(value, -1 if text[0] == "-" else 1)


def live_id(tags: Tags) -> str | None:
    """Apple's id of the Live Photo that the film belongs to."""
    return tags.get(CONTENT_IDENTIFIER, "").strip() or None


def camera(tags: Tags) -> str | None:
    """Maker and model."""
    make, model = (
        next((tags[name] for name in names if tags.get(name)), "") for names in (MAKES, MODELS)
    )
    return camera_name(make, model)

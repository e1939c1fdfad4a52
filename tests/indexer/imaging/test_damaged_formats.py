"""A damaged file of any format is read, or recorded with a reason: no crash, no hang."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from itertools import cycle, islice

import pytest
from PIL import Image

from indexer.errors import Undecodable
from indexer.imaging.decode import decode, decoded_size, read_facts_alone
from tests.damage import OF_ANY_FORMAT
from tests.indexer.imaging.test_decode import encoded, scene
from tests.raw_photos import dng
from tests.still_files import NAMES, still

FEW, MANY = len(OF_ANY_FORMAT), 200


def animated(kind: str) -> bytes:
    buffer = io.BytesIO()
    others = [scene(), scene(), Image.effect_noise((120, 80), 90).convert("RGB")]
    Image.new("RGB", (120, 80)).save(buffer, kind, save_all=True, append_images=others)
    return buffer.getvalue()


WHOLE: dict[str, Callable[[], bytes]] = {
    **{name: lambda name=name: still(scene(), name) for name in NAMES},  # type: ignore[misc]
    "AVIF": lambda: encoded(scene(), "AVIF"),
    "HEIF": lambda: encoded(scene(), "HEIF"),
    "HEIF in tiles": lambda: encoded(scene(300, 200), "HEIF", tile_size=128),
    "animated GIF": lambda: animated("GIF"),
    "animated WebP": lambda: animated("WEBP"),
    "animated PNG": lambda: animated("PNG"),
    "animated AVIF": lambda: animated("AVIF"),
    "RAW": lambda: dng(scene(240, 160)),
    "RAW with a preview": lambda: dng(scene(240, 160), preview=scene(600, 400)),
    "NEF": lambda: dng(scene(240, 160), preview=scene(), make=b"NIKON CORPORATION"),
}


def outcomes(name: str, count: int) -> list[str]:
    """Of so many damaged files of a format each one's reason, or "" where it was read."""
    whole = WHOLE[name]()
    return [
        outcome(kind(whole, random.Random(number)))
        for number, kind in enumerate(islice(cycle(OF_ANY_FORMAT), count))
    ]


def outcome(data: bytes) -> str:
    decoded_size(data)
    try:
        decode(data, 16)
        read_facts_alone(data)
    except Undecodable as error:
        return str(error)
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("name", WHOLE)
def test_a_damaged_file_is_read_or_says_why_not(name: str) -> None:
    assert any(outcomes(name, FEW))


@pytest.mark.long
@pytest.mark.parametrize("name", WHOLE)
def test_however_damaged_a_file_is_read_or_says_why_not(name: str) -> None:
    assert any(outcomes(name, MANY))

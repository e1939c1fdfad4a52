"""The EXIF of RAW files is found wherever their makers keep it."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pytest
from PIL import ExifTags, Image

from indexer.imaging.exif import Directories
from indexer.imaging.raw_exif import raw_directories

MAKE, EXPOSURE, LATITUDE = 271, 33434, 1
BASE, EXIF, GPS = {MAKE: "Maker"}, {EXPOSURE: 0.5}, {LATITUDE: "N"}


def tiff(
    base: Mapping[int, object],
    *,
    exif: Mapping[int, object] | None = None,
    gps: Mapping[int, object] | None = None,
    endian: str = "<",
) -> bytes:
    """A TIFF without pixels."""
    written = Image.Exif()
    written.endian = endian
    written.update(base)
    written.get_ifd(ExifTags.IFD.Exif).update(exif or {})
    written.get_ifd(ExifTags.IFD.GPSInfo).update(gps or {})
    return written.tobytes().removeprefix(b"Exif\0\0")


def jpeg(tags: Mapping[int, object]) -> bytes:
    exif, written = Image.Exif(), io.BytesIO()
    exif.update(tags)
    Image.new("RGB", (16, 16), "grey").save(written, "JPEG", exif=exif)
    return written.getvalue()


def box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


WHOLE, BIG = tiff(BASE, exif=EXIF, gps=GPS), tiff(BASE, exif=EXIF, gps=GPS, endian=">")
MAKERS = {
    "DNG": WHOLE,
    "NEF": BIG,
    "ORF of Olympus": b"IIRO" + WHOLE[4:],
    "ORF, big-endian": b"MMOR" + BIG[4:],
    "RW2 of Panasonic": b"IIU\0" + WHOLE[4:],
    "MRW of Minolta": b"\0MRM" + bytes(4) + b"\0PRD" + bytes(12) + b"\0TTW" + bytes(4) + BIG,
    "CR3 of Canon": box(b"ftyp", b"crx ")
    + box(b"CMT1", tiff(BASE))
    + box(b"CMT2", tiff(EXIF))
    + box(b"CMT4", tiff(GPS)),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_facts_are_found_where_the_maker_keeps_them(maker: str) -> None:
    found = raw_directories(MAKERS[maker], preview=None)
    assert found.base[MAKE] == "Maker"
    assert float(found.exif[EXPOSURE]) == 0.5
    assert found.gps[LATITUDE] == "N"


@pytest.mark.parametrize(
    "own",
    [b"FUJIFILMCCD-RAW ", b"\0MRM, but no block of tags", tiff({})],
    ids=["RAF", "MRW", "TIFF"],
)
def test_without_a_maker_the_tags_are_those_of_the_preview(own: bytes) -> None:
    assert raw_directories(own, jpeg(BASE)).base[MAKE] == "Maker"


@pytest.mark.parametrize("preview", [None, b"no JPEG", jpeg({})], ids=["none", "no JPEG", "JPEG"])
def test_without_tags_anywhere_there_are_none(preview: bytes | None) -> None:
    assert raw_directories(b"FUJIFILMCCD-RAW ", preview) == Directories()

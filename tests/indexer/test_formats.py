"""The table of formats: a file is judged by its bytes."""

from __future__ import annotations

from collections import Counter

import pytest

from indexer.formats import FORMATS, Kind, format_of

BEGINNINGS = {
    "JPEG": b"\xff\xd8\xff\xe0",
    "PNG": b"\x89PNG\r\n\x1a\n",
    "HEIF": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "AVIF": b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif",
    "WEBP": b"RIFF\0\0\0\0WEBPVP8 ",
    "GIF": b"GIF89a",
    "BMP": b"BM",
    "TIFF": b"MM\0*\0\0\0\x08\0\0",
    "JXL": b"\xff\x0a",
    "JPEG2000": b"\0\0\0\x0cjP  \r\n\x87\n",
    "PPM": b"P6\n1 1\n255\n",
    "QOI": b"qoif",
    "PSD": b"8BPS\0\1",
    "Photoshop, large": b"8BPS\0\2",
    "CR3": b"\0\0\0\x18ftypcrx \0\0\0\1",
    "CR2": b"II*\0\x10\0\0\0CR\2\0",
    "IIQ": b"MM\0*\0\0\0\x08MMMM",
    "RAF": b"FUJIFILMCCD-RAW 0201",
    "RW2": b"IIU\0\x18\0\0\0",
    "ORF": b"IIRO\x08\0\0\0",
    "3GP": b"\0\0\0\x14ftyp3gp4",
    "MOV": b"\0\0\0\x08wide\0\0\0\0mdat",
    "MP4": b"\0\0\0\x20ftypisom",
    "Matroska": b"\x1a\x45\xdf\xa3",
    "AVI": b"RIFF\0\0\0\0AVI LIST",
    "MPEG-TS": (b"\x47" + bytes(187)) * 2,
    "TGA": bytes((0, 0, 2, *bytes(9), 16, 0, 16, 0, 24, 0)),
}


@pytest.mark.parametrize("name", BEGINNINGS)
def test_a_format_is_known_by_its_first_bytes(name: str) -> None:
    format = format_of(BEGINNINGS[name] + bytes(300))
    assert format
    assert format.name == name


@pytest.mark.parametrize("data", [b"", b"\0" * 400, b"II*\0", b"II*\0\x08\0\0\0", b"P6", b"<html>"])
def test_other_bytes_are_of_no_format_but_a_bare_tiff(data: bytes) -> None:
    format = format_of(data)
    assert format is None or format.name == "TIFF"


def test_a_suffix_belongs_to_one_format() -> None:
    counts = Counter(suffix for format in FORMATS for suffix in format.suffixes)
    assert {suffix for suffix, count in counts.items() if count > 1} == set()


def test_a_format_that_needs_a_package_names_the_extra_that_brings_it() -> None:
    assert all(bool(format.package) == bool(format.extra) for format in FORMATS)
    assert all(
        format.isolated for format in FORMATS if format.kind is not Kind.STILL and format.package
    )

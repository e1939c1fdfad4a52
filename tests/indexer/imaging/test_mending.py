"""Files that browsers show are read, whatever is odd about them; where pixels are missing, not."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from indexer.errors import Undecodable
from indexer.imaging.decode import decode, decoded_bytes
from indexer.library.library import open_library
from tests.fakes import ColourEncoder
from tests.odd_files import chunk, levels, picture, png, saved, scene

LARGE = bytes(3_000_000)  # inflated, more than Pillow accepts
END_LACKS = "the file lacks its end marker; all its pixels are there"
SIDE = 64


def png_with(*chunks: bytes) -> bytes:
    return png(levels(scene(), 8), 8, 2, *chunks)


def shows_the_scene(data: bytes) -> str | None:
    """The notice of a file that shows the scene."""
    decoded = decode(data, 16)
    difference = np.abs(np.asarray(decoded.image, float) - np.asarray(picture(), float))
    assert difference.mean() < 3
    return decoded.facts.notice and str(decoded.facts.notice)


@pytest.mark.parametrize(
    ("odd", "kind"),
    [
        (chunk(b"zTXt", b"Comment\0\0" + zlib.compress(LARGE)), "zTXt"),
        (chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(LARGE)), "iTXt"),
        (chunk(b"iCCP", b"profile\0\0" + zlib.compress(LARGE)), "iCCP"),
        (chunk(b"iCCP", b"profile\0\5" + LARGE[:9]), "iCCP"),  # compressed in an unknown way
        (chunk(b"tEXt", b"Comment\0hello", crc=5), "tEXt"),
        (chunk(b"gAMA", b"\0\0\xff\xff", crc=5), "gAMA"),
        (chunk(b"tRNS", b"\0\x52\0\x52\0\xd2", crc=5), "tRNS"),
        (chunk(b"tRNS", b"\0"), "tRNS"),
        (chunk(b"pHYs", b"\0"), "pHYs"),
        (chunk(b"meTa", b"of some program", crc=5), "meTa"),
    ],
)
def test_an_odd_chunk_that_pixels_do_not_need_costs_no_photo(odd: bytes, kind: str) -> None:
    sound = chunk(b"tEXt", b"Author\0somebody")
    notice = shows_the_scene(png_with(sound, odd))
    assert notice is not None
    assert notice.endswith(f"ignored: {kind}") or kind == "iCCP"


def test_what_is_sound_is_kept_of_an_odd_file() -> None:
    odd = chunk(b"tEXt", b"Comment\0hello", crc=5)
    exif = Image.Exif()
    exif[0x010F] = "Nikon"
    facts = decode(png_with(odd, chunk(b"eXIf", exif.tobytes()[6:])), 16).facts
    assert facts.camera == "Nikon"


def test_memory_is_estimated_for_an_odd_file_too() -> None:
    odd = chunk(b"tEXt", b"Comment\0hello", crc=5)
    assert decoded_bytes(png_with(odd)) == decoded_bytes(png_with())


def test_an_animation_out_of_order_shows_its_first_picture() -> None:
    frames = chunk(b"acTL", b"\0\0\0\2\0\0\0\0"), chunk(b"fcTL", b"\0\0\0\7" + bytes(22))
    assert shows_the_scene(png_with(*frames))


@pytest.mark.parametrize("kind", [b"IHDR", b"PLTE"])
def test_a_damaged_chunk_that_pixels_need_is_refused(kind: bytes) -> None:
    data = saved(picture().quantize(16), "PNG")
    at = data.index(kind) + 6
    with pytest.raises(Undecodable):
        decode(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], 16)


FORMS: list[dict[str, Any]] = [
    {},
    {"progressive": True},
    {"restart_marker_rows": 1},
    {"subsampling": "4:4:4"},
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("tail", [b"", b"\xff"])
def test_a_jpeg_that_lacks_nothing_but_its_end_marker_is_read(
    form: dict[str, Any], tail: bytes
) -> None:
    data = saved(picture(), "JPEG", quality=92, **form)
    assert data.endswith(b"\xff\xd9")
    assert shows_the_scene(data[:-2] + tail) == END_LACKS
    assert shows_the_scene(data[:-2] + bytes(700)) in (END_LACKS, None)  # as after a crash
    assert shows_the_scene(data) is None


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_so_is_one_of_other_colours(mode: str) -> None:
    data = saved(picture().convert(mode), "JPEG", quality=92)
    assert str(decode(data[:-2], 16).facts.notice) == END_LACKS


@pytest.mark.parametrize("form", FORMS)
def test_a_jpeg_that_lacks_pixels_is_refused(form: dict[str, Any]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    data = saved(Image.fromarray(noise), "JPEG", quality=92, **form)
    for missing in (5, 9, 30, 300, len(data) // 2):
        with pytest.raises(Undecodable):
            decode(data[:-missing], 16)


def test_leniency_for_one_file_is_none_for_others() -> None:
    whole = saved(picture(), "JPEG", quality=92)
    cut = [whole[: -(200 + 10 * n)] for n in range(20)]

    def refused(data: bytes) -> bool:
        try:
            decode(data, 16)
        except Undecodable:
            return True
        return False

    with ThreadPoolExecutor(4) as threads:
        mixed = [part for data in cut for part in (data, whole[:-2])]
        assert list(threads.map(refused, mixed)) == [True, False] * len(cut)
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_an_odd_file_is_listed_and_no_failure(place: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "odd.jpg").write_bytes(saved(picture(), "JPEG")[:-2])
    (photos / "whole.jpg").write_bytes(saved(picture(), "JPEG"))
    library = open_library(
        place, create=True, model="colour", open_encoder=lambda _: ColourEncoder()
    )
    library.add_root(photos)
    with library.writing():
        library.rebuild()
    assert library.failures() == []
    assert [(one.path, str(one.notice)) for one in library.oddities()] == [
        (photos / "odd.jpg", END_LACKS)
    ]
    library.close()

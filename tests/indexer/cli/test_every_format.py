"""A file of each format and suffix is indexed by the command line, and found by what it shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import pytest
from PIL import Image
from pillow_heif import register_heif_opener

from indexer.formats import FORMATS, Kind, format_of
from tests.commands import run_indexer
from tests.conftest import SAMPLE
from tests.films import FPS, make_film
from tests.raw_photos import dng
from tests.still_files import still

pytestmark = pytest.mark.slow

register_heif_opener()  # to write such files

SIZE: Final = (240, 180)  # an icon has at most 256
SHOWN: Final = {
    "a polar bear in the snow": "Animals/Arctic/IMG_2034.jpg",
    "a panda": "Animals/Zoo/熊猫.jpg",
    "sliced oranges and lemons": "Home/Küche/витамины.jpg",
}
Write = Callable[[Image.Image], bytes]


def saved(kind: str, mode: str = "RGB", **save: Any) -> Write:
    """A writer of files of this kind."""
    return lambda image: still(image.convert(mode), kind, **save)


def animated(kind: str) -> Write:
    """A writer of files with two pictures."""
    return lambda image: still(image, kind, save_all=True, append_images=[image.rotate(180)])


def plain(image: Image.Image) -> bytes:
    """Netpbm's text: a number a channel."""
    values = " ".join(map(str, image.tobytes()))
    return f"P3\n{image.width} {image.height}\n255\n{values}\n".encode()


STILLS: Final[dict[str, Write]] = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif", ".insp"), saved("JPEG", quality=90)),
    ".mpo": animated("MPO"),
    ".png": saved("PNG"),
    **dict.fromkeys((".heic", ".heif", ".hif"), saved("HEIF")),
    ".avif": saved("AVIF"),
    ".avifs": animated("AVIF"),
    ".webp": saved("WEBP"),
    ".gif": saved("GIF", "P"),
    ".bmp": saved("BMP"),
    ".dng": dng,
    **dict.fromkeys((".tif", ".tiff"), saved("TIFF")),
    ".jxl": saved("JXL"),
    **dict.fromkeys((".jp2", ".jpx", ".jpf"), saved("JPEG2000")),
    **dict.fromkeys((".j2k", ".jpc", ".j2c"), saved("JPEG2000", no_jp2=True)),
    ".pbm": saved("PPM", "1"),
    ".pgm": saved("PPM", "L"),
    ".ppm": saved("PPM"),
    ".pnm": plain,
    ".pfm": saved("PFM"),
    ".qoi": saved("QOI"),
    ".psd": saved("PSD"),
    ".ico": saved("ICO"),
    ".sgi": saved("SGI"),
    ".pcx": saved("PCX"),
    ".tga": saved("TGA"),
}
FIXED: Final = {".dv": ((720, 576), 25)}  # the size and the frames a second of tapes


@dataclass(frozen=True, slots=True)
class Written:
    """A file of each suffix; by the text that finds them, the names of those that show the same."""

    folder: Path
    names: dict[str, set[str]]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("formats")
    pictures = {text: _picture(SAMPLE / name) for text, name in SHOWN.items()}
    names: dict[str, set[str]] = {text: set() for text in SHOWN}
    films = [one for format in FORMATS if format.kind is Kind.FILM for one in format.suffixes]
    for number, (suffix, text) in enumerate(zip([*STILLS, *films], cycle(SHOWN), strict=False)):
        file = folder / f"{number}{suffix}"  # no two of one name: they would be one photo
        if write := STILLS.get(suffix):
            file.write_bytes(write(pictures[text]))
        else:
            size, fps = FIXED.get(suffix, (SIZE, FPS))
            make_film(file, [pictures[text]], size=size, fps=fps, scene_s=3)
        names[text].add(file.name)
    return Written(folder, names)


def _picture(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB").resize(SIZE)


def test_each_file_is_found_by_what_it_shows(own_library: Path, written: Written) -> None:
    done = run_indexer("rebuild", written.folder, "--library", own_library)
    assert done.returncode == 0, done.stdout + done.stderr
    for text, wanted in written.names.items():
        query = f'{text} folder:"{written.folder.name}"'
        found = run_indexer("search", query, "-n", len(wanted), "--library", own_library, "--json")
        hits = json.loads(found.stdout)["hits"]
        assert {Path(hit["path"]).name for hit in hits} == wanted


def test_each_suffix_that_is_read_has_a_file_of_its_format(written: Written) -> None:
    formats = {format_of(file.read_bytes()) for file in written.folder.iterdir()}
    left = {format.name for format in FORMATS if format.is_read and format not in formats}
    cameras = {format.name for format in FORMATS if format.kind is Kind.RAW}
    assert left <= cameras - {"DNG"}  # nothing but a camera writes theirs
    suffixes = {suffix for format in formats if format for suffix in format.suffixes}
    assert suffixes == {file.suffix for file in written.folder.iterdir()}

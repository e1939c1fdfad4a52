"""The sample photos are whole, within their size, attributed, and as varied as promised."""

import re
import tomllib
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from PIL import ExifTags, Image

REPO = Path(__file__).resolve().parent.parent
SAMPLE = REPO / "data" / "sample"
ATTRIBUTION = SAMPLE / "ATTRIBUTION.md"
# Names, not Path objects: on some file systems the name read back is not the one written.
PHOTOS = sorted(
    unicodedata.normalize("NFC", path.relative_to(SAMPLE).as_posix())
    for path in SAMPLE.rglob("*")
    if path.is_file() and path != ATTRIBUTION
)
EXIF_DATE = re.compile(r"20(09|1\d|2[0-4]):[01]\d:[0-3]\d [0-2]\d:[0-5]\d:[0-5]\d")


def exif_of(photo: str) -> Image.Exif:
    with Image.open(SAMPLE / photo) as image:
        return image.getexif()


@pytest.mark.parametrize("photo", PHOTOS)
def test_photo_opens_and_loads(photo: str) -> None:
    with Image.open(SAMPLE / photo) as image:
        image.load()
        assert 200 <= max(image.size) <= 900


def test_enough_photos_within_the_size() -> None:
    assert len(PHOTOS) >= 60
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) <= 8_000_000


def test_attribution_lists_exactly_the_photos() -> None:
    listed = re.findall(r"^### `(.+)`$", ATTRIBUTION.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == PHOTOS


def test_every_attribution_names_author_licence_and_source() -> None:
    entries = ATTRIBUTION.read_text(encoding="utf-8").split("\n### ")[1:]
    for entry in entries:
        for field in ("Shows", "Author", "Licence", "Source", "Changes", "Metadata added"):
            assert re.search(rf"^- {field}: \S", entry, re.MULTILINE), entry


def test_formats_are_varied() -> None:
    seen: Counter[str] = Counter()
    modes = set()
    for photo in PHOTOS:
        with Image.open(SAMPLE / photo) as image:
            seen[image.format or ""] += 1
            modes.add((image.format, image.mode))
    assert seen.keys() == {"JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"}
    assert seen["JPEG"] > len(PHOTOS) / 2
    assert {("JPEG", "CMYK"), ("PNG", "RGBA")} <= modes


def test_all_orientations_are_there() -> None:
    seen = Counter(exif_of(photo).get(ExifTags.Base.Orientation, 1) for photo in PHOTOS)
    assert seen.keys() == set(range(1, 9))
    assert sum(seen.values()) - seen[1] >= 8


def test_half_have_a_date_and_a_camera() -> None:
    dated = 0
    for photo in PHOTOS:
        exif = exif_of(photo)
        taken = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
        if taken is not None:
            assert EXIF_DATE.fullmatch(taken), photo
            assert exif.get(ExifTags.Base.Model), photo
            dated += 1
    assert dated >= len(PHOTOS) / 2


def test_gps_is_on_both_sides_of_the_equator_and_of_greenwich() -> None:
    sides = set()
    for photo in PHOTOS:
        gps = exif_of(photo).get_ifd(ExifTags.IFD.GPSInfo)
        if gps:
            sides.add(gps[ExifTags.GPS.GPSLatitudeRef] + gps[ExifTags.GPS.GPSLongitudeRef])
    assert sides >= {"NE", "NW", "SW"}


def test_a_known_position_reads_back() -> None:
    gps = exif_of("Voyages/Été à Paris/IMG_3301.jpg").get_ifd(ExifTags.IFD.GPSInfo)
    degrees, minutes, seconds = map(float, gps[ExifTags.GPS.GPSLatitude])
    assert degrees + minutes / 60 + seconds / 3600 == pytest.approx(48.8584, abs=1e-5)


@pytest.mark.slow
def test_queries_name_photos_that_exist() -> None:
    queries = tomllib.loads((REPO / "tests" / "sample_queries.toml").read_text("utf-8"))["query"]
    assert len(queries) >= 45
    assert len({query["text"] for query in queries}) == len(queries)
    for query in queries:
        assert query["photos"], query
        assert len(set(query["photos"])) == len(query["photos"]), query
        assert set(query["photos"]) <= set(PHOTOS), query

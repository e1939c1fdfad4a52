"""EXIF tells what it can; what is garbage is not known, and costs nothing else."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from indexer.imaging.decode import decode
from indexer.imaging.exif import TEXT_CHARACTERS, read_facts
from indexer.records.photos import Facts
from tests.live_photos import apple_note, live_exif

Base, IFD = ExifTags.Base, ExifTags.IFD


class Tags(Image.Exif):
    """Tags with these blocks of further ones."""

    def __init__(self, blocks: dict[int, dict[int, Any]]) -> None:
        super().__init__()
        self._blocks = blocks

    def get_ifd(self, tag: int) -> dict[int, Any]:
        return self._blocks.get(tag, {})


class Tagged(Image.Image):
    """An image whose tags are any Python values, as Pillow's parser may give them."""

    def __init__(self, base: dict[int, Any], exif: dict[int, Any], gps: dict[int, Any]) -> None:
        super().__init__()
        self.format = "JPEG"
        self._tags = Tags({IFD.Exif: exif, IFD.GPSInfo: gps})
        self._tags.update(base)

    def getexif(self) -> Image.Exif:
        return self._tags


def facts_of(
    base: dict[int, Any] | None = None,
    exif: dict[int, Any] | None = None,
    gps: dict[int, Any] | None = None,
) -> Facts:
    return read_facts(Tagged(base or {}, exif or {}, gps or {}), (40, 30))


def position(
    latitude: tuple[Any, ...], south: Any, longitude: tuple[Any, ...], west: Any
) -> tuple[float | None, float | None]:
    facts = facts_of(gps={1: south, 2: latitude, 3: west, 4: longitude})
    return facts.latitude_deg, facts.longitude_deg


def test_facts_survive_a_real_file() -> None:
    tags = Image.Exif()
    tags[Base.Make], tags[Base.Model] = "FUJIFILM", "X-T5"
    exif = tags.get_ifd(IFD.Exif)
    exif[Base.DateTimeOriginal] = "2021:07:30 18:05:09"
    exif[Base.OffsetTimeOriginal] = "-03:30"
    exif[Base.ExposureTime] = IFDRational(1, 250)
    exif[Base.FNumber] = IFDRational(28, 10)
    exif[Base.ISOSpeedRatings] = 400
    exif[Base.FocalLength] = 35.0
    exif[Base.LensModel] = "XF35mmF1.4 R"
    tags.get_ifd(IFD.GPSInfo).update({1: "S", 2: (33.0, 51.0, 30.0), 3: "E", 4: (151.0, 12.0, 0.0)})
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30)).save(buffer, "JPEG", exif=tags)
    assert decode(buffer.getvalue(), 16).facts == Facts(
        width_px=40,
        height_px=30,
        format="JPEG",
        taken_at=datetime(2021, 7, 30, 18, 5, 9),
        taken_offset_min=-210,
        camera="FUJIFILM X-T5",
        lens="XF35mmF1.4 R",
        exposure_s=0.004,
        f_number=2.8,
        iso=400,
        focal_mm=35.0,
        latitude_deg=pytest.approx(-33.858333),
        longitude_deg=pytest.approx(151.2),
    )


def test_an_image_without_exif_has_only_its_size() -> None:
    assert facts_of() == Facts(width_px=40, height_px=30, format="JPEG")


@pytest.mark.parametrize(
    ("original", "digitized", "taken_at"),
    [
        ("2021:07:30 18:05:09", None, datetime(2021, 7, 30, 18, 5, 9)),
        ("2021:07:30 18:05:09\0", None, datetime(2021, 7, 30, 18, 5, 9)),
        (b"2021:07:30 18:05:09", None, datetime(2021, 7, 30, 18, 5, 9)),
        ("0000:00:00 00:00:00", None, None),
        ("2021:02:30 10:00:00", None, None),
        ("    :  :     :  :  ", "2020:01:02 03:04:05", datetime(2020, 1, 2, 3, 4, 5)),
        ("0000:00:00 00:00:00", "2020:01:02 03:04:05", datetime(2020, 1, 2, 3, 4, 5)),
        ("yesterday", "", None),
        (1234, (1, 2), None),
    ],
)
def test_first_date_that_is_one_counts(
    original: Any, digitized: Any, taken_at: datetime | None
) -> None:
    exif = {Base.DateTimeOriginal: original, Base.DateTimeDigitized: digitized}
    assert facts_of(exif=exif).taken_at == taken_at


@pytest.mark.parametrize(
    ("text", "taken_at"),
    [
        ("2013-07-21 21:06:26", datetime(2013, 7, 21, 21, 6, 26)),
        ("2014-01-20T11:46:00Z", datetime(2014, 1, 20, 11, 46)),
        ("2014-01-20T11:46:00.250+02:00", datetime(2014, 1, 20, 11, 46)),
        ("2012/05/06 07:08:09", datetime(2012, 5, 6, 7, 8, 9)),
        ("2012:05:06 07:08", datetime(2012, 5, 6, 7, 8)),
        ("2012: 5: 6  7: 8: 9", datetime(2012, 5, 6, 7, 8, 9)),
        ("2012:5:6 7:08:09", datetime(2012, 5, 6, 7, 8, 9)),
        ("2012:05:06", datetime(2012, 5, 6)),
        ("2012:05:06 24:08:19", datetime(2012, 5, 6)),
        ("2012:05:06 23:59:60", datetime(2012, 5, 6)),
        ("2012:05:06 03:04:05 PM", datetime(2012, 5, 6)),
        ("2012:05:06 오후 3:04:05", datetime(2012, 5, 6)),
        ("2012:05:06   :  :  ", datetime(2012, 5, 6)),
        ("2012:05:061", None),
        ("2012:13:06 07:08:09", None),
        ("20120506", None),
    ],
)
def test_the_day_is_kept_and_a_time_that_is_none_left_out(
    text: str, taken_at: datetime | None
) -> None:
    assert facts_of(exif={Base.DateTimeOriginal: text}).taken_at == taken_at
    assert facts_of({Base.DateTime: text}).taken_at == taken_at


@pytest.mark.parametrize("original", ["", "yesterday", "0000:00:00 00:00:00", "2012:13:06", 7])
def test_the_last_change_never_stands_for_an_odd_date_of_taking(original: Any) -> None:
    changed = {Base.DateTime: "2020:01:02 03:04:05"}
    assert facts_of(changed, {Base.DateTimeOriginal: original}).taken_at is None
    assert facts_of(changed).taken_at == datetime(2020, 1, 2, 3, 4, 5)


def test_a_year_before_photography_or_to_come_is_no_date() -> None:
    def taken(year: int) -> datetime | None:
        return facts_of(exif={Base.DateTimeOriginal: f"{year}:05:06 07:08:09"}).taken_at

    this_year = datetime.now().year
    assert [taken(year) for year in (1825, this_year + 2)] == [None, None]
    for year in (1826, this_year + 1):
        assert taken(year) == datetime(year, 5, 6, 7, 8, 9)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("+02:00", 120),
        ("-09:30", -570),
        ("+00:00", 0),
        ("+14:00", 840),
        ("+25:99", None),
        ("Z", None),
        ("   :  ", None),
        (7, None),
    ],
)
def test_offset_is_in_minutes_east(text: Any, minutes: int | None) -> None:
    assert facts_of(exif={Base.OffsetTimeOriginal: text}).taken_offset_min == minutes


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS 90D", "Canon EOS 90D"),
        ("NIKON CORPORATION", "NIKON D750", "NIKON D750"),
        ("SONY", "ILCE-7M4", "SONY ILCE-7M4"),
        ("Apple", "", "Apple"),
        ("", "iPhone 14", "iPhone 14"),
        ("  ", " \0", None),
        ("Canon\0\0junk", "EOS\n 5D ", "Canon EOS 5D"),
        (b"Leica", b"Q2\xff", "Leica Q2\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_camera_names_its_maker_once(make: Any, model: Any, camera: str | None) -> None:
    assert facts_of({Base.Make: make, Base.Model: model}).camera == camera


@pytest.mark.parametrize(
    ("south", "west", "signs"),
    [("N", "E", (1, 1)), ("S", "W", (-1, -1)), ("s\0", " w", (-1, -1)), (b"S", b"E", (-1, 1))],
)
def test_hemispheres_give_the_sign(south: Any, west: Any, signs: tuple[int, int]) -> None:
    latitude, longitude = position((10.0, 30.0, 36.0), south, (20, 0, 0), west)
    assert latitude == pytest.approx(signs[0] * 10.51)
    assert longitude == signs[1] * 20


@pytest.mark.parametrize(
    "garbage",
    [
        (float("nan"), 0.0, 0.0),
        (10.0, float("nan"), 0.0),
        (float("inf"), 0.0, 0.0),
        (IFDRational(1, 0), IFDRational(0, 0), IFDRational(0, 0)),
        (181.0, 0.0, 0.0),
        (-10.0, 0.0, 0.0),
        (10.0, 20.0),
        (),
        ("x", "y", "z"),
        None,
    ],
)
def test_a_senseless_coordinate_is_not_known(garbage: Any) -> None:
    assert position(garbage, "N", garbage, "E") == (None, None)
    assert position(garbage, "N", (20.0, 0.0, 0.0), "E") == (None, None)


@pytest.mark.parametrize("reference", ["", "?", "E", "NS", 7, None, b"\xff"])
def test_a_coordinate_of_no_hemisphere_is_not_known(reference: Any) -> None:
    assert position((10.0, 0.0, 0.0), reference, (20.0, 0.0, 0.0), "E") == (None, None)


def test_a_latitude_alone_is_no_place() -> None:
    facts = facts_of(gps={1: "N", 2: (10.0, 0.0, 0.0)})
    assert (facts.latitude_deg, facts.longitude_deg) == (None, None)


def test_nothing_north_and_nothing_east_is_no_place() -> None:
    nothing = (0.0, 0.0, 0.0)
    assert position(nothing, "N", nothing, "E") == (None, None)
    assert position(nothing, "N", (20.0, 0.0, 0.0), "E") == (0, 20)  # Gabon lies there


def test_seconds_that_are_none_leave_degrees_and_minutes() -> None:
    unknown = IFDRational(0, 0)
    latitude, longitude = position((10, IFDRational(305, 10), unknown), "S", (20, 15, unknown), "E")
    assert (latitude, longitude) == (pytest.approx(-10.508333), 20.25)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (IFDRational(1, 250), 0.004),
        (2, 2.0),
        (IFDRational(0, 1), None),
        (IFDRational(1, 0), None),
        (float("inf"), None),
        (-1.0, None),
        ("fast", None),
        ((1, 250), None),
    ],
)
def test_exposure_is_a_positive_number_or_not_known(value: Any, number: float | None) -> None:
    exif = {Base.ExposureTime: value, Base.FNumber: value, Base.FocalLength: value}
    facts = facts_of(exif=exif)
    assert (facts.exposure_s, facts.f_number, facts.focal_mm) == (number,) * 3


@pytest.mark.parametrize(
    ("value", "iso"),
    [(200, 200), ((400, 0), 400), ((), None), (0, None), (2**40, None), ("ISO", None)],
)
def test_iso_may_come_as_a_tuple(value: Any, iso: int | None) -> None:
    assert facts_of(exif={Base.ISOSpeedRatings: value}).iso == iso


@pytest.mark.parametrize("value", [0, 9, -1, "6", (6,), None, 1.5])
def test_a_senseless_orientation_leaves_the_photo_as_it_is(value: Any) -> None:
    facts = facts_of({Base.Orientation: value})
    assert (facts.orientation, facts.width_px, facts.height_px) == (1, 40, 30)


def test_one_senseless_tag_does_not_hide_the_others() -> None:
    facts = facts_of({Base.Model: "M1"}, {Base.FNumber: object(), Base.ISOSpeedRatings: 100})
    assert (facts.camera, facts.f_number, facts.iso) == ("M1", None, 100)


def test_very_long_texts_are_cut() -> None:
    long = "x" * 20_000
    facts = facts_of({Base.Make: long, Base.Model: f"y{long}"}, {Base.LensModel: long.encode()})
    assert facts.camera == facts.lens == "x" * TEXT_CHARACTERS


def test_the_id_of_a_live_photo_is_that_of_apples_note() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30)).save(buffer, "JPEG", exif=live_exif("8A1F-22"))
    assert decode(buffer.getvalue(), 16).facts.live_id == "8A1F-22"


@pytest.mark.parametrize("cut", [0, 9, 13, 15, 20, 40, 44])
def test_a_note_that_is_cut_off_has_no_id(cut: int) -> None:
    assert facts_of(exif={Base.MakerNote: apple_note("8A1F-22")[:cut]}).live_id != "8A1F-22"


@pytest.mark.parametrize(
    "note",
    [
        b"Nikon\0\2\x10\0\0MM\0*",
        b"Apple iOS\0\0\1XX\0\1",
        apple_note("8A1F-22").replace(b"\0\x11\0\2", b"\0\x12\0\2"),
        "text",
        None,
    ],
)
def test_a_note_without_the_id_gives_none(note: Any) -> None:
    assert facts_of(exif={Base.MakerNote: note}).live_id is None

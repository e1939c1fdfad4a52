from datetime import datetime
from pathlib import Path

import pytest

from app.i18n.photo_facts import exposure, facts_of, file_size, moment, place, shutter, taken
from clipcore.messages import N_, Message
from indexer.records.photos import Facts, Photo
from indexer.records.results import Hit


def test_time_taken_is_told_with_its_offset() -> None:
    moment = datetime(2018, 5, 6, 14, 3, 22)
    assert taken(Facts(1, 1, "JPEG")) is None
    assert taken(Facts(1, 1, "JPEG", taken_at=moment)) == "6 May 2018, 14:03:22"
    for minutes, told in ((120, "+02:00"), (-210, "-03:30"), (0, "+00:00")):
        facts = Facts(1, 1, "JPEG", taken_at=moment, taken_offset_min=minutes)
        assert taken(facts) == f"6 May 2018, 14:03:22 (UTC{told})"


def test_a_time_that_is_not_known_is_not_shown() -> None:
    facts = Facts(1, 1, "JPEG", taken_at=datetime(2018, 5, 6), taken_offset_min=120)
    assert taken(facts) == "6 May 2018"


def test_what_is_odd_about_the_file_is_a_fact() -> None:
    notice = Message(N_("the file lacks its end marker; all its pixels are there"))
    facts = Facts(1, 1, "JPEG", notice=notice)
    photo = Photo(1, Path("a.jpg"), 1, 0, b"", facts)
    assert ("Warning", str(notice)) in facts_of(photo)


def test_exposure_leaves_out_what_is_not_known() -> None:
    whole = Facts(1, 1, "JPEG", exposure_s=1 / 250, f_number=2.8, iso=200, focal_mm=35.0)
    assert exposure(whole) == "1/250 s · f/2.8 · ISO 200 · 35 mm"
    assert exposure(Facts(1, 1, "JPEG", iso=200)) == "ISO 200"
    assert exposure(Facts(1, 1, "JPEG")) is None


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(1 / 8000, "1/8000"), (0.25, "1/4"), (0.5, "0.5"), (1.3, "1.3"), (30, "30")],
)
def test_shutter_is_told_as_cameras_do(seconds: float, told: str) -> None:
    assert shutter(seconds) == told


def test_place_is_told_with_the_city_and_its_hemispheres() -> None:
    facts = Facts(1, 1, "JPEG", latitude_deg=-33.86, longitude_deg=151.211)
    assert place(facts) == "Sydney, Australia · 33.86000° S, 151.21100° E"
    at_sea = Facts(1, 1, "JPEG", latitude_deg=30, longitude_deg=-45)
    assert place(at_sea) == "30.00000° N, 45.00000° W"


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (842, "842 bytes"),
        (31_400, "31 kB"),
        (999_700, "1 MB"),
        (4_210_000, "4.2 MB"),
        (1_710_500_000, "1.7 GB"),
    ],
)
def test_file_size_is_rounded(size: int, told: str) -> None:
    assert file_size(size) == told


def test_a_probability_stands_beside_the_logit_it_is_made_of() -> None:
    photo = Photo(1, Path("a.jpg"), 1, 0, b"", Facts(1, 1, "JPEG"))
    match = dict(facts_of(photo, Hit(1, photo, 0.1, -3.2, 0.8, 0.039)))["Match"]
    assert "3.9%" in match
    assert "%" not in dict(facts_of(photo, Hit(1, photo, 0.1, -3.2)))["Match"]


@pytest.mark.parametrize(
    ("range_s", "told"), [(None, "1:23"), ((80.0, 91.5), "1:23 (1:20 to 1:31)")]
)
def test_moment_of_a_video_is_told_with_the_span_that_matches(
    range_s: tuple[float, float] | None, told: str
) -> None:
    photo = Photo(1, Path("a.mp4"), 1, 0, b"", Facts(1, 1, "MP4"))
    assert moment(Hit(1, photo, 0.1, 1.0, moment_s=83.0, range_s=range_s)) == told
    assert moment(Hit(1, photo, 0.1, 1.0)) is None

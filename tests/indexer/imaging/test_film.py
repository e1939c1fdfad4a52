"""Films of every kind are read by their frames: upright, with their facts, whatever is broken."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest
from av.video.frame import VideoFrame
from PIL import Image

from indexer.errors import Undecodable
from indexer.imaging import film as film_module
from indexer.imaging.film import (
    CANDIDATES,
    IN_ORDER,
    NoSeeking,
    candidates,
    frame_at,
    frames_at,
    frames_in_order,
    read_film,
)
from indexer.imaging.isolation import Limits, run_isolated
from tests.damage import bits_flipped, film_header_absurd, truncated, zero_filled
from tests.depth import at_depth
from tests.films import (
    SIZE,
    make_film,
    make_sound,
    quarters,
    without_index,
    without_pictures,
)

pytestmark = pytest.mark.slow

RED = quarters("red", "red", "lime", "red")
BLUE = quarters("blue", "blue", "white", "blue")
GREEN = quarters("lime", "yellow", "lime", "lime")
BLACK = Image.new("RGB", SIZE, "black")
SCENES = (RED, BLUE, GREEN)
SIDE = 16


def corner(image: Image.Image) -> str:
    """The strongest channel of the upper left corner."""
    mean = np.asarray(image.convert("RGB"))[5:20, 5:20].mean(axis=(0, 1))
    return "RGB"[int(mean.argmax())]


@pytest.mark.parametrize(
    "name",
    [
        *("a.mp4", "a.mkv", "a.mts"),  # test_every_format.py has a film of each suffix
        *at_depth(
            "a.mov", "a.m4v", "a.webm", "a.avi", "a.3gp", "a.m2ts", "a.mpg", "a.wmv", "a.flv"
        ),
    ],
)
def test_frames_of_each_kind_of_film_are_reached_by_seeking(name: str, tmp_path: Path) -> None:
    path = str(make_film(tmp_path / name, SCENES))
    film = read_film(path, "FILM")
    assert film.facts.duration_s == pytest.approx(12, abs=1)
    assert (film.facts.width_px, film.facts.height_px) == SIZE
    found = frames_at(path, film.moments_s, SIDE)
    assert found.lost == 0
    moments = [frame.moment_ms for frame in found.frames]
    assert moments == sorted(set(moments))
    assert len(moments) >= 4
    assert [corner(frame.image) for frame in found.frames] == [
        "RBG"[min(2, moment // 4000)] for moment in moments
    ]


def test_candidates_are_two_seconds_apart_and_spread_over_a_long_film() -> None:
    assert candidates(10) == (1, 3, 5, 7, 9)
    assert candidates(1) == (0.5,)
    assert candidates(0) == ()
    hour = candidates(3600)
    assert len(hour) == CANDIDATES
    assert hour[0] < 15
    assert hour[-1] > 3585


def test_a_film_with_one_keyframe_is_decoded_forward(tmp_path: Path) -> None:
    path = str(make_film(tmp_path / "a.mp4", SCENES, gop=10_000))
    found = frames_at(path, read_film(path, "MP4").moments_s, SIDE)
    assert [corner(frame.image) for frame in found.frames] == ["R", "R", "B", "B", "G", "G"]


def test_moments_near_one_keyframe_share_its_picture(tmp_path: Path) -> None:
    path = str(make_film(tmp_path / "a.mp4", SCENES))
    assert [frame.moment_ms for frame in frames_at(path, (1, 1.2, 3), SIDE).frames] == [1000, 3000]


def test_a_moment_behind_the_last_picture_is_passed_over(tmp_path: Path) -> None:
    path = str(make_film(tmp_path / "a.mp4", SCENES, gop=10_000))
    found = frames_at(path, (1, 5, 11.99), SIDE)
    assert ([frame.moment_ms for frame in found.frames], found.lost) == ([0, 5000], 0)


@pytest.mark.parametrize("degrees", [-90, 180, *at_depth(0, 90)])
def test_a_film_stands_upright(degrees: int, tmp_path: Path) -> None:
    orientation = {0: 1, -90: 6, 90: 8, 180: 3}[degrees]
    scene = quarters("red", "lime", "blue", "white")
    path = str(make_film(tmp_path / "a.mov", [scene], rotation=degrees, scene_s=2))
    facts = read_film(path, "MOV").facts
    assert facts.orientation == orientation
    sideways = orientation in (6, 8)
    assert (facts.width_px, facts.height_px) == (SIZE[::-1] if sideways else SIZE)
    image = frame_at(path, 1000, 512)
    assert image.size == (facts.width_px, facts.height_px)
    assert corner(image) == {1: "R", 6: "B", 8: "G", 3: "R"}[orientation]
    if orientation == 3:
        assert corner(image.rotate(180)) == "R"  # white is at the other end


def test_facts_are_those_that_cameras_write(tmp_path: Path) -> None:
    tags = {
        "com__apple__quicktime__creationdate": "2019-06-30T14:03:22+0200",
        "com__apple__quicktime__location__ISO6709": "+48.8577-002.2950+035.000/",
        "com__apple__quicktime__make": "Apple",
        "com__apple__quicktime__model": "iPhone 12",
        "creation_time": "2011-01-01T00:00:00Z",
    }
    facts = read_film(str(make_film(tmp_path / "a.mov", [RED], scene_s=1, **tags)), "MOV").facts
    assert facts.taken_at == datetime(2019, 6, 30, 14, 3, 22)
    assert facts.taken_offset_min == 120
    assert (facts.latitude_deg, facts.longitude_deg) == (48.8577, -2.295)
    assert facts.camera == "Apple iPhone 12"
    assert facts.format == "MOV"


def test_a_time_in_utc_becomes_this_machines(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mp4", [RED], scene_s=1, creation_time="2019-06-30T12:00:00Z")
    facts = read_film(str(path), "MP4").facts
    here = datetime(2019, 6, 30, 12, tzinfo=UTC).astimezone()
    assert facts.taken_at == here.replace(tzinfo=None)
    offset = here.utcoffset()
    assert offset is not None
    assert facts.taken_offset_min == offset.total_seconds() // 60


def test_black_frames_and_planes_of_one_colour_are_empty(tmp_path: Path) -> None:
    path = str(make_film(tmp_path / "a.mp4", [BLACK, RED, Image.new("RGB", SIZE, "blue")]))
    found = frames_at(path, (2, 6, 10), SIDE).frames
    assert [frame.is_empty for frame in found] == [True, False, True]


def test_sound_alone_is_a_clear_failure(tmp_path: Path) -> None:
    with pytest.raises(Undecodable, match="sound alone"):
        read_film(str(make_sound(tmp_path / "a.mp4")), "MP4")


def test_sound_beside_the_pictures_does_no_harm(tmp_path: Path) -> None:
    path = str(make_film(tmp_path / "a.mp4", SCENES, sound=True))
    assert len(frames_at(path, read_film(path, "MP4").moments_s, SIDE).frames) == 6


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", b"avc1"), ("a.avi", b"FMP4")])
def test_a_codec_that_nobody_knows_is_a_clear_failure(
    name: str, codec: bytes, tmp_path: Path
) -> None:
    path = make_film(tmp_path / name, [RED], scene_s=1)
    path.write_bytes(path.read_bytes().replace(codec, b"zzzz"))
    with pytest.raises(Undecodable, match=r"cannot be decoded: \?"):
        read_film(str(path), "FILM")


def test_a_film_of_too_many_pixels_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_film(tmp_path / "a.mp4", [RED], scene_s=1)
    monkeypatch.setattr(film_module, "PIXEL_LIMIT", SIZE[0] * SIZE[1] - 1)
    with pytest.raises(Undecodable, match="160 x 120 pixels are more than the limit"):
        read_film(str(path), "MP4")


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    film = make_film(tmp_path / "a.mts", [RED], scene_s=1)
    playlist = tmp_path / "list.mp4"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{film}\n#EXT-X-ENDLIST\n")
    with pytest.raises(Undecodable, match="damaged"):
        read_film(str(playlist), "MP4")


def test_a_film_cut_short_yields_the_frames_that_are_there(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mp4", SCENES, options={"movflags": "faststart"})
    data = path.read_bytes()
    path.write_bytes(data[: 2 * len(data) // 3])
    film = read_film(str(path), "MP4")
    found = frames_at(str(path), film.moments_s, SIDE)
    assert 1 <= len(found.frames) < 6
    assert found.lost >= 1


def test_a_film_without_an_index_is_read_in_order(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.avi", SCENES)
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"idx1")])
    found, length_s = frames_in_order(str(path), SIDE)
    assert length_s == pytest.approx(11, abs=1)
    assert {corner(frame.image) for frame in found.frames} == {"R", "G", "B"}


def test_a_long_film_without_a_length_is_kept_by_pictures_all_over_it(tmp_path: Path) -> None:
    scene_s = 2.0 * IN_ORDER
    live = {"live": "1"}
    path = tmp_path / "a.mkv"
    make_film(path, SCENES, scene_s=scene_s, fps=1, codec="mpeg4", options=live)
    film = read_film(str(path), "MKV")
    assert (film.facts.duration_s, film.moments_s) == (0, ())
    found, length_s = frames_in_order(str(path), SIDE)
    assert length_s == pytest.approx(3 * scene_s, abs=1)
    moments = [frame.moment_ms for frame in found.frames]
    assert IN_ORDER / 2 <= len(moments) <= IN_ORDER
    steps = {later - earlier for earlier, later in pairwise(moments)}
    assert len(steps) == 1
    assert moments[-1] >= 1000 * length_s - steps.pop()


def test_a_damaged_keyframe_gives_way_to_the_next(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.avi", SCENES)
    data = path.read_bytes()
    first = data.index(b"00dc", data.index(b"movi")) + 8
    path.write_bytes(data[:first] + bytes(500) + data[first + 500 :])
    found = frames_at(str(path), [0.2], SIDE)
    assert ([frame.moment_ms for frame in found.frames], found.lost) == ([1000], 0)


def test_a_moment_that_a_recording_has_lost_shows_the_last_that_is_left(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mts", SCENES)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(NoSeeking):
        frames_at(str(path), [10], SIDE)
    assert corner(frame_at(str(path), 10_000, 512)) == "B"


@pytest.mark.parametrize("damage", [without_pictures, without_index])
def test_a_film_without_one_whole_picture_has_facts_and_shows_nothing(
    damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = make_film(tmp_path / "a.mp4", SCENES, options={"movflags": "faststart"})
    path.write_bytes(damage(path.read_bytes()))
    film = read_film(str(path), "MP4")
    assert (film.facts.width_px, film.facts.orientation) == (SIZE[0], 1)
    with pytest.raises(NoSeeking):
        frames_at(str(path), film.moments_s, SIDE)
    assert frames_in_order(str(path), SIDE)[0].frames == ()
    with pytest.raises(Undecodable, match="no picture of this video can be decoded"):
        frame_at(str(path), 5000, SIDE)


def outcome(path: str) -> str:
    """What comes of a film that may be damaged in any way."""
    try:
        film = read_film(path, "FILM")
        try:
            return f"{len(frames_at(path, film.moments_s, SIDE).frames)} frames"
        except NoSeeking:
            return f"{len(frames_in_order(path, SIDE)[0].frames)} frames in order"
    except Undecodable as error:
        return str(error)


@pytest.mark.long
def test_damaged_films_cost_neither_the_process_nor_much_time(tmp_path: Path) -> None:
    names = ("a.mp4", "b.mov", "c.mkv", "d.webm", "e.avi", "f.mts", "g.mpg", "h.3gp")
    whole = [make_film(tmp_path / name, SCENES) for name in names]
    kinds = (truncated, bits_flipped, zero_filled, film_header_absurd)
    outcomes = []
    for number in range(200):
        film, damage = whole[number % len(whole)], kinds[number // len(whole) % len(kinds)]
        path = tmp_path / f"damaged {number}{film.suffix}"
        path.write_bytes(damage(film.read_bytes(), random.Random(number)))
        outcomes.append(run_isolated(Limits(seconds=20), outcome, str(path)))
    assert len(outcomes) == 200
    assert not any("crashed" in one or "took more" in one for one in outcomes)
    assert sum("frames" in one for one in outcomes) > 60


def test_films_one_after_the_other_take_no_more_threads_and_frames_than_one(tmp_path: Path) -> None:
    path = str(make_film(tmp_path / "film.mp4", SCENES))
    moments_s = read_film(path, "FILM").moments_s
    threads, frames = [], []
    for _ in range(4):
        assert frames_at(path, moments_s, SIDE).lost == 0
        threads.append(psutil.Process().num_threads())
        frames.append(sum(type(one) is VideoFrame for one in gc.get_objects()))
    assert max(threads) == threads[0]
    assert max(frames) <= 2 * len(moments_s)

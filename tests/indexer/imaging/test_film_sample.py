"""Some pictures stand for a film, however it is read; where there are none, the reason is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from indexer.errors import Undecodable
from indexer.formats import FORMATS, Kind
from indexer.imaging.film_sample import sample_frames
from tests.films import SIZE, make_film, quarters, without_pictures

pytestmark = pytest.mark.slow

SCENES = (quarters("red", "red", "lime", "red"), quarters("blue", "blue", "white", "blue"))
FILM = next(one for one in FORMATS if one.kind is Kind.FILM)
SIDE = 16


def test_a_film_that_does_not_say_its_length_is_sampled_too(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mkv", SCENES, options={"live": "1"})
    assert len(sample_frames(path, FILM, SIDE)) == 4


@pytest.mark.parametrize(
    ("scene", "damage", "reason"),
    [
        (Image.new("RGB", SIZE, "black"), bytes, "all black or of one colour"),
        (SCENES[0], without_pictures, "no picture of this video can be decoded"),
    ],
)
def test_a_film_that_shows_nothing_says_whether_it_can_be_decoded(
    scene: Image.Image, damage: Callable[[bytes], bytes], reason: str, tmp_path: Path
) -> None:
    path = make_film(tmp_path / "a.mp4", [scene], options={"movflags": "faststart"})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Undecodable, match=reason):
        sample_frames(path, FILM, SIDE)

"""Videos play in a real browser: from the moment that was found, or over a Live Photo's still."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.app.serving import served
from tests.commands import starter_library
from tests.conftest import SAMPLE
from tests.films import make_film, quarters
from tests.live_photos import live_exif
from tests.photos import make_photo

pytestmark = pytest.mark.browser

SCENES = ("Animals/Arctic/IMG_2034.jpg", "Home/Pets/котёнок с клубком.jpg")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page over a Live Photo and two films of the same scenes; no browser plays the second."""
    place = tmp_path_factory.mktemp("videos")
    scenes = [Image.open(SAMPLE / name) for name in SCENES]
    for name in ("plays.mp4", "does not.avi"):
        make_film(place / "films" / name, scenes, size=(320, 240))
    live_id = "8A1F-22"
    make_photo(place / "films" / "IMG_1.jpg", "red", exif=live_exif(live_id))
    make_film(
        place / "films" / "IMG_1.mov",
        [quarters("red", "blue", "lime", "white")],
        scene_s=20,  # so that no slow machine misses it
        com__apple__quicktime__content__identifier=live_id,
    )
    library = starter_library(place / "library")
    with closing(library), library.writing():
        library.add_root(place / "films")
        library.rebuild()
    with served(place / "library") as address:
        yield address


def test_a_video_plays_from_its_moment_and_what_does_not_play_shows_its_frames(
    page: Page, address: str
) -> None:
    page.goto(f"{address}?q=a+kitten&all=1")
    page.locator(".opener", has_text="plays.mp4").click()
    video = page.locator("video.video")
    expect(video).to_be_visible()
    page.wait_for_function(
        "video => video.readyState >= 2", arg=video.element_handle()
    )  # it has the frame that it shows
    found_s = video.evaluate("video => video.currentTime")
    assert 4 <= found_s < 8
    assert video.evaluate("video => video.videoWidth") == 320
    page.locator(".frame").first.click()  # the bear's scene
    page.wait_for_function(
        "video => !video.seeking && video.currentTime < 4", arg=video.element_handle()
    )
    page.keyboard.press("Escape")
    page.locator(".opener", has_text="does not.avi").click()
    expect(page.get_by_text("This browser cannot play the video")).to_be_visible()
    expect(video).to_be_hidden()
    expect(page.locator(".frame .time")).to_have_count(2)
    expect(page.locator(".download")).to_be_visible()


@pytest.mark.long  # test_live_photos.py has its film
def test_a_live_photo_plays_under_the_pointer_and_at_a_press(page: Page, address: str) -> None:
    page.emulate_media(reduced_motion="no-preference")
    page.goto(f"{address}?q=type:photo")
    opener = page.locator(".opener", has_text="IMG_1.jpg")
    expect(opener).to_have_count(1)
    over = opener.locator("video")
    opener.hover()
    assert_plays(page, over)
    assert over.evaluate("video => video.muted")
    page.mouse.move(0, 0)
    expect(over).to_be_hidden()
    opener.click()
    page.locator(".play-live").click()
    large = page.locator(".stage video.live")
    assert_plays(page, large)
    assert not large.evaluate("video => video.muted")


def assert_plays(page: Page, video: Locator) -> None:
    """It is seen, it moves on, and it has the pixels of the film."""
    page.wait_for_function(
        "video => !video.hidden && video.currentTime > 0", arg=video.element_handle()
    )
    assert video.evaluate("video => video.videoWidth") == 160

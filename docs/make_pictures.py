"""Takes the pictures of the page that the README shows, docs/pictures/*.webp, over data/sample.

    python docs/make_pictures.py HOME [PORT]

In the directory HOME, whose path is seen on some of them, it makes Pictures, a copy of the sample,
and a library of it. Needs Chromium, and fonts for Chinese and the names in many scripts.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from PIL import Image
from playwright.sync_api import Browser, Page

from indexer.environment import FOLDERS
from indexer.serving.serve import HOST
from tests.app.chromium import chromium

SAMPLE: Final = Path(__file__).parents[1] / "data" / "sample"
PICTURES: Final = Path(__file__).with_name("pictures")
LIMIT_BYTES: Final = 130_000
FILED: Final = datetime(2024, 3, 9)  # when photos without a date of their own were filed
WAIT_MS: Final = 300_000  # the server starts, the model loads, the atlas is drawn
WIDE, NARROW = (1440, 900), (390, 844)


def click(selector: str) -> Callable[[Page], None]:
    """What clicks there before the picture is taken."""
    return lambda page: page.locator(selector).first.click()


@dataclass(frozen=True)
class Shot:
    """A picture: where the page goes, what is clicked, and what is there when it is ready."""

    name: str
    path: str
    ready: str
    act: Callable[[Page], None] = lambda _page: None
    size: tuple[int, int] = WIDE
    scheme: Literal["light", "dark"] = "light"
    locale: str = "en-GB"


SHOTS: Final = (
    Shot("search", "?q=a+palace", ".opener"),
    Shot(
        "photo",
        "?q=mountains&all=1",
        ".sheet .map:not([hidden])",
        click('[title^="Huayna Picchu"]'),
    ),
    Shot("timeline", "timeline", ".opener"),
    Shot("map", "map", ".dot"),
    Shot("explore", "explore", ".group"),
    Shot("library", "library", ".about"),
    Shot("chinese", "", ".opener", locale="zh-CN"),
    Shot("narrow", "?q=a+temple", ".opener", size=NARROW, scheme="dark"),
)
WELCOME: Final = Shot(
    "welcome", "", ".st-key-picker_add", click(".st-key-picker_list button:has-text('Pictures')")
)


def main() -> None:
    """Take them all."""
    home, port = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 8599
    photos, library = home / "Pictures", home / ".recollect"
    PICTURES.mkdir(exist_ok=True)
    os.environ[FOLDERS] = str(home)
    copy_sample(photos)
    indexer("rebuild", photos, "--library", library, "--model", "starter")
    indexer("explore", "--library", library)
    with chromium() as browser:
        with served(library, port) as address:
            for shot in (SHOTS[0], *SHOTS):  # the first search loads the model
                take(browser, address, shot)
        with served(home / ".recollect-new", port + 1) as address:
            take(browser, address, WELCOME)


def copy_sample(photos: Path) -> None:
    """Copy it to `photos`, all files of one day."""
    shutil.copytree(SAMPLE, photos, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.md"))
    for path in photos.rglob("*.*"):
        os.utime(path, (FILED.timestamp(), FILED.timestamp()))


def indexer(*arguments: object) -> None:
    """Run the command to its end."""
    subprocess.run(command(*arguments), check=True)


def command(*arguments: object) -> list[str]:
    """The command line of `indexer`."""
    return [sys.executable, "-m", "indexer.cli", *map(str, arguments)]


@contextmanager
def served(library: Path, port: int) -> Iterator[str]:
    """The page's address, while page and daemon run over this library."""
    server = subprocess.Popen(command("serve", "--library", library, "--port", port))
    try:
        yield f"http://{HOST}:{port}/"
    finally:
        server.terminate()
        server.wait()


def take(browser: Browser, address: str, shot: Shot) -> None:
    """Write one picture."""
    width, height = shot.size
    page = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme=shot.scheme, locale=shot.locale
    )
    page.set_default_timeout(WAIT_MS)
    open_page(page, address + shot.path)
    shot.act(page)
    page.locator(shot.ready).first.wait_for()
    page.wait_for_function("[...document.querySelectorAll('img')].every((image) => image.complete)")
    page.mouse.move(0, 0)
    page.wait_for_timeout(2_000)  # what fades in has done so
    write(page.screenshot(), PICTURES / f"{shot.name}.webp")
    page.close()


def open_page(page: Page, address: str) -> None:
    """Go there as soon as the server answers; it starts in a process of its own."""
    for _ in range(WAIT_MS // 500):
        try:
            page.goto(address)
        except Exception as error:
            if "ERR_CONNECTION_REFUSED" not in str(error):
                raise
            page.wait_for_timeout(500)
        else:
            return


def write(png: bytes, target: Path) -> None:
    """Write it as WebP, as good as LIMIT_BYTES allow."""
    for quality in range(90, 40, -4):
        packed = io.BytesIO()
        Image.open(io.BytesIO(png)).convert("RGB").save(packed, "WEBP", quality=quality, method=6)
        if packed.tell() <= LIMIT_BYTES:
            break
    target.write_bytes(packed.getvalue())


if __name__ == "__main__":
    main()

"""What a person waits for on the page, and what travels for it, over a library of 100,000 photos.

    python -m benchmarks.page                  the starter
    python -m benchmarks.page --model clip     the text tower of a ViT-B-32-256 with seeded weights

A real server and a real Chromium. The library is made in a temporary directory: its rows are
synthetic, its vectors CLIP-like, its thumbnails those of the sample photos, many times over; some
photos are near each of the sentences that are asked. Times are taken in the browser, from the key
or the click to the frame that shows what was asked for; bytes are those of the websocket. What
server and browser compute for an action, until all is quiet again, is told as well: on a machine
that has other work, times are longer, and that is not.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import psutil
from playwright.sync_api import Page, WebSocket

from benchmarks.clip_like import ClipLike
from benchmarks.synthetic_library import make_library
from clipcore import Encoder, open_encoder
from indexer.arrays import FloatArray
from indexer.imaging.decode import THUMBNAIL_PX, decode
from indexer.imaging.thumbnails import FileThumbnails
from indexer.library.library import open_library
from indexer.records.models import Model
from tests.app.chromium import chromium
from tests.app.serving import served
from tests.conftest import SAMPLE

ROOT: Final = Path(__file__).parents[1]
SENTENCES: Final = [
    f"{what} {where}"
    for where, what in itertools.product(
        ("on the beach", "in the snow", "at night", "in our garden"),
        ("a dog", "two children", "an old car", "a red boat", "my grandmother", "a large cake"),
    )
]
NEAR: Final = 200  # photos that are near each sentence
NEARNESS: Final = 0.6  # their cosine with it, about
QUICK: Final = 5_000, 3  # photos, more than lie near sentences; queries
THUMBNAILS: Final = 40  # different ones
QUIET_S: Final = 0.5  # nothing more travels after so long

# window.seen becomes the ms from the next key or click to the first frame in which `holds` is true.
WATCH: Final = """
(holds) => {
  const roots = () => [document, ...[...document.querySelectorAll("*")]
    .flatMap((one) => one.shadowRoot ?? [])];
  window.find = (selector) => roots().flatMap((root) => [...root.querySelectorAll(selector)]);
  const test = new Function("find", `return ${holds}`);
  window.seen = new Promise((done) => {
    let asked = null;
    const ask = (event) => { asked ??= performance.now(); };
    const keep = { capture: true, once: true };
    document.addEventListener("keydown", ask, keep);
    document.addEventListener("click", ask, keep);
    const look = () => {
      if (asked !== null && test(window.find)) done(performance.now() - asked);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}
"""


class NearSentences(ClipLike):
    """CLIP-like photos, of which the first lie near the sentences."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(encoder.dim)
        self._about = np.repeat(encoder.embed_texts(SENTENCES), NEAR, axis=0)

    def photos(self, count: int, seed: int) -> FloatArray:
        photos = super().photos(count, seed)
        if seed == 0:
            about = self._about
            own = photos[: len(about)]
            mixed = NEARNESS * about + (1 - NEARNESS**2) ** 0.5 * own
            photos[: len(about)] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
        return photos


@dataclass
class Figures:
    """What was measured of each action."""

    ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    received: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    sent: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    computed: dict[str, list[tuple[float, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def print(self) -> None:
        """A row an action."""
        titles = ("p50 ms", "p95 ms", "kB here", "kB sent", "server", "browser", "times")
        print(f"{'':30}" + "".join(f"{title:>9}" for title in titles))
        for action, times in self.ms.items():
            p50, p95 = np.percentile(times, 50), np.percentile(times, 95)
            here, sent = (np.median(one[action]) / 1e3 for one in (self.received, self.sent))
            server, browser = 1e3 * np.mean(self.computed[action], axis=0)
            row = f"{p50:9.0f}{p95:9.0f}{here:9.1f}{sent:9.1f}{server:9.0f}{browser:9.0f}"
            print(f"{action:30}{row}{len(times):9}")


class Visitor:
    """A person at the page, and what travels between."""

    def __init__(self, page: Page, figures: Figures) -> None:
        self._page = page
        self._figures = figures
        self._received = self._sent = 0
        self._last_s = time.monotonic()
        page.on("websocket", self._listen)

    def measure(self, action: str, act: Callable[[], None], holds: str) -> None:
        """Do something, wait until `holds` (an expression with `find`) is true and all is quiet."""
        self._received = self._sent = 0
        before = np.array(processor_s())
        self._page.evaluate(WATCH, holds)
        act()
        self._figures.ms[action].append(self._page.evaluate("() => window.seen"))
        self.commit()
        self._figures.computed[action].append(tuple(np.array(processor_s()) - before))
        self._figures.received[action].append(self._received)
        self._figures.sent[action].append(self._sent)

    def commit(self) -> None:
        """Wait until nothing more travels."""
        self._last_s = time.monotonic()
        while time.monotonic() - self._last_s < QUIET_S:
            self._page.wait_for_timeout(50)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._hear)
        socket.on("framesent", self._say)

    def _hear(self, payload: bytes | str) -> None:
        self._received += len(payload)
        self._last_s = time.monotonic()

    def _say(self, payload: bytes | str) -> None:
        self._sent += len(payload)


def processor_s() -> tuple[float, float]:
    """Seconds of processor time that the server has used, and the browser."""
    server = browser = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            if "streamlit" in process.cmdline():
                server += times.user + times.system
            else:
                browser += times.user + times.system
    return server, browser


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--model", choices=("starter", "clip"), default="starter")
    parser.add_argument("--queries", type=int, default=len(SENTENCES), help="how many are asked")
    parser.add_argument("--keep", type=Path, help="make the library here, or take it from here")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    if options.quick:
        options.photos, options.queries = QUICK
    with tempfile.TemporaryDirectory() as temporary:
        place = options.keep or Path(temporary)
        if not (place / "library").exists():
            make(place, options.photos, options.model)
        figures = Figures()
        with served(place / "library") as address, new_page() as page:
            visit(page, address, figures, options.queries)
    print(f"{options.photos} photos, {options.model}")
    figures.print()


def make(place: Path, photos: int, model: str) -> None:
    """The library, its index and its thumbnails."""
    source = model if model == "starter" else seeded_clip(place)
    encoder = open_encoder(source)
    near = NearSentences(encoder)
    make_library(place / "library", photos, Model(source, encoder.model_id), near)
    link_thumbnails(FileThumbnails(place / "library" / "thumbnails"), photos)
    library = open_library(place / "library")
    with library.writing():
        library.save_index()
    library.close()


def seeded_clip(place: Path) -> str:
    """A ViT-B-32-256 with seeded weights."""
    from tests.parity.seeded import ARCHITECTURES, write_open_clip

    return str(write_open_clip(place / "model", ARCHITECTURES["ViT-B-32-256"]))


def link_thumbnails(thumbnails: FileThumbnails, photos: int) -> None:
    """Each content's thumbnail is one of a few that lie on disk once."""
    files = sorted(SAMPLE.rglob("*.jpg"))[:THUMBNAILS]
    for at, file in enumerate(files):
        thumbnails.save(_hash(at + 1), decode(file.read_bytes(), THUMBNAIL_PX).thumbnail)
    for number in range(len(files) + 1, photos + 1):
        path = thumbnails.path(_hash(number))
        path.parent.mkdir(exist_ok=True)
        path.hardlink_to(thumbnails.path(_hash((number - 1) % len(files) + 1)))


def _hash(number: int) -> bytes:
    return number.to_bytes(32, "big")


@contextmanager
def new_page() -> Iterator[Page]:
    """A page of a browser of its own."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(120_000)
        yield page


def visit(page: Page, address: str, figures: Figures, queries: int) -> None:
    """Search, search again, scroll, tick and look at photos."""
    visitor = Visitor(page, figures)
    page.goto(address)
    page.get_by_label("Search your photos").wait_for()
    visitor.commit()
    search(page, visitor, 0, "the first search of a server")
    for at in range(1, queries):
        search(page, visitor, at, "a new query")
    for at in range(1, queries // 3):
        search(page, visitor, at, "a query asked before")
    for _ in range(4):
        tick(page, visitor)
        look(page, visitor)
    scroll(page, visitor)


def search(page: Page, visitor: Visitor, at: int, action: str) -> None:
    """Type a sentence and press Enter; shown is the picture of one of the photos near it."""
    box = page.get_by_label("Search your photos")
    box.fill(SENTENCES[at])
    first, last = 1 + at * NEAR, (at + 1) * NEAR
    mine = f"+cell.dataset.photo >= {first} && +cell.dataset.photo <= {last}"
    shown = "cell.querySelector('img')?.complete"
    visitor.measure(
        action, lambda: box.press("Enter"), f'find(".opener").some((cell) => {mine} && {shown})'
    )


def tick(page: Page, visitor: Visitor) -> None:
    """Tick a photo, and take that back."""
    box = page.locator(".tick").first
    there = 'find(".st-key-selection_bar").length > 0'
    visitor.measure("a photo is ticked", lambda: box.click(), there)
    visitor.measure("and no longer", lambda: box.click(), f"!({there})")


def look(page: Page, visitor: Visitor) -> None:
    """Open a photo, and close it again."""
    there = 'find(".sheet").length > 0'
    cell = page.locator(".opener").first
    visitor.measure("a photo is opened", lambda: cell.click(), there)
    visitor.measure("and closed", lambda: page.keyboard.press("Escape"), f"!({there})")


def scroll(page: Page, visitor: Visitor) -> None:
    """To the end of the wall, where more photos come."""
    cells = page.locator(".opener")
    cells.first.focus()
    more = f'find(".opener").length > {cells.count()}'
    visitor.measure("more photos come", lambda: page.keyboard.press("End"), more)


if __name__ == "__main__":
    main()

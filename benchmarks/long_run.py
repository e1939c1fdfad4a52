"""Does memory stay flat over a long run? Resident set and open files while photos are indexed.

Runs the real daemon in a process of its own over generated small photos and looks at it from
outside. `--encoder cheap` computes mean colours instead of running a model: what is measured is
everything but the model, at a rate that makes 20,000 photos bearable; `starter` is the real one.

    python -m benchmarks.long_run --photos 20000 --encoder cheap
    python -m benchmarks.long_run --photos 2000 --base 500 --encoder starter
"""

from __future__ import annotations

import argparse
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

SIZE_PX = (320, 240)
PER_FOLDER = 1_000
QUICK = 60, 20  # photos, and those of them before the first look
DAEMON = """
import sys
from pathlib import Path
from benchmarks.long_run import MeanColours
from indexer.daemon.daemon import Daemon
from indexer.library.library import open_library
from indexer.cli.options import stopped_by_signals

library, photos, encoder = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
own = {"open_encoder": lambda _: MeanColours()} if encoder == "cheap" else {}
with stopped_by_signals() as stopped:
    opened = open_library(library, create=True, model=encoder, **own)
    opened.add_root(photos)
    Daemon(opened, stopped=stopped).run()
    opened.close()
"""


class MeanColours:
    """A deterministic encoder that costs next to nothing: a photo as 12 x 12 mean colours."""

    model_id = "mean-colours-1"
    image_size_px = 224
    dim = 432
    logit_scale = 0.0
    logit_bias = None

    def preprocess(self, image: Image.Image) -> np.ndarray:
        """An upright image -> (3, 224, 224), as large as what a model takes."""
        side = self.image_size_px
        return np.asarray(image.resize((side, side)), np.float32).transpose(2, 0, 1) / 255

    def load_images(self) -> None:
        """There is nothing to load."""

    def embed_images(self, pixels: np.ndarray) -> np.ndarray:
        """(B, 3, 224, 224) -> (B, 432) unit rows."""
        cropped = pixels[:, :, :216, :216].reshape(-1, 3, 12, 18, 12, 18)
        rows = cropped.mean(axis=(3, 5)).reshape(-1, self.dim) + np.float32(0.01)
        return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """N texts -> (N, 432) equal unit rows: a run prepares for queries, and makes none."""
        return np.full((len(texts), self.dim), self.dim**-0.5, np.float32)


def main() -> None:
    """Make the photos, run the daemon over them, print what it held on to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=20_000)
    parser.add_argument("--encoder", default="cheap", help="'cheap', or what --model takes")
    parser.add_argument("--base", type=int, default=2_000, help="photos before the first look")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    if options.quick:
        options.photos, options.base = QUICK
    if options.photos <= options.base:
        parser.error("--photos must be above --base")
    with tempfile.TemporaryDirectory() as folder:
        photos, library = Path(folder) / "photos", Path(folder) / "library"
        make_photos(photos, options.photos)
        started = time.monotonic()
        base, end = measure(library, photos, options)
        seconds = time.monotonic() - started
    print(f"{options.photos} photos, encoder {options.encoder}, {options.photos / seconds:.0f}/s")
    print(f"after {base[0]:6}: {base[1]:7.1f} MB, {base[2]} open files")
    print(f"after {end[0]:6}: {end[1]:7.1f} MB, {end[2]} open files")
    print(f"difference  : {100 * (end[1] / base[1] - 1):+.1f} %")


def make_photos(folder: Path, count: int) -> None:
    """JPEG files of distinct bytes: smooth pictures with a little noise, no two alike."""
    noise = np.random.default_rng(0)
    for number in range(count):
        coarse = noise.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        path = folder / f"{number // PER_FOLDER:03}" / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(coarse).resize(SIZE_PX, Image.Resampling.BICUBIC).save(path, quality=85)


Sample = tuple[int, float, int]  # photos indexed, megabytes resident, open files


def measure(library: Path, photos: Path, options: argparse.Namespace) -> tuple[Sample, Sample]:
    """The daemon's samples after the base and after the last photo."""
    arguments = [str(library), str(photos), options.encoder]
    daemon = subprocess.Popen([sys.executable, "-c", DAEMON, *arguments])
    process, base = psutil.Process(daemon.pid), None
    while True:
        if daemon.poll() is not None:
            sys.exit(f"the daemon ended by itself ({daemon.returncode})")
        done = ingested(library)
        sample = (done, process.memory_info().rss / 1e6, process.num_fds())
        if base is None and done >= options.base:
            base = sample
        if base is not None and done >= options.photos:
            break
        time.sleep(0.25)
    time.sleep(3)  # the index is written after the last batch
    end = (done, process.memory_info().rss / 1e6, process.num_fds())
    daemon.send_signal(signal.SIGTERM)
    daemon.wait()
    return base, end


def ingested(library: Path) -> int:
    """How many photos have been committed."""
    if not (library / "library.db").exists():
        return 0
    with closing(sqlite3.connect(library / "library.db")) as connection:
        return int(connection.execute("SELECT count(content_id) FROM photos").fetchone()[0])


if __name__ == "__main__":
    main()

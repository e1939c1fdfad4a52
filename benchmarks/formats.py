"""How fast is a photo of each format read, next to its embedding? And is it embedded alike?

    python -m benchmarks.formats --megapixels 12

Writes one photo in every format, in memory. Each file is decoded as indexing does it, in turns, by
one thread; worker processes are warm. `cosine`: of its embedding with that of the JPEG.
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image
from pillow_heif import register_heif_opener

from benchmarks.photo_set import make_photo
from clipcore import open_encoder
from clipcore.encoder import Encoder
from indexer.formats import format_of
from indexer.imaging.decode import decode
from indexer.imaging.film_sample import sample_frames
from tests.films import make_film
from tests.raw_photos import dng
from tests.still_files import still

BATCH: Final = 8  # photos embedded at once
JPEG, HEIC, VIDEO = "JPEG", "HEIC", "video, MP4"
HD, QUICK, SCENES = (1920, 1080), (320, 180), 20

register_heif_opener()  # to write such files


def saved(kind: str, **save: Any) -> Callable[[Image.Image], bytes]:
    """A writer of files of this kind."""

    def write(image: Image.Image) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, kind, **save)
        return buffer.getvalue()

    return write


FILES: Final[dict[str, Callable[[Image.Image], bytes]]] = {
    JPEG: saved("JPEG", quality=90),
    "PNG": saved("PNG", compress_level=1),
    "WebP": saved("WEBP", quality=85, method=0),
    "TIFF": saved("TIFF"),
    "GIF": saved("GIF"),
    HEIC: saved("HEIF", quality=80, tile_size=512),  # as phones write them
    "HEIC, whole": saved("HEIF", quality=80),
    "AVIF": saved("AVIF", quality=75, speed=10),
    "JPEG XL": saved("JXL", quality=90, effort=3),
    "JPEG 2000": saved("JPEG2000", quality_mode="rates", quality_layers=[12]),
    "PPM": saved("PPM"),
    "Photoshop": lambda image: still(image, "PSD"),
    "TGA": saved("TGA"),
    "QOI": saved("QOI"),
    "RAW": dng,
    "RAW, preview": lambda image: dng(image, preview=image),
}


def main() -> None:
    """Write the files, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="formats whose name has this in it, and JPEG")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    if options.quick:
        options.megapixels, options.runs = 0.3, 1
    encoder = open_encoder("starter")
    encoder.load_images()
    files = written(options.megapixels, options.only)
    decodes, vectors = measured(files, encoder, options.runs)
    embed_s = embedding_s(files[JPEG], encoder, options.runs)
    print(f"{'format':<14} {'MB':>6} {'decode ms':>10} {'x JPEG':>7} {'photos/s':>9} {'cosine':>7}")
    for name, data in files.items():
        decode_s = statistics.median(decodes[name])
        ratio = decode_s / statistics.median(decodes[JPEG])
        cosine = float(vectors[name] @ vectors[JPEG])
        print(
            f"{name:<14} {len(data) / 1e6:>6.1f} {1000 * decode_s:>10.1f} {ratio:>7.2f} "
            f"{1 / (decode_s + embed_s):>9.1f} {cosine:>7.3f}"
        )
    print(f"{1000 * embed_s:.1f} ms for each embedding, {BATCH} at once; both are in photos/s")
    if HEIC in files:
        ratio = of_plain_heif(files[HEIC], encoder, options.runs)
        print(f"HEIC: {ratio:.2f} times the photos/s of pillow-heif, RGB and Pillow's resize")
    if options.only in VIDEO:
        frame_s = video_frame_s(encoder.image_size_px, options.runs, QUICK if options.quick else HD)
        print(f"{VIDEO}: {1000 * frame_s:.1f} ms for each frame that is looked at")


def written(megapixels: float, only: str) -> dict[str, bytes]:
    """The files by the names of their formats."""
    with tempfile.TemporaryDirectory() as folder:
        photo = Image.open(make_photo(Path(folder), 0, megapixels)).convert("RGB")
    photo = photo.crop((0, 0, photo.width // 2 * 2, photo.height // 2 * 2))  # whole mosaics
    return {name: write(photo) for name, write in FILES.items() if only in name or name == JPEG}


def measured(
    files: dict[str, bytes], encoder: Encoder, runs: int
) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """Seconds of each decode, in turns after one that is not counted, and the embeddings."""
    times: dict[str, list[float]] = {name: [] for name in files}
    vectors = {}
    for name, data in files.items():
        pixels = encoder.preprocess(decode(data, encoder.image_size_px).image)
        vectors[name] = encoder.embed_images(pixels[None])[0]
    for _ in range(runs):
        for name, data in files.items():
            started = time.perf_counter()
            decode(data, encoder.image_size_px)
            times[name].append(time.perf_counter() - started)
    return times, vectors


def of_plain_heif(data: bytes, encoder: Encoder, runs: int) -> float:
    """Times as many photos each second as by the plain way from a file to the encoder's pixels."""

    def plain() -> None:
        with Image.open(io.BytesIO(data)) as image:
            image.convert("RGB").resize((encoder.image_size_px,) * 2, Image.Resampling.BICUBIC)

    def ours() -> None:
        decode(data, encoder.image_size_px)

    times: dict[Callable[[], None], list[float]] = {plain: [], ours: []}
    for _ in range(runs):
        for way, seconds in times.items():
            started = time.perf_counter()
            way()
            seconds.append(time.perf_counter() - started)
    return statistics.median(times[plain]) / statistics.median(times[ours])


def video_frame_s(image_size_px: int, runs: int, size: tuple[int, int]) -> float:
    """Seconds for each frame, with the search for it; films.py times a film of an hour."""
    with tempfile.TemporaryDirectory() as folder:
        scenes = [Image.open(make_photo(Path(folder), number, 1)) for number in range(SCENES)]
        path = make_film(Path(folder) / "film.mp4", scenes, size=size)
        format = format_of(path.read_bytes())
        assert format
        times = []
        for _ in range(runs + 1):  # the first starts the worker process
            started = time.perf_counter()
            frames = sample_frames(path, format, image_size_px)
            times.append((time.perf_counter() - started) / len(frames))
    return statistics.median(times[1:])


def embedding_s(data: bytes, encoder: Encoder, runs: int) -> float:
    """Seconds for each of BATCH photos."""
    pixels = encoder.preprocess(decode(data, encoder.image_size_px).image)
    batch = np.stack([pixels] * BATCH)
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        encoder.embed_images(batch)
        times.append((time.perf_counter() - started) / BATCH)
    return statistics.median(times)


if __name__ == "__main__":
    main()

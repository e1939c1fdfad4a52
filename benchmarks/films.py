"""How long does a film of one hour take to be indexed, and where does the time go?

    python -m benchmarks.films --minutes 60 --model starter

Makes a film of 1080p H.264 with a keyframe each ten seconds: one minute of moving pictures, encoded
once and repeated. Prints JSON: seconds for its hash, for its frames in their worker process, for
their embeddings, and for a library that indexes it, all on the cores that this process may use.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from clipcore import open_encoder
from clipcore.encoder import Encoder
from clipcore.engines.cpu import cores
from indexer.imaging.film import Frames, frames_at, read_film
from indexer.imaging.isolation import run_isolated
from indexer.ingest.films import AT_ONCE, LIMITS
from indexer.library.library import open_library

FPS: Final = 25
SIZE: Final = (1920, 1080)
GOP_S: Final = 10
SCENE_S: Final = 5
BLOCK_PX: Final = 32


def main() -> None:
    """Make the film, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--quick", action="store_true", help="a tiny film, to see that it runs")
    options = parser.parse_args()
    size, seconds = ((320, 180), 4) if options.quick else (SIZE, 60)
    minutes = 2 if options.quick else options.minutes
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "films" / "film.mp4"
        film.parent.mkdir()
        minute = write_minute(Path(folder) / "minute.mp4", size, seconds)
        repeat(minute, film, minutes)
        print(json.dumps(measured(film, options.model), indent=1))


def write_minute(path: Path, size: tuple[int, int], seconds: int) -> Path:
    """Blocks of colour that move, and change every SCENE_S."""
    width, height = size
    shape = (height // BLOCK_PX + 60, width // BLOCK_PX + 90, 3)
    blocks = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    blocks = blocks.repeat(BLOCK_PX, 0).repeat(BLOCK_PX, 1)
    with av.open(path, "w") as film:
        stream: Any = film.add_stream("libx264", rate=FPS)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "g": str(GOP_S * FPS), "sc_threshold": "0"}
        for number in range(seconds * FPS):
            scene = number // (SCENE_S * FPS)
            left, top = (4 * number + 211 * scene) % 2000, (number + 97 * scene) % 1500
            picture = np.ascontiguousarray(blocks[top : top + height, left : left + width])
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    return path


def repeat(minute: Path, path: Path, times: int) -> None:
    """The same packets again and again, one minute behind the other."""
    offset = 0
    with av.open(path, "w") as film:
        target: Any = None
        for _ in range(times):
            with av.open(minute) as source:
                stream: Any = source.streams.video[0]
                target = target or film.add_stream_from_template(stream)
                for packet in source.demux(stream):
                    if packet.dts is not None:
                        packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                        packet.stream = target
                        film.mux(packet)
                offset += stream.duration


def measured(film: Path, model: str) -> dict[str, Any]:
    """Seconds for each part, and for the whole."""
    encoder = open_encoder(model)
    encoder.load_images()
    hash_s, _ = timed(lambda: _hash(film))
    open_s, opened = timed(lambda: run_isolated(LIMITS, read_film, str(film), "MP4"))
    rounds = -(-len(opened.moments_s) // AT_ONCE)
    decode_s, frames = timed(
        lambda: [
            run_isolated(
                LIMITS, frames_at, str(film), opened.moments_s[first::rounds], encoder.image_size_px
            )
            for first in range(rounds)
        ]
    )
    embed_s, _ = timed(lambda: _embed(encoder, frames))
    library_s, kept = timed(lambda: _library(film.parent, model))
    return {
        "cores": cores(),
        "film_s": opened.facts.duration_s,
        "film_mb": film.stat().st_size / 1e6,
        "hash_s": hash_s,
        "open_s": open_s,
        "decode_s": decode_s,
        "frames": sum(len(one.frames) for one in frames),
        "embed_s": embed_s,
        "library_s": library_s,
        "kept": kept,
    }


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came of it."""
    started = time.perf_counter()
    done = work()
    return time.perf_counter() - started, done


def _hash(film: Path) -> bytes:
    with film.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _embed(encoder: Encoder, rounds: list[Frames]) -> None:
    for one in rounds:
        encoder.embed_images(np.stack([encoder.preprocess(frame.image) for frame in one.frames]))


def _library(folder: Path, model: str) -> int:
    with tempfile.TemporaryDirectory() as place:
        library = open_library(Path(place), create=True, model=model)
        with library.writing():
            library.add_root(folder)
            report = library.rebuild()
        assert report.embedded == 1, library.failures()
        kept = library.status().embeddings
        library.close()
        return kept


if __name__ == "__main__":
    main()

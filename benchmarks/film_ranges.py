"""How well does the range of a film's hit fit the scene that the query asks for?

    python -m benchmarks.film_ranges

Makes films of the photos of data/sample, each shown for 4 to 20 seconds under a camera that moves
over it, and asks the labelled queries of tests/sample_queries.toml of each film that shows a right
answer. The films are of two kinds: of photos in a random order, and of the neighbours in a folder,
which look alike. Where the best frame is of the right scene, the seconds of its range are compared
with those of the scene, for several values of moments.SHARE; a frame stands for the seconds until
the next one that is kept. Prints a line a share: intersection over union, and seconds that are too
many and too few, means over the hits.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from PIL import Image

from benchmarks.starter_retrieval import Case, quick_sample, sample
from clipcore import open_encoder
from clipcore.encoder import Encoder
from indexer.arrays import FloatArray
from indexer.imaging.decode import decode
from indexer.ingest.films import FilmReader
from indexer.query.query import Term, Text
from indexer.search.moments import around
from indexer.search.relevance import Calibration, Scale, generic_texts

SHARES: Final = tuple(np.arange(0.4, 0.96, 0.05).round(2).tolist())
SIZE: Final = (320, 240)
FPS: Final = 5
GOP_S: Final = 2  # as far as candidates lie apart
WINDOW: Final = 0.7  # of a photo's side is seen at once
SCENE_S: Final = (4, 20)
SCENES: Final = 12  # of a film

Scene = tuple[str, int]  # a photo, and the seconds for which it is shown


@dataclass(frozen=True, slots=True)
class Shown:
    """The kept frames of a film in their order: (F, D) vectors, the scene of each, and for how
    long it stands."""

    scenes: tuple[str, ...]
    vectors: FloatArray
    scene_of: FloatArray
    seconds: FloatArray


def main() -> None:
    """Make the films, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="starter")
    parser.add_argument("--quick", action="store_true", help="tiny films, to see that it runs")
    options = parser.parse_args()
    photos, cases = quick_sample() if options.quick else sample()
    encoder = open_encoder(options.model)
    texts = encoder.embed_texts([text for text, _ in cases])
    generic = encoder.embed_texts(generic_texts())
    mixed = random.Random(0).sample(sorted(photos), len(photos))
    for kind, names in (("in a random order", mixed), ("neighbours in a folder", sorted(photos))):
        films = [shown(scenes, photos, encoder) for scenes in _films(names)]
        scale = Calibration(generic, np.vstack([film.vectors for film in films])).scale(
            [Term(Text(""))]
        )
        print(f"{kind}:")
        print_report(films, cases, texts, scale)


def _films(names: Sequence[str]) -> Iterator[list[Scene]]:
    lengths = random.Random(1)
    for first in range(0, len(names), SCENES):
        part = names[first : first + SCENES]
        yield [(name, lengths.randint(*SCENE_S)) for name in part]


def shown(scenes: Sequence[Scene], photos: dict[str, Path], encoder: Encoder) -> Shown:
    """A film of these scenes as it is indexed."""

    def embed(images: Sequence[Image.Image]) -> FloatArray:
        return encoder.embed_images(np.stack([encoder.preprocess(image) for image in images]))

    with tempfile.TemporaryDirectory() as folder:
        film = write_film(Path(folder) / "film.mp4", [(photos[name], s) for name, s in scenes])
        kept = FilmReader(film, encoder.image_size_px, embed, lambda: False).read("MP4")
    order = np.argsort(kept.moments_ms)
    moments_s = np.array(kept.moments_ms)[order] / 1000
    ends_s = np.cumsum([seconds for _, seconds in scenes])
    return Shown(
        tuple(name for name, _ in scenes),
        kept.vectors[order],
        np.searchsorted(ends_s[:-1], moments_s, side="right"),
        np.diff(np.append(moments_s, ends_s[-1])),
    )


def write_film(path: Path, scenes: Sequence[tuple[Path, int]]) -> Path:
    """Each photo for so many seconds, seen through a window that moves from its left to its right
    or back."""
    number = 0
    with av.open(path, "w") as film:
        stream: Any = film.add_stream("libx264", rate=FPS)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "g": str(GOP_S * FPS), "sc_threshold": "0"}
        for place, (photo, seconds) in enumerate(scenes):
            picture = decode(photo.read_bytes(), SIZE[0]).image.convert("RGB")
            for at in np.linspace(place % 2, 1 - place % 2, seconds * FPS):
                frame = av.VideoFrame.from_image(_window(picture, at))
                frame.pts, frame.time_base = number, Fraction(1, FPS)
                film.mux(stream.encode(frame))
                number += 1
        film.mux(stream.encode(None))
    return path


def _window(picture: Image.Image, at: float) -> Image.Image:
    """A part of the picture, of a film's shape; `at`: from 0 on the left to 1 on the right."""
    scale = WINDOW * min(picture.width / SIZE[0], picture.height / SIZE[1])
    width, height = scale * SIZE[0], scale * SIZE[1]
    left, top = at * (picture.width - width), (picture.height - height) / 2
    return picture.resize(SIZE, box=(left, top, left + width, top + height))


def print_report(
    films: Sequence[Shown], cases: Sequence[Case], texts: FloatArray, scale: Scale
) -> None:
    """A line a share."""
    asked = [
        (film, right, text)
        for film in films
        for (_, right), text in zip(cases, texts, strict=True)
        if right & set(film.scenes)
    ]
    for share in SHARES:
        fits = [fit for one in asked if (fit := _fit(*one, scale, share))]
        if not fits:
            print(f"  none of {len(asked)} best frames is of the right scene")
            return
        union, more_s, less_s = np.mean(fits, axis=0)
        print(
            f"  share {share:.2f}, {len(fits)} of {len(asked)} hits: IoU {union:.3f}, "
            f"{more_s:.1f} s too many, {less_s:.1f} s too few"
        )


def _fit(
    film: Shown, right: set[str], text: FloatArray, scale: Scale, share: float
) -> tuple[float, float, float] | None:
    """IoU, seconds too many and too few; None where the best frame is of another scene."""
    is_right = np.array([name in right for name in film.scenes])[film.scene_of]
    scores = film.vectors @ text
    best = int(scores.argmax())
    if not is_right[best]:
        return None
    found = _between(*around(best, scale.deviations(scores, film.vectors), share), film)
    wanted = _between(*around(best, is_right.astype(np.float32)), film)
    both, either = film.seconds[found & wanted].sum(), film.seconds[found | wanted].sum()
    return (
        both / either,
        film.seconds[found & ~wanted].sum(),
        film.seconds[wanted & ~found].sum(),
    )


def _between(first: int, last: int, film: Shown) -> Any:
    places = np.arange(len(film.seconds))
    return (places >= first) & (places <= last)


if __name__ == "__main__":
    main()

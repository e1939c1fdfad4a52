"""Real films of known pictures, made with PyAV: small, and of a few seconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from indexer.imaging.film import Frames, frames_at

SIZE = (160, 120)
FPS = 10
CODECS = {
    ".webm": "libvpx-vp9", ".avi": "mpeg4", ".mpg": "mpeg2video", ".mpeg": "mpeg2video",
    ".vob": "mpeg2video", ".wmv": "msmpeg4v3", ".ogv": "libvpx", ".dv": "dvvideo",
}  # fmt: skip
QUICKLY = {
    "libx264": {"preset": "ultrafast", "sc_threshold": "0"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
}
CONTAINERS = {".insv": "mp4", ".dv": "dv"}  # where their suffix does not say it


def make_film(
    path: Path,
    scenes: Sequence[Image.Image],
    *,
    scene_s: float = 4.0,
    size: tuple[int, int] = SIZE,
    fps: int = FPS,
    gop: int | None = None,
    codec: str | None = None,
    rotation: int = 0,
    sound: bool = False,
    options: dict[str, str] | None = None,
    **tags: str,
) -> Path:
    """A film of these pictures, each shown for `scene_s`; `tags` are those of its container."""
    path.parent.mkdir(parents=True, exist_ok=True)
    muxer = {"movflags": "use_metadata_tags"} if path.suffix in (".mp4", ".mov", ".m4v") else {}
    container = CONTAINERS.get(path.suffix)
    with av.open(path, "w", container, options={**muxer, **(options or {})}) as film:
        film.metadata.update({name.replace("__", "."): value for name, value in tags.items()})
        stream: Any = film.add_stream(codec or CODECS.get(path.suffix, "libx264"), rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = gop or fps
        stream.options = QUICKLY.get(stream.codec_context.name, {})
        if rotation:
            stream.set_display_rotation(rotation)
        silence = film.add_stream("aac", rate=8000) if sound else None
        for number, picture in enumerate(_shown(scenes, round(scene_s * fps), size)):
            frame = av.VideoFrame.from_image(picture)
            frame.pts, frame.time_base = number, Fraction(1, fps)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
        if silence is not None:
            _add_silence(film, silence)
    return path


def _shown(
    scenes: Iterable[Image.Image], frames_each: int, size: tuple[int, int]
) -> Iterable[Image.Image]:
    """A frame after the other; a little brighter and darker each, as no film stands still."""
    for scene in scenes:
        picture = np.asarray(scene.convert("RGB").resize(size), np.int16)
        for number in range(frames_each):
            yield Image.fromarray(np.clip(picture + number % 3, 0, 255).astype(np.uint8))


def make_sound(path: Path) -> Path:
    """A film that has sound alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(path, "w") as film:
        _add_silence(film, film.add_stream("aac", rate=8000))
    return path


def frames_within_memory(path: str, moments_s: Sequence[float], image_size_px: int) -> Frames:
    """frames_at() on a machine that holds two pictures at once, and none of the second scene."""
    if len(moments_s) > 2 or any(4 <= moment_s < 8 for moment_s in moments_s):
        raise MemoryError
    return frames_at(path, moments_s, image_size_px)


def without_pictures(data: bytes) -> bytes:
    """An MP4 whose facts come first, of whose pictures nothing was written."""
    start = data.index(b"mdat") + 4
    return data[:start] + bytes(len(data) - start)


def without_index(data: bytes) -> bytes:
    """An MP4 that does not say where its pictures lie."""
    return data.replace(b"stco", b"zzzz")


def _add_silence(film: Any, stream: Any) -> None:
    silence = np.zeros((1, 8000), np.float32)
    frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
    frame.sample_rate = 8000
    film.mux(stream.encode(frame))
    film.mux(stream.encode(None))


def quarters(*colours: str) -> Image.Image:
    """A picture of four colours, so that it is no plane: ColourEncoder sees each of them."""
    picture = Image.new("RGB", SIZE, colours[0])
    width, height = SIZE[0] // 2, SIZE[1] // 2
    for place, colour in enumerate(colours):
        left, top = place % 2 * width, place // 2 * height
        picture.paste(colour, (left, top, left + width, top + height))
    return picture

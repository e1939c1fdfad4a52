"""A film by its path -> facts, and upright pictures of moments. The only file that knows PyAV.

Moments are reached by seeking, so that a film of hours costs no more than its chosen frames. PyAV
runs where its crash costs one film: call these functions by run_isolated(). They read no whole
film into memory, and open nothing but the file itself: a container may name others.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from clipcore.messages import N_
from indexer.errors import Undecodable
from indexer.imaging.decode import HEADROOM_OF_MEANS, SMALL_THUMBNAIL_PX
from indexer.imaging.exif import SIDEWAYS
from indexer.imaging.film_facts import camera, live_id, lower_cased, position, taken_at
from indexer.imaging.turning import turned
from indexer.records.photos import Facts

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# demuxers of libavformat: a playlist, which names other files or addresses, is none of them
DEMUXERS: Final = "mov,matroska,avi,mpegts,mpeg,mpegvideo,asf,flv,ogg,dv"
OPTIONS: Final = {"protocol_whitelist": "file", "format_whitelist": DEMUXERS}
PIXEL_LIMIT: Final = 100_000_000  # 8K has 33 million
STEP_S: Final = 2.0  # between candidates, at least
CANDIDATES: Final = 128
IN_ORDER: Final = 48  # frames that are taken from a film in which nobody can seek
PACKETS: Final = 5_000  # are read in search of one keyframe: some minutes
FORWARD_FRAMES: Final = 750  # are decoded behind keyframes that lie far apart, for one call
EMPTY_RANGE: Final = 8  # of 255: a plane of one colour
BLACK_MEAN, BLACK_BRIGHT = 10, 32  # of 255: noise of a sensor in the dark is darker
US_PER_S: Final = 1_000_000
NOTHING_DECODED: Final = N_("no picture of this video can be decoded")
ALL_EMPTY: Final = N_("a video whose pictures are all black or of one colour")
# the signs of a, b, c, d in a display matrix -> the orientation as EXIF counts it
ORIENTATIONS: Final = {
    (1, 0, 0, 1): 1, (-1, 0, 0, 1): 2, (-1, 0, 0, -1): 3, (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5, (0, 1, -1, 0): 6, (0, -1, -1, 0): 7, (0, -1, 1, 0): 8,
}  # fmt: skip


class NoSeeking(Exception):
    """Nobody can seek in this film: its index is missing, or its length is unknown."""


@dataclass(frozen=True, slots=True)
class Film:
    """What a film says of itself; `moments_s`, those of which pictures are worth a look.

    Without moments, as nobody knows its length, it is read in order.
    """

    facts: Facts
    moments_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """An upright picture, and when it is shown. `is_empty`: it is black, or of one colour."""

    moment_ms: int
    image: Image.Image
    is_empty: bool


@dataclass(frozen=True, slots=True)
class Frames:
    """Pictures in the order of their moments; `lost`: how many moments could not be decoded."""

    frames: tuple[Frame, ...]
    lost: int = 0


def read_film(path: str, kind: str) -> Film:
    """The facts of a film of that `kind`, and its candidates. Raises Undecodable."""
    with _opened(path) as (container, stream):
        duration_s = _duration_s(container, stream)
        orientation = _orientation(container, stream, duration_s)
        width, height = _shown_size(stream)
        if orientation in SIDEWAYS:
            width, height = height, width
        tags = lower_cased({**stream.metadata, **container.metadata})
        taken, offset_min = taken_at(tags)
        latitude_deg, longitude_deg = position(tags)
        facts = Facts(
            width_px=width,
            height_px=height,
            format=kind,
            orientation=orientation,
            taken_at=taken,
            taken_offset_min=offset_min,
            camera=camera(tags),
            latitude_deg=latitude_deg,
            longitude_deg=longitude_deg,
            duration_s=round(duration_s, 3),
            live_id=live_id(tags),
        )
        return Film(facts, candidates(duration_s))


def candidates(duration_s: float) -> tuple[float, ...]:
    """Moments evenly over a film of that length."""
    count = min(CANDIDATES, max(1, int(duration_s // STEP_S))) if duration_s > 0 else 0
    return tuple((number + 0.5) * duration_s / count for number in range(count))


def frames_at(path: str, moments_s: Sequence[float], image_size_px: int) -> Frames:
    """A picture near each of the moments, which grow; one that lies near several is there once.

    It is a keyframe, or what is shown at that moment where keyframes lie far apart.
    `image_size_px`: the side of the encoder's square. Raises Undecodable, NoSeeking.
    """
    with _opened(path) as (container, stream):
        search = _Search(container, stream)
        found = search.near(moments_s)
        if not found and search.lost == len(moments_s):
            raise NoSeeking
        pictures = [_frame(frame, at_s, stream, image_size_px) for at_s, frame in found.items()]
        return Frames(tuple(pictures), search.lost)


def frames_in_order(path: str, image_size_px: int) -> tuple[Frames, float]:
    """Pictures of keyframes all over a film that is read from one end to the other; its length.

    Raises Undecodable.
    """
    with _opened(path) as (container, stream):
        kept: list[Frame] = []
        step_s, last_s, lost = STEP_S, 0.0, 0
        stream.codec_context.skip_frame = "NONKEY"
        for frame in _decoded(container, stream):
            if frame is None:
                lost += 1
                continue
            last_s = _seconds(frame.pts or 0, stream)
            if kept and last_s < kept[-1].moment_ms / 1000 + step_s:
                continue
            kept.append(_frame(frame, last_s, stream, image_size_px))
            if len(kept) > IN_ORDER:
                kept, step_s = kept[::2], 2 * step_s
        return Frames(tuple(kept), lost), last_s


def frame_at(path: str, moment_ms: int, max_side_px: int) -> Image.Image:
    """The upright picture that is shown at that moment. Raises Undecodable."""
    try:
        found = frames_at(path, [moment_ms / 1000], max_side_px).frames
    except NoSeeking:
        found = frames_in_order(path, max_side_px)[0].frames
    if not found:
        raise Undecodable(NOTHING_DECODED)
    return min(found, key=lambda one: abs(one.moment_ms - moment_ms)).image


class _Search:
    """Looks for frames near moments of one film."""

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._container = container
        self._stream = stream
        self._left = FORWARD_FRAMES
        self.lost = 0  # moments behind which nothing could be decoded

    def near(self, moments_s: Sequence[float]) -> dict[float, VideoFrame]:
        """By the seconds at which they are shown."""
        found: dict[float, VideoFrame] = {}
        far: dict[float, list[float]] = {}  # the moments that lie far behind a keyframe
        last_s = -STEP_S
        for moment_s in moments_s:
            try:
                frame = self._keyframe(moment_s)
            except NoSeeking:
                self.lost += 1
                continue
            at_s = _seconds(frame.pts or 0, self._stream)
            if at_s >= last_s + STEP_S / 2:
                found[at_s] = frame
                last_s = at_s
            elif moment_s - at_s > STEP_S:
                far.setdefault(at_s, []).append(moment_s)
        for at_s, moments in far.items():
            found.update(self._forward(at_s, moments))
        return dict(sorted(found.items()))

    def _keyframe(self, moment_s: float) -> VideoFrame:
        """The keyframe at or before the moment. Raises NoSeeking where none can be decoded."""
        context = self._stream.codec_context
        context.skip_frame = "NONKEY"
        for packet in islice(self._packets(moment_s), PACKETS):
            if not packet.is_keyframe:
                continue
            frames = _tried(lambda packet=packet: [*context.decode(packet), *context.decode(None)])
            context.flush_buffers()
            whole = (one for one in frames or () if not one.is_corrupt and one.pts is not None)
            frame: VideoFrame | None = next(whole, None)
            if frame is not None:
                return frame
        raise NoSeeking

    def _forward(self, keyframe_s: float, moments_s: Iterable[float]) -> dict[float, VideoFrame]:
        """What is shown at these moments, which grow, behind one keyframe."""
        context = self._stream.codec_context
        context.skip_frame = "NONREF"
        found: dict[float, VideoFrame] = {}
        waiting = iter(moments_s)
        moment_s = next(waiting)
        for packet in self._packets(keyframe_s):
            for frame in _tried(lambda packet=packet: context.decode(packet)) or ():
                self._left -= 1
                at_s = _seconds(frame.pts or 0, self._stream)
                if self._left <= 0 or at_s < moment_s:
                    continue
                found[at_s] = frame
                while moment_s <= at_s:
                    moment_s = next(waiting, np.inf)
            if self._left <= 0 or moment_s == np.inf:
                break
        context.flush_buffers()
        return found

    def _packets(self, moment_s: float) -> Iterator[Any]:
        """The packets from the last keyframe before that moment on. Raises NoSeeking."""
        base, start = _time_base(self._stream), self._stream.start_time or 0
        place = start + int(moment_s / base)
        if not (_tried(lambda: self._seek(place)) or _tried(lambda: self._seek(place, False))):
            raise NoSeeking
        packets = self._container.demux(self._stream)
        while (packet := _tried(lambda: next(packets, None))) is not None:
            if packet.size:
                yield packet

    def _seek(self, place: int, backward: bool = True) -> bool:
        self._container.seek(place, stream=self._stream, backward=backward)
        return True


@contextmanager
def _opened(path: str) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The film, and the stream of its pictures. Raises Undecodable."""
    import av

    gc.collect(1)  # frames whose side data was read refer to themselves: those of the film before
    try:
        with av.open(path, options=OPTIONS, metadata_errors="replace") as container:
            yield container, _pictures(container)
    except (Undecodable, NoSeeking):
        raise
    except MemoryError as error:
        raise Undecodable(N_("too large for this machine's memory")) from error
    except Exception as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise Undecodable(N_("damaged: {why}"), why=why) from error


def _pictures(container: InputContainer) -> VideoStream:
    """The stream of the film's pictures: the largest, which is no cover of a record."""
    import av

    cover = av.stream.Disposition.attached_pic
    streams = [one for one in container.streams.video if not one.disposition & cover]
    if not streams:
        raise Undecodable(N_("a video without pictures: it has sound alone"))
    known = [one for one in streams if one.codec_context is not None]  # None: a codec of no name
    stream = max(known, key=lambda one: one.width * one.height, default=None)
    if stream is None or not stream.codec_context.is_decoder or not stream.width * stream.height:
        codec = stream.codec_context.name if stream else "?"
        raise Undecodable(N_("a video whose pictures cannot be decoded: {codec}"), codec=codec)
    if stream.width * stream.height > PIXEL_LIMIT:
        raise Undecodable(
            N_("{width} x {height} pixels are more than the limit of {limit} million"),
            width=stream.width,
            height=stream.height,
            limit=PIXEL_LIMIT // 10**6,
        )
    return stream


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame | None]:
    """The frames of all packets; None for each packet that cannot be decoded."""
    packets = container.demux(stream)
    while (packet := _tried(lambda: next(packets, None))) is not None:
        frames = _tried(lambda packet=packet: stream.codec_context.decode(packet))
        if frames is None:
            yield None
        yield from (one for one in frames or () if not one.is_corrupt)


def _tried(read: Any) -> Any:
    """What is read; None where the film is damaged there."""
    import av

    try:
        return read()
    except (av.FFmpegError, ValueError):  # PyAV raises ValueError of some bad packets
        return None


def _duration_s(container: InputContainer, stream: VideoStream) -> float:
    """0 where the film does not say it."""
    if container.duration:
        return max(0.0, container.duration / US_PER_S)
    return max(0.0, float((stream.duration or 0) * _time_base(stream)))


def _time_base(stream: VideoStream) -> float:
    return float(stream.time_base or 0) or 1.0


def _seconds(pts: int, stream: VideoStream) -> float:
    return max(0.0, (pts - (stream.start_time or 0)) * _time_base(stream))


def _orientation(container: InputContainer, stream: VideoStream, duration_s: float) -> int:
    """That of the first frame that can be decoded: decoders know the display matrix."""
    search = _Search(container, stream)
    for share in (0.0, 0.25, 0.5, 0.75):
        for frame in search.near([share * duration_s]).values():
            return _orientation_of(frame)
    return 1


def _orientation_of(frame: VideoFrame) -> int:
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return 1
    a, b, _u, c, d, *_ = np.sign(np.frombuffer(memoryview(matrix), np.int32)).tolist()
    return ORIENTATIONS.get((a, b, c, d), 1)


def _shown_size(stream: VideoStream) -> tuple[int, int]:
    """With square pixels: those of DVDs and many camcorders are not."""
    ratio = float(stream.sample_aspect_ratio or 1)
    return max(1, round(stream.width * ratio)), stream.height


def _frame(frame: VideoFrame, at_s: float, stream: VideoStream, image_size_px: int) -> Frame:
    width, height = _shown_size(stream)
    for_encoder = min(width, height) / (HEADROOM_OF_MEANS * image_size_px)
    for_thumbnail = max(width, height) / SMALL_THUMBNAIL_PX
    scale = max(1.0, min(for_encoder, for_thumbnail))
    rgb = frame.reformat(
        width=max(1, round(width / scale)),
        height=max(1, round(height / scale)),
        format="rgb24",
        interpolation="AREA",
        threads=1,  # else each frame has threads of its own for as long as it lives
    )
    image = turned(Image.fromarray(rgb.to_ndarray()), _orientation_of(frame))
    return Frame(round(1000 * at_s), image, _is_empty(image))


def _is_empty(image: Image.Image) -> bool:
    """Whether the picture is black or of one colour: it shows nothing."""
    small = np.asarray(image.resize((32, 32), Image.Resampling.BOX), np.int16)
    grey = small.mean(axis=2)
    is_plain = int((small.max(axis=(0, 1)) - small.min(axis=(0, 1))).max()) < EMPTY_RANGE
    return is_plain or bool(grey.mean() < BLACK_MEAN and np.quantile(grey, 0.95) < BLACK_BRIGHT)

"""Bytes of a file -> content hash, upright image, facts and thumbnail.

Every file is read once and decoded once, at the smallest scale that serves. Knows Pillow and
nothing of torch, SQL or the library. What a damaged file makes a decoder raise ends here, as
Undecodable with the reason.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final, ParamSpec, TypeVar

from PIL import Image, UnidentifiedImageError
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from clipcore.messages import N_, Message
from indexer.errors import Undecodable
from indexer.formats import Format, Kind, format_of
from indexer.imaging.animation import telling_frame
from indexer.imaging.colours import load_rgb
from indexer.imaging.exif import read_facts
from indexer.imaging.heif import load_heif
from indexer.imaging.isolation import Limits, run_isolated
from indexer.imaging.jpeg2000 import set_draft
from indexer.imaging.jxl import jxl_size
from indexer.imaging.limits import PIXEL_LIMIT, refuse_bomb
from indexer.imaging.mending import mended
from indexer.imaging.opening import JXL, opened, require_reader
from indexer.imaging.turning import turned
from indexer.imaging.unreadable_kinds import unreadable_kind
from indexer.records.photos import Facts

BYTES_PER_PX: Final = 7  # as stored, at most four, and as RGB
BYTES_PER_DEEP_PX: Final = 25  # measured, with transparency or more than 8 bits: copies on the way
BYTES_PER_FILE_BYTE: Final = 8  # of a file that another process decodes: RAW has one a pixel
HEIF: Final = "HEIF"
LIMITS: Final = Limits(seconds=60, memory_bytes=4 * 2**30)
PLAIN_MODES: Final = frozenset(("1", "L", "P", "RGB", "CMYK", "YCbCr"))
THUMBNAIL_PX: Final = 512
# Means of pixels may be nearer to what the encoder sees than a JPEG decoded at 1/2 or 1/4, which
# cuts frequencies off. At 1/8 its decoder takes the mean of each 8 x 8 pixels.
EIGHTH: Final = 8
HEADROOM, HEADROOM_OF_MEANS = 2.0, 1.4  # times the encoder's side
SMALL_THUMBNAIL_PX: Final = 460  # a thumbnail of so many is as good as one of 512

P = ParamSpec("P")
T = TypeVar("T")
Draft = Callable[[tuple[int, int]], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decode's yield: an upright RGB image, its facts, and a JPEG thumbnail."""

    image: Image.Image
    facts: Facts
    thumbnail: bytes


def content_hash(data: bytes) -> bytes:
    """The sha256 that identifies these bytes in the library (32 bytes)."""
    return hashlib.sha256(data).digest()


def decoded_bytes(data: bytes) -> int:
    """At most how much memory decoding takes, as the header says; 0 if it says nothing."""
    return decoded_size(data)[1]


def decoded_size(data: bytes) -> tuple[int, int]:
    """How many pixels the header tells of, and at most how many bytes decoding them takes.

    No header of a RAW file is read here: 0 pixels.
    """
    format = format_of(data)
    if format and (format.kind is Kind.RAW or format.name == JXL):
        width, height = jxl_size(data) or (0, 0)
        needed = max(BYTES_PER_FILE_BYTE * len(data), BYTES_PER_DEEP_PX * width * height)
        return width * height, min(needed, LIMITS.memory_bytes)
    for one in chain((data,), (better.data for better in mended(data))):
        with suppress(Undecodable), _explained(one), opened(one) as image:
            pixels = image.width * image.height
            is_plain = image.mode in PLAIN_MODES and not image.has_transparency_data
            per_px = BYTES_PER_PX if is_plain else BYTES_PER_DEEP_PX
            return pixels, min(pixels, PIXEL_LIMIT) * per_px
    return 0, 0


def decode(data: bytes, image_size_px: int) -> Decoded:
    """Decode once, upright, for an encoder that sees a square of `image_size_px`.

    Raises Undecodable with the reason.
    """
    return _safely(data, _decode, data, image_size_px)


def _decode(data: bytes, image_size_px: int) -> Decoded:
    with _explained(data):
        image, facts = _upright(data, lambda size: _draft_size(size, image_size_px))
        small = image.reduce(_means(image.size, image_size_px))
        return Decoded(small, facts, thumbnail_jpeg(small))


def read_facts_alone(data: bytes) -> Facts:
    """The facts that decode() yields. Raises Undecodable with the reason.

    Of a JPEG the pixels are decoded at 1/8: whether they can be is one of the facts.
    """
    return _safely(data, _read_facts_alone, data)


def _read_facts_alone(data: bytes) -> Facts:
    with _explained(data):
        _, facts = _upright(data, lambda size: (_eighth(size[0]), _eighth(size[1])))
        return facts


def _eighth(side_px: int) -> int:
    return max(1, side_px // EIGHTH)


def decode_upright(data: bytes, max_side_px: int) -> Image.Image:
    """An upright RGB image whose longer side is at most `max_side_px`, for showing."""
    return _safely(data, _decode_upright, data, max_side_px)


def _decode_upright(data: bytes, max_side_px: int) -> Image.Image:
    with _explained(data):
        image, _ = _upright(data, lambda _: (max_side_px, max_side_px))
        image.thumbnail((max_side_px, max_side_px), Image.Resampling.LANCZOS)
        return image


def _safely(data: bytes, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call the function where its crash costs one file."""
    if format := _isolated_format(data):
        require_reader(format)
        return run_isolated(LIMITS, function, *args, **kwargs)
    return function(*args, **kwargs)


def _isolated_format(data: bytes) -> Format | None:
    """The format of these bytes, if its decoder is isolated."""
    format = format_of(data)
    return format if format and format.is_read and format.isolated else None


def _draft_size(stored: tuple[int, int], image_size_px: int) -> tuple[int, int]:
    """What a JPEG of that size is asked for: the decoder gives the smallest that is no smaller."""
    width, height = stored
    if _means(stored, image_size_px) >= EIGHTH:
        return width // EIGHTH, height // EIGHTH
    least_px = max(int(HEADROOM * image_size_px), THUMBNAIL_PX)
    return least_px, least_px


def _means(size: tuple[int, int], image_size_px: int) -> int:
    """Of how many pixels a side the mean may be taken, for encoder and thumbnail to have enough."""
    for_encoder = min(size) / (HEADROOM_OF_MEANS * image_size_px)
    for_thumbnail = max(size) / SMALL_THUMBNAIL_PX
    return max(1, int(min(for_encoder, for_thumbnail)))


def _upright(data: bytes, draft_size: Draft) -> tuple[Image.Image, Facts]:
    """What the file shows, or what it shows once it is mended; that is then among the facts."""
    if not data:
        raise Undecodable(N_("the file is empty"))
    # Pillow's own limit warns at 89 and fails at 179 megapixels; ours, refuse_bomb, is higher
    Image.MAX_IMAGE_PIXELS = None
    try:
        return _read(data, draft_size)
    except Undecodable:
        raise
    except Exception:
        for better, notice in mended(data):
            with suppress(Exception):  # the first reason is the file's
                image, facts = _read(better, draft_size)
                return image, replace(facts, notice=notice)
        raise


def _read(data: bytes, draft_size: Draft) -> tuple[Image.Image, Facts]:
    format = format_of(data)
    if format and format.is_read and format.kind is Kind.RAW:
        from indexer.imaging.raw import read_raw  # an extra

        return read_raw(data, format.name, draft_size)
    with opened(data) as image:
        refuse_bomb(image.size)
        stored_size = image.size
        # JPEG decodes at 1/2, 1/4 or 1/8 where that still leaves as much as asked. HEIC would take
        # the small picture that its file carries beside the photo: nobody knows what it shows.
        if isinstance(image, Jpeg2KImageFile):
            set_draft(image, data, draft_size(stored_size))
        elif image.format != HEIF:
            image.draft("RGB", draft_size(stored_size))
        if image.format == HEIF:
            rgb = load_heif(image, data, draft_size(stored_size))
        else:
            rgb = telling_frame(image, load_rgb(image, data), data)
        # Not before loading: asked for its EXIF, a PNG is decoded, damaged or not; and Pillow
        # turns a TIFF upright as it loads, and only then takes the orientation out of its EXIF.
        facts = read_facts(image, stored_size)
        return turned(rgb, facts.orientation), facts


@contextmanager
def _explained(data: bytes) -> Iterator[None]:
    """Turns whatever a decoder raises into Undecodable with a reason."""
    try:
        yield
    except Undecodable:
        raise
    except MemoryError as error:
        raise Undecodable(N_("too large for this machine's memory")) from error
    except Exception as error:
        raise Undecodable(unreadable_kind(data) or _reason(error, data)) from error


def _reason(error: Exception, data: bytes) -> Message:
    if isinstance(error, UnidentifiedImageError):
        if format := format_of(data):
            sentence = N_("a {format} file that is damaged or of a rare kind, which cannot be read")
            return Message(sentence, format=format.shown)
        return Message(N_("not an image of a known format"))
    return Message(N_("damaged: {why}"), why=str(error) or type(error).__name__)


def thumbnail_jpeg(image: Image.Image) -> bytes:
    """The thumbnail of an upright image."""
    small = image.copy()
    # as sharp as bicubic when an image is made smaller, in half the time
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.HAMMING)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=82, icc_profile=image.info.get("icc_profile"))
    return buffer.getvalue()

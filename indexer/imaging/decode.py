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
from functools import cache
from itertools import chain
from typing import Final

from PIL import Image, UnidentifiedImageError, features
from PIL.ImageFile import ImageFile

from clipcore.messages import N_, Message
from indexer.errors import Undecodable
from indexer.formats import FORMATS, HEIC, HEIC_BRANDS
from indexer.imaging.bmp_masks import with_plain_channels
from indexer.imaging.colours import load_rgb, read_more_tiffs
from indexer.imaging.exif import read_facts
from indexer.imaging.mending import mended
from indexer.imaging.unreadable_kinds import unreadable_kind
from indexer.records.photos import Facts

AVIF: Final = "AVIF"  # where Pillow was built with it, as its wheels are since 11.3
AVIF_BRANDS: Final = (b"avif", b"avis")  # AV1 Image File Format, 6
PIXEL_LIMIT: Final = 300_000_000  # a 300-megapixel panorama takes 0.9 GB as RGB
BYTES_PER_PX: Final = 7  # as stored, at most four, and as RGB
BYTES_PER_DEEP_PX: Final = 25  # measured, with transparency or more than 8 bits: copies on the way
PLAIN_MODES: Final = frozenset(("1", "L", "P", "RGB", "CMYK", "YCbCr"))
THUMBNAIL_PX: Final = 512
# Means of pixels may be nearer to what the encoder sees than a JPEG decoded at 1/2 or 1/4, which
# cuts frequencies off. At 1/8 its decoder takes the mean of each 8 x 8 pixels.
EIGHTH: Final = 8
HEADROOM, HEADROOM_OF_MEANS = 2.0, 1.4  # times the encoder's side
SMALL_THUMBNAIL_PX: Final = 460  # a thumbnail of so many is as good as one of 512
UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


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
    """How many pixels the header tells of, and at most how many bytes decoding them takes."""
    for one in chain((data,), (better.data for better in mended(data))):
        with suppress(Undecodable), _explained(one), _opened(one) as image:
            pixels = image.width * image.height
            is_plain = image.mode in PLAIN_MODES and not image.has_transparency_data
            per_px = BYTES_PER_PX if is_plain else BYTES_PER_DEEP_PX
            return pixels, min(pixels, PIXEL_LIMIT) * per_px
    return 0, 0


def decode(data: bytes, image_size_px: int) -> Decoded:
    """Decode once, upright, for an encoder that sees a square of `image_size_px`.

    Raises Undecodable with the reason.
    """
    with _explained(data):
        image, facts = _upright(data, lambda size: _draft_size(size, image_size_px))
        small = image.reduce(_means(image.size, image_size_px))
        return Decoded(small, facts, _thumbnail(small))


def read_facts_alone(data: bytes) -> Facts:
    """The facts that decode() yields. Raises Undecodable with the reason.

    Of a JPEG the pixels are decoded at 1/8: whether they can be is one of the facts.
    """
    with _explained(data):
        _, facts = _upright(data, lambda size: (_eighth(size[0]), _eighth(size[1])))
        return facts


def _eighth(side_px: int) -> int:
    return max(1, side_px // EIGHTH)


def decode_upright(data: bytes, max_side_px: int) -> Image.Image:
    """An upright RGB image whose longer side is at most `max_side_px`, for showing."""
    with _explained(data):
        image, _ = _upright(data, lambda _: (max_side_px, max_side_px))
        image.thumbnail((max_side_px, max_side_px), Image.Resampling.LANCZOS)
        return image


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


def _upright(
    data: bytes, draft_size: Callable[[tuple[int, int]], tuple[int, int]]
) -> tuple[Image.Image, Facts]:
    """What the file shows, or what it shows once it is mended; that is then among the facts."""
    if not data:
        raise Undecodable(N_("the file is empty"))
    # Pillow's own limit warns at 89 and fails at 179 megapixels; ours, _refuse_bomb, is higher
    Image.MAX_IMAGE_PIXELS = None
    _require_reader(data)
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


def _read(
    data: bytes, draft_size: Callable[[tuple[int, int]], tuple[int, int]]
) -> tuple[Image.Image, Facts]:
    with _opened(data) as image:
        _refuse_bomb(image)
        stored_size = image.size
        # JPEG decodes at 1/2, 1/4 or 1/8 where that still leaves as much as asked. HEIC would take
        # the small picture that its file carries beside the photo: nobody knows what it shows.
        if image.format != HEIC:
            image.draft("RGB", draft_size(stored_size))
        rgb = load_rgb(image, data)
        # Not before loading: asked for its EXIF, a PNG is decoded, damaged or not; and Pillow
        # turns a TIFF upright as it loads, and only then takes the orientation out of its EXIF.
        facts = read_facts(image, stored_size)
        return _turned(rgb, facts.orientation), facts


@contextmanager
def _opened(data: bytes) -> Iterator[ImageFile]:
    with Image.open(io.BytesIO(with_plain_channels(data)), formats=_formats()) as image:
        yield image


@cache
def _formats() -> tuple[str, ...]:
    """The formats that Pillow opens here."""
    read_more_tiffs()
    formats = (*FORMATS, AVIF) if features.check("avif") else FORMATS
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return formats
    register_heif_opener()
    return (*formats, HEIC)


def _require_reader(data: bytes) -> None:
    if data[4:8] != b"ftyp":
        return
    brands = data[8 : min(int.from_bytes(data[:4], "big"), 64)]  # the file's own, then its kin
    if brands[:4] in AVIF_BRANDS or any(brand in brands for brand in AVIF_BRANDS):
        if AVIF not in _formats():
            raise Undecodable(N_("an AVIF photo: pip install --upgrade pillow"))
    elif brands[:4] in HEIC_BRANDS and HEIC not in _formats():
        raise Undecodable(
            N_(
                'a HEIC photo, as iPhones take them: pip install "recollect-photos[heic]", '
                "then indexer failures --retry"
            )
        )


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
        raise Undecodable(unreadable_kind(data) or _reason(error)) from error


def _reason(error: Exception) -> Message:
    if isinstance(error, UnidentifiedImageError):
        return Message(N_("not an image of a known format"))
    return Message(N_("damaged: {why}"), why=str(error) or type(error).__name__)


def _refuse_bomb(image: Image.Image) -> None:
    width, height = image.size
    if width * height == 0:
        raise Undecodable(N_("the image has no pixels"))
    if width * height > PIXEL_LIMIT:
        raise Undecodable(
            N_("{width} x {height} pixels are more than the limit of {limit} million"),
            width=width,
            height=height,
            limit=PIXEL_LIMIT // 10**6,
        )


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    if orientation not in UPRIGHT:
        return image
    turned = image.transpose(UPRIGHT[orientation])
    turned.info = image.info
    return turned


def _thumbnail(image: Image.Image) -> bytes:
    small = image.copy()
    # as sharp as bicubic when an image is made smaller, in half the time
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.HAMMING)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=82, icc_profile=image.info.get("icc_profile"))
    return buffer.getvalue()

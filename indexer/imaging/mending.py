"""Files that browsers show and Pillow refuses -> bytes that it reads, and what is odd about them.

One file at a time, and only after it failed: Pillow's own leniency holds for a whole process, and
takes files for whole of which pixels are missing. Knows bytes; decides by decoding where it must.
"""

from __future__ import annotations

import hashlib
import io
import random
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from PIL import Image, PngImagePlugin

from clipcore.messages import N_, Message

PNG: Final = b"\x89PNG\r\n\x1a\n"
# the least that a chunk has, by the PNG specification, chapter 11; Pillow refuses shorter ones
LEAST_BYTES: Final = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"pHYs": 9, b"acTL": 8, b"fcTL": 26}
KEY_BYTES: Final = {0: 2, 2: 6}  # of tRNS, by the colour type
COMPRESSED: Final = frozenset((b"zTXt", b"iTXt", b"iCCP"))

JPEG: Final = b"\xff\xd8\xff"
END: Final = b"\xff\xd9"
ROWS_AT_ONCE: Final = 256
NOISE: Final = bytes(random.Random(0).choices(range(255), k=4096))  # without a marker in it


class Mended(NamedTuple):
    """Bytes that Pillow reads in the place of others, and what is odd about those."""

    data: bytes
    notice: Message


class Chunk(NamedTuple):
    """A part of a PNG file. `whole`: with its length, kind and checksum."""

    kind: bytes
    body: bytes
    whole: bytes


def mended(data: bytes) -> Iterator[Mended]:
    """What may be read in the place of a file that could not be read; the best comes first."""
    if data.startswith(PNG):
        yield from _mended_png(data)
    elif data.startswith(JPEG) and (ended := _ended_jpeg(data)):
        yield Mended(ended, Message(N_("the file lacks its end marker; all its pixels are there")))


# --- PNG -----------------------------------------------------------------------------------------


def _mended_png(data: bytes) -> Iterator[Mended]:
    """Without the chunks that are faulty; then without all that a picture can do without."""
    chunks = list(_chunks(data))
    colour_type = data[25] if len(data) > 25 else 0
    faulty = [chunk for chunk in chunks if _is_faulty(chunk, colour_type)]
    if faulty:
        yield _without(chunks, faulty)
    yield _without(chunks, [chunk for chunk in chunks if chunk in faulty or _is_ornament(chunk)])


def _without(chunks: list[Chunk], dropped: list[Chunk]) -> Mended:
    remaining = b"".join(chunk.whole for chunk in chunks if chunk not in dropped)
    kinds = ", ".join(sorted({chunk.kind.decode("ascii", "replace") for chunk in dropped}))
    notice = Message(
        N_(
            "parts of the file that the picture can do without are damaged or too large, and were "
            "ignored: {parts}"
        ),
        parts=kinds,
    )
    return Mended(PNG + remaining, notice)


def _chunks(data: bytes) -> Iterator[Chunk]:
    at = len(PNG)
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield Chunk(data[at + 4 : at + 8], data[at + 8 : end - 4], data[at:end])
        at = end


def _is_ornament(chunk: Chunk) -> bool:
    """Whether the specification lets a decoder ignore it, and the picture hardly changes."""
    return bool(chunk.kind[:1] and chunk.kind[0] & 0x20) and chunk.kind != b"tRNS"


def _is_faulty(chunk: Chunk, colour_type: int) -> bool:
    kind, body, whole = chunk
    if not kind[:1] or not kind[0] & 0x20:  # without it there is no picture
        return False
    least = KEY_BYTES.get(colour_type, 0) if kind == b"tRNS" else LEAST_BYTES.get(kind, 0)
    right = zlib.crc32(kind + body).to_bytes(4, "big")
    return len(body) < least or whole[-4:] != right or (kind in COMPRESSED and _is_large(chunk))


def _is_large(chunk: Chunk) -> bool:
    """Whether it inflates to more than Pillow accepts."""
    _, _, rest = chunk.body.partition(b"\0")
    compressed = rest[1:]
    if chunk.kind == b"iTXt":
        compressed = rest[2:].split(b"\0", 2)[-1] if rest[:1] == b"\1" else b""
    inflater = zlib.decompressobj()
    try:
        inflater.decompress(compressed, PngImagePlugin.MAX_TEXT_CHUNK)
    except zlib.error:
        return False  # Pillow ignores it
    return bool(inflater.unconsumed_tail)


# --- JPEG ----------------------------------------------------------------------------------------


def _ended_jpeg(data: bytes) -> bytes | None:
    """The file with an end marker, if it lacks one and no pixel: what follows changes nothing.

    Where pixels are missing, they are made of the bits that follow: of none they become grey, of
    noise they become noise.
    """
    bare = data.rstrip(b"\0")  # as a file has after a crash
    if bare.endswith(b"\xff") and data[len(bare) :]:
        bare += b"\0"
    if bare.endswith(END):
        return None
    more = (b"\0" if bare.endswith(b"\xff") else b"") + NOISE
    ended = bare + END
    try:
        is_whole = _pixels(ended) == _pixels(bare + more + END)
    except Exception:  # noqa: BLE001 - a decoder raises anything: then it is no file to be mended
        return None
    return ended if is_whole else None


def _pixels(jpeg: bytes) -> bytes:
    """A hash of all pixels, at full size."""
    sha256 = hashlib.sha256()
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
        image.load()
        for top in range(0, image.height, ROWS_AT_ONCE):
            bottom = min(top + ROWS_AT_ONCE, image.height)
            sha256.update(image.crop((0, top, image.width, bottom)).tobytes())
    return sha256.digest()

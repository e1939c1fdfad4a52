"""Makes damaged photos of whole ones, each kind of damage in its own way, always the same.

`python -m tests.damage FROM TO` writes them for a look by hand.
"""

from __future__ import annotations

import io
import random
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PIL import Image

Damage = Callable[[bytes, random.Random], bytes]


def truncated(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(1, len(data))]


def bits_flipped(data: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(20):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def zero_filled(data: bytes, chance: random.Random) -> bytes:
    """As after a crash: the length is there, what should stand there is not."""
    start = chance.randrange(len(data))
    return data[:start] + bytes(len(data) - start)


def header_swapped(data: bytes, chance: random.Random) -> bytes:
    """The beginning of another format."""
    return chance.choice((b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0", b"RIFF")) + data[8:]


def absurdly_large(_data: bytes, chance: random.Random) -> bytes:
    """A PNG that says it has up to 2**62 pixels."""
    sides = (chance.choice((20_000, 2**31 - 1)), chance.choice((30_000, 2**31 - 1)))
    header = b"IHDR" + struct.pack(">IIBBBBB", *sides, 8, 2, 0, 0, 0)
    body = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + body + b"\0\0\0\0IEND\xaeB`\x82"


def absurdly_tall(data: bytes, chance: random.Random) -> bytes:
    """A JPEG whose frame says 65,535 x 65,535 pixels."""
    at = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    return data[: at + 5] + b"\xff\xff\xff\xff" + data[at + 9 :] if at > 0 else data[::-1]


def numbers_made_absurd(data: bytes, chance: random.Random) -> bytes:
    """Sizes, counts and offsets in the header that are far too large, or negative."""
    damaged = bytearray(data)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(2, min(64, len(data) - 4))
        damaged[at : at + 4] = chance.choice((b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0\0\0\x80"))
    return bytes(damaged)


def exif_garbage(data: bytes, chance: random.Random) -> bytes:
    return _saved(data, exif=b"Exif\0\0II*\0\x08\0\0\0" + chance.randbytes(2000))


def profile_garbage(data: bytes, chance: random.Random) -> bytes:
    return _saved(data, icc_profile=chance.randbytes(3000))


def _saved(data: bytes, **extra: bytes) -> bytes:
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        image.convert("RGB").save(buffer, "JPEG", **extra)
    return buffer.getvalue()


def film_header_absurd(data: bytes, chance: random.Random) -> bytes:
    """A film whose first boxes and sizes say anything: the first kilobyte has words of ones."""
    damaged = bytearray(data)
    for _ in range(6):
        at = chance.randrange(4, min(1024, len(damaged) - 4))
        damaged[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", bytes(4)))
    return bytes(damaged)


KINDS: Final[tuple[Damage, ...]] = (
    *(truncated, bits_flipped, zero_filled, header_swapped),
    *(absurdly_large, absurdly_tall, exif_garbage, profile_garbage),
)


# those that need no JPEG
OF_ANY_FORMAT: Final[tuple[Damage, ...]] = (
    *(truncated, bits_flipped, zero_filled, header_swapped, numbers_made_absurd),
)


def make_damaged(photos: list[Path], folder: Path) -> list[Path]:
    """One file of each kind for each of the photos."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number, photo in enumerate(photos):
        for kind in KINDS:
            path = folder / f"{number:03} {kind.__name__}{photo.suffix}"
            path.write_bytes(kind(photo.read_bytes(), random.Random(number)))
            made.append(path)
    return made


if __name__ == "__main__":
    make_damaged(sorted(Path(sys.argv[1]).rglob("*.jpg")), Path(sys.argv[2]))

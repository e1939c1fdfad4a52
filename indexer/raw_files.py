"""Which camera's RAW format a file has, by its bytes. Most are TIFFs that say so in their tags.

Reads tags only, and never beyond the file. Knows no decoder.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

BEGINNINGS: Final = (
    (b"FUJIFILMCCD-RAW", "RAF"),
    (b"IIU\0", "RW2"),
    (b"IIRO", "ORF"),
    (b"IIRS", "ORF"),
    (b"MMOR", "ORF"),
    (b"\0MRM", "MRW"),
    (b"FOVb", "X3F"),
    (b"II\x1a\0\0\0HEAPCCDR", "CRW"),
)
TIFF: Final = {b"II*\0": "<", b"MM\0*": ">"}
SUBFILE, COMPRESSION, PHOTOMETRIC, MAKE, SUB_IFDS = 254, 259, 262, 271, 330  # TIFF 6.0
DNG_VERSION: Final = 50706
SENSOR: Final = frozenset((32803, 34892))  # photometrics: colour filter array, linear raw
# of Sony, Nikon, Kodak, Pentax
METHODS: Final = frozenset((32767, 34713, 65000, 65535))
MAKERS: Final = (
    (b"NIKON", "NEF"),
    (b"SONY", "ARW"),
    (b"Canon", "CR2"),
    (b"PENTAX", "PEF"),
    (b"RICOH", "PEF"),
    (b"SAMSUNG", "SRW"),
    (b"Hasselblad", "3FR"),
    (b"Phase One", "IIQ"),
    (b"Leaf", "MOS"),
    (b"EASTMAN KODAK", "KDC"),
    (b"KODAK", "KDC"),
    (b"SEIKO EPSON", "ERF"),
    (b"Mamiya", "MEF"),
    (b"OLYMPUS", "ORF"),
    (b"Panasonic", "RW2"),
    (b"LEICA", "RW2"),
    (b"GoPro", "GPR"),
)
SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 13: 4}  # bytes of a value, by the types that are read here
DIRECTORIES, ENTRIES, VALUES = 16, 512, 32  # so many are read; real files have fewer


class _Tags(NamedTuple):
    """The tags of one directory that matter here."""

    numbers: dict[int, tuple[int, ...]]
    make: bytes
    next: int

    def first(self, tag: int) -> int:
        return (self.numbers.get(tag) or (0,))[0]

    @property
    def is_sensors(self) -> bool:
        return self.first(PHOTOMETRIC) in SENSOR or self.first(COMPRESSION) in METHODS


def raw_format(data: bytes) -> str | None:
    """ "DNG", "NEF" and so on; None of a file that is no RAW file."""
    for beginning, name in BEGINNINGS:
        if data.startswith(beginning):
            return name
    if data[4:12] == b"ftypcrx ":
        return "CR3"
    if data[:4] not in TIFF:
        return None
    if data[8:11] == b"CR\2":
        return "CR2"
    if data[8:12] in (b"IIII", b"MMMM"):
        return "IIQ"
    return _tiff(data)


def _tiff(data: bytes) -> str | None:
    directories = list(_directories(data))
    if not directories:
        return None
    make = next((tags.make for tags in directories if tags.make), b"")
    name = next((name for start, name in MAKERS if make.upper().startswith(start.upper())), None)
    if any(DNG_VERSION in tags.numbers for tags in directories):
        return "GPR" if name == "GPR" else "DNG"
    # a small picture comes first, or the sensor's own
    is_raw = any(tags.is_sensors for tags in directories) or directories[0].first(SUBFILE) & 1
    return name if is_raw else None


def _directories(data: bytes) -> Iterator[_Tags]:
    """The first directory, those that follow it, and those below them."""
    order = TIFF[data[:4]]
    pending = [int.from_bytes(data[4:8], "little" if order == "<" else "big")]
    seen = set[int]()
    while pending and len(seen) < DIRECTORIES:
        at = pending.pop(0)
        if at in seen or not 8 <= at < len(data) - 2:
            continue
        seen.add(at)
        tags = _tags(data, at, order)
        yield tags
        pending += [tags.next, *tags.numbers.get(SUB_IFDS, ())]


def _tags(data: bytes, at: int, order: str) -> _Tags:
    (count,) = struct.unpack_from(order + "H", data, at)
    numbers: dict[int, tuple[int, ...]] = {}
    make = b""
    end = at + 2 + 12 * min(count, ENTRIES, (len(data) - at - 2) // 12)
    for entry in range(at + 2, end, 12):
        tag, kind, length = struct.unpack_from(order + "HHI", data, entry)
        size = SIZES.get(kind)
        if size is None or tag not in WANTED:
            continue
        where = entry + 8
        if size * length > 4:
            (where,) = struct.unpack_from(order + "I", data, where)
        if tag == MAKE:
            make = data[where : where + min(length, 64)].strip(b"\0 ")
        else:
            numbers[tag] = _values(data, where, order, size, length)
    following = data[end : end + 4]
    return _Tags(numbers, make, int.from_bytes(following, "little" if order == "<" else "big"))


WANTED: Final = frozenset((SUBFILE, COMPRESSION, PHOTOMETRIC, MAKE, SUB_IFDS, DNG_VERSION))


def _values(data: bytes, at: int, order: str, size: int, length: int) -> tuple[int, ...]:
    length = min(length, VALUES, max(0, (len(data) - at) // size))
    return struct.unpack_from(f"{order}{length}{'_BH_I'[size]}", data, at)

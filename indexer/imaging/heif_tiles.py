"""The tiles of a HEIC photo: where they lie in the file, and how they are put together.

Phones store a photo as a grid of equal tiles. Reads boxes only, and only of the plain kind: 8 bits,
4:2:0, one decoder for all. Any other file is left to libheif. Knows no decoder.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from clipcore.messages import N_
from indexer.errors import Undecodable

# ISO/IEC 14496-12 (boxes and items), 23008-12 (grids), 14496-15 (HEVC's configuration)
HARMLESS: Final = frozenset((b"hvcC", b"ispe", b"colr", b"pixi", b"irot"))
BT601: Final = frozenset((2, 5, 6))  # matrices of ITU-T H.273; 2: nothing is said, which is BT.601
TILES: Final = 1000  # libheif's limit too
BEYOND_PX: Final = 2048  # at most so much of the last tiles lies outside of the photo


class NotPlain(Exception):
    """A file that this reader leaves to others."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A photo of `size`, as `columns` of tiles in rows. `quarter_turns` counter-clockwise.

    `config`: what the decoder must know of all tiles. `tiles`: (start, end) in the file, by rows.
    """

    size: tuple[int, int]
    columns: int
    tile_size: tuple[int, int]
    tiles: tuple[tuple[int, int], ...]
    config: bytes
    quarter_turns: int


class _Box(NamedTuple):
    kind: bytes
    start: int  # of its content
    end: int


class _Item(NamedTuple):
    method: int  # 0: in the file, 1: in the box idat
    start: int
    length: int


def grid_of(data: bytes) -> Grid:
    """The grid of the primary picture. Raises NotPlain, for damaged files too.

    Raises Undecodable where tiles are missing: libheif shows nothing in their place.
    """
    try:
        return _Reader(data).grid()
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise NotPlain(str(error)) from error


def _boxes(data: bytes, start: int, end: int) -> Iterator[_Box]:
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            head = 16
        stop = end if size == 0 else start + size
        if (size and size < head) or stop > end:
            raise NotPlain("a box that is damaged")
        yield _Box(kind, start + head, stop)
        start = stop


class _Reader:
    """The boxes of one file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        meta = next((box for box in _boxes(data, 0, len(data)) if box.kind == b"meta"), None)
        if meta is None:
            raise NotPlain("no items")
        self._meta = {box.kind: box for box in _boxes(data, meta.start + 4, meta.end)}

    def grid(self) -> Grid:
        primary = self._primary()
        kinds = self._kinds()
        if kinds[primary] != b"grid" or self._has_alpha(primary):
            raise NotPlain("no grid")
        items = self._items()
        columns, rows, size = self._layout(items[primary])
        tiles = dict(self._references(b"dimg"))[primary]
        if len(tiles) != columns * rows or len(tiles) > TILES:
            raise NotPlain("a grid with another number of tiles")
        if any(kinds[tile] != b"hvc1" or items[tile].method for tile in tiles):
            raise NotPlain("tiles of another kind")
        if any(items[tile].start + items[tile].length > len(self._data) for tile in tiles):
            raise Undecodable(N_("damaged: {why}"), why="the file ends before its last tile")
        own, of_tile = self._properties(primary), self._properties(tiles[0])
        tile_size = struct.unpack_from(">II", of_tile[b"ispe"], 4)
        beyond = columns * tile_size[0] - size[0], rows * tile_size[1] - size[1]
        if not all(0 <= more_px <= BEYOND_PX for more_px in beyond):
            raise NotPlain("tiles that do not suit the photo")
        if not {*own, *of_tile} <= HARMLESS:
            raise NotPlain("a photo that is cut or mirrored")
        config = of_tile[b"hvcC"]
        if any(self._properties(tile)[b"hvcC"] != config for tile in tiles):
            raise NotPlain("tiles with several configurations")
        _require_plain(config, own.get(b"colr", b""), of_tile.get(b"colr", b""))
        return Grid(
            size,
            columns,
            tile_size,
            tuple((items[tile].start, items[tile].start + items[tile].length) for tile in tiles),
            config,
            own[b"irot"][0] & 3 if b"irot" in own else 0,
        )

    def _primary(self) -> int:
        content = self._content(b"pitm")
        return _number(content, 4, 4 if content[0] else 2)

    def _kinds(self) -> dict[int, bytes]:
        """The types of the items."""
        box = self._meta[b"iinf"]
        start = box.start + (8 if self._data[box.start] else 6)
        kinds = {}
        for entry in _boxes(self._data, start, box.end):
            content = self._data[entry.start : entry.end]
            width = 4 if content[0] > 2 else 2
            kinds[_number(content, 4, width)] = content[6 + width : 10 + width]
        return kinds

    def _items(self) -> dict[int, _Item]:
        """Where the items lie that lie in one piece."""
        reader = _Numbers(self._content(b"iloc"))
        version = reader.take(1)
        reader.take(3)
        sizes, more_sizes = reader.take(1), reader.take(1)
        offset_bytes, length_bytes, base_bytes = sizes >> 4, sizes & 15, more_sizes >> 4
        index_bytes = more_sizes & 15 if version else 0
        width = 4 if version == 2 else 2
        items = {}
        for _ in range(reader.take(width)):
            number = reader.take(width)
            method = reader.take(2) & 15 if version else 0
            reader.take(2)
            base = reader.take(base_bytes)
            pieces = []
            for _ in range(reader.take(2)):
                reader.take(index_bytes)
                pieces.append((base + reader.take(offset_bytes), reader.take(length_bytes)))
            if len(pieces) == 1:
                items[number] = _Item(method, *pieces[0])
        return items

    def _layout(self, item: _Item) -> tuple[int, int, tuple[int, int]]:
        """Columns, rows, and the size of the photo."""
        start = item.start + (self._meta[b"idat"].start if item.method == 1 else 0)
        content = self._data[start : start + item.length]
        width = 4 if content[1] & 1 else 2
        size = _number(content, 4, width), _number(content, 4 + width, width)
        return content[3] + 1, content[2] + 1, size

    def _references(self, kind: bytes) -> Iterator[tuple[int, list[int]]]:
        """Each item that refers to others in this way, with those."""
        box = self._meta.get(b"iref")
        if box is None:
            return
        width = 4 if self._data[box.start] else 2
        for one in _boxes(self._data, box.start + 4, box.end):
            if one.kind == kind:
                reader = _Numbers(self._data[one.start : one.end])
                number = reader.take(width)
                yield number, [reader.take(width) for _ in range(reader.take(2))]

    def _has_alpha(self, primary: int) -> bool:
        return any(
            primary in others and b"alpha" in self._properties(number).get(b"auxC", b"")
            for number, others in self._references(b"auxl")
        )

    def _properties(self, item: int) -> dict[bytes, bytes]:
        """The contents of an item's properties by their kinds; those of equal kind are joined."""
        found: dict[bytes, bytes] = {}
        for index in self._associations.get(item, ()):
            box = self._all_properties[index - 1]
            found[box.kind] = found.get(box.kind, b"") + self._data[box.start : box.end]
        return found

    @cached_property
    def _parts(self) -> dict[bytes, _Box]:
        box = self._meta[b"iprp"]
        return {part.kind: part for part in _boxes(self._data, box.start, box.end)}

    @cached_property
    def _all_properties(self) -> list[_Box]:
        box = self._parts[b"ipco"]
        return list(_boxes(self._data, box.start, box.end))

    @cached_property
    def _associations(self) -> dict[int, list[int]]:
        """The properties of each item, counted from 1."""
        box = self._parts[b"ipma"]
        reader = _Numbers(self._data[box.start : box.end])
        version, flags = reader.take(1), reader.take(3)
        width = 2 if flags & 1 else 1
        mask = 0x7FFF if flags & 1 else 0x7F
        return {
            reader.take(4 if version else 2): [
                reader.take(width) & mask for _ in range(reader.take(1))
            ]
            for _ in range(reader.take(4))
        }

    def _content(self, kind: bytes) -> bytes:
        box = self._meta[kind]
        return self._data[box.start : box.end]


class _Numbers:
    """Whole numbers, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, width: int) -> int:
        number = _number(self._data, self._at, width)
        self._at += width
        return number


def _number(data: bytes, at: int, width: int) -> int:
    if at + width > len(data):
        raise NotPlain("a box that is cut off")
    return int.from_bytes(data[at : at + width], "big")


def _require_plain(config: bytes, *colours: bytes) -> None:
    """Raises NotPlain but for 8 bits in 4:2:0, full range and BT.601, as far as it is said here."""
    if (config[16] & 3, config[17] & 7, config[18] & 7) != (1, 0, 0):
        raise NotPlain("more than 8 bits, or not 4:2:0")
    for colour in colours:
        at = colour.find(b"nclx")
        if at >= 0 and (_number(colour, at + 8, 2) not in BT601 or not colour[at + 10] & 0x80):
            raise NotPlain("other colours")

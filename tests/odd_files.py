"""Makes odd but valid picture files: every colour type, depth and layout that a format allows.

They are written here, byte by byte where Pillow writes no such kind, so that no decoder of ours
has a say in what they show.
"""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

Values = npt.NDArray[Any]

SIDE: Final = 64
FULL: Final = {bits: 2**bits - 1 for bits in (1, 2, 4, 5, 6, 8, 10, 12, 16, 32)}


@dataclass(frozen=True)
class Odd:
    """A file, and where browsers do not say it the (64, 64, 3) colours that it has, 0 to 255."""

    name: str
    data: bytes
    colours: Values | None = None


def scene() -> Values:
    """(64, 64, 3) floats from 0 to 1: no two corners alike, nothing symmetric."""
    down, right = np.mgrid[0:SIDE, 0:SIDE] / (SIDE - 1)
    return np.stack([right, down, 0.9 - 0.8 * right * down], axis=-1)


def grey_scene() -> Values:
    """(64, 64) floats from 0 to 1."""
    down, right = np.mgrid[0:SIDE, 0:SIDE] / (SIDE - 1)
    return (3 * right + down**2) / 4


def levels(values: Values, bits: int) -> Values:
    """Floats from 0 to 1 as whole numbers of so many bits."""
    return np.rint(values * FULL[bits]).astype(np.int64)


def shown(values: Values) -> Values:
    """(64, 64) or (64, 64, 3) floats from 0 to 1 as colours from 0 to 255."""
    return np.broadcast_to(np.atleast_3d(values) * 255, (SIDE, SIDE, 3))


def packed(values: Values, bits: int, order: str = ">") -> list[bytes]:
    """(rows, ...) whole numbers as the bytes of each row, samples side by side."""
    rows = values.reshape(len(values), -1)
    if bits > 8 and bits % 8 == 0:
        return [row.astype(f"{order}u{bits // 8}").tobytes() for row in rows]
    places = np.arange(bits - 1, -1, -1)
    return [np.packbits(row[:, None] >> places & 1).tobytes() for row in rows]


def all_files() -> list[Odd]:
    """One of each kind."""
    return [*pngs(), *jpegs(), *bmps(), *tiffs(), *animations(), *heics(), *avifs()]


# --- PNG -----------------------------------------------------------------------------------------

ADAM7: Final = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
                (1, 0, 2, 1))  # fmt: skip  # first row and column, then the steps
PNG_DEPTHS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


def chunk(kind: bytes, data: bytes, *, crc: int | None = None) -> bytes:
    """A chunk of a PNG file; `crc` in the place of the right one."""
    right = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc or right)


def png(samples: Values, bits: int, colour: int, *more: bytes, interlaced: bool = False) -> bytes:
    """A PNG of (rows, columns, ...) samples; `more` chunks go before the pixels."""
    head = struct.pack(">IIBBBBB", SIDE, SIDE, bits, colour, 0, 0, int(interlaced))
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    parts = [samples[top::down, left::right] for top, left, down, right in passes]
    rows = b"".join(b"\0" + row for part in parts for row in packed(part, bits))
    body = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(more) + body


def pngs() -> Iterator[Odd]:
    for colour, depths in PNG_DEPTHS.items():
        for bits in depths:
            samples, palette, clear = png_parts(bits, colour)
            name = f"png colour type {colour}, {bits} bits"
            yield Odd(name, png(samples, bits, colour, *palette))
            yield Odd(f"{name}, interlaced", png(samples, bits, colour, *palette, interlaced=True))
            if clear:
                data = png(samples, bits, colour, *palette, chunk(b"tRNS", clear))
                yield Odd(f"{name}, tRNS", data)


def png_parts(bits: int, colour: int) -> tuple[Values, list[bytes], bytes]:
    """Samples of the colour type, its palette, and what makes some of it transparent."""
    whole, grey = levels(scene(), min(bits, 16)), levels(grey_scene(), bits)
    alpha = levels(np.tile(np.linspace(0, 1, SIDE), (SIDE, 1)), bits)
    match colour:
        case 0:
            grey[8:40, 8:40] = grey[20, 20]
            return grey, [], struct.pack(">H", grey[20, 20])
        case 2:
            whole[8:40, 8:40] = whole[20, 20]
            near = whole[20, 20] ^ (1 if bits == 16 else 0)
            whole[44:60, 8:40] = near  # differs in the lowest bits alone
            return whole, [], struct.pack(">HHH", *whole[20, 20])
        case 3:
            colours = np.random.default_rng(0).integers(0, 256, (2**bits, 3))
            opacity = np.linspace(0, 255, 2**bits).astype(np.uint8)
            indices = levels(grey_scene(), bits)
            return indices, [chunk(b"PLTE", colours.astype(np.uint8).tobytes())], opacity.tobytes()
        case 4:
            return np.stack([grey, alpha], -1), [], b""
        case _:
            return np.concatenate([whole, alpha[..., None]], -1), [], b""


# --- JPEG ----------------------------------------------------------------------------------------


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """What Pillow writes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def picture() -> Image.Image:
    """The scene, RGB."""
    return Image.fromarray(levels(scene(), 8).astype(np.uint8))


def grey_picture() -> Image.Image:
    """The grey scene, L."""
    return Image.fromarray(levels(grey_scene(), 8).astype(np.uint8))


def without_segment(jpeg: bytes, marker: int) -> bytes:
    """A JPEG without its first segment of this kind."""
    at = jpeg.index(bytes((0xFF, marker)))
    return jpeg[:at] + jpeg[at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big") :]


def inks(most_black: float = 0.6) -> Values:
    """(64, 64, 4) bytes: cyan, magenta, yellow and black."""
    black = most_black * grey_scene()
    return levels(np.concatenate([1 - scene(), black[..., None]], -1), 8).astype(np.uint8)


def ycck(values: Values, **options: Any) -> bytes:
    """Inks as Adobe stores them: turned round, and three of them as YCbCr."""
    left = 255 - values
    luma = np.asarray(Image.fromarray(np.ascontiguousarray(left[..., :3])).convert("YCbCr"))
    stored = np.concatenate([luma, left[..., 3:]], -1)
    jpeg = saved(Image.fromarray(255 - stored, "CMYK"), "JPEG", quality=95, **options)
    at = jpeg.index(b"Adobe")
    return jpeg[: at + 11] + b"\x02" + jpeg[at + 12 :]


def jpegs() -> Iterator[Odd]:
    cmyk = Image.fromarray(inks(), "CMYK")
    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        data = saved(picture(), "JPEG", quality=92, subsampling=subsampling)
        yield Odd(f"jpeg {subsampling}", data)
    yield Odd("jpeg progressive", saved(picture(), "JPEG", quality=92, progressive=True))
    yield Odd("jpeg restart markers", saved(picture(), "JPEG", quality=92, restart_marker_rows=1))
    yield Odd("jpeg stored as RGB", saved(picture(), "JPEG", quality=92, keep_rgb=True))
    yield Odd("jpeg grey", saved(grey_picture(), "JPEG", quality=92))
    yield Odd("jpeg grey progressive", saved(grey_picture(), "JPEG", progressive=True))
    yield Odd("jpeg arithmetic", base64.b64decode(ARITHMETIC))
    for form in ("baseline", "progressive"):
        options = {"quality": 95, "progressive": form == "progressive"}
        data, luma = saved(cmyk, "JPEG", **options), ycck(inks(), progressive=form == "progressive")
        yield Odd(f"jpeg cmyk {form}", data)
        yield Odd(f"jpeg cmyk {form} without adobe", without_segment(data, 0xEE))
        yield Odd(f"jpeg ycck {form}", luma)
    # without black, which Chromium 156 turns red by a profile of inks
    colourful, profile = Image.fromarray(inks(0), "CMYK"), ink_profile()
    data = saved(colourful, "JPEG", quality=95, icc_profile=profile)
    yield Odd("jpeg cmyk with profile", data)
    yield Odd("jpeg cmyk with profile without adobe", without_segment(data, 0xEE))
    yield Odd("jpeg ycck with profile", ycck(inks(0), icc_profile=profile))
    dull = grey_profile(1.0)
    yield Odd("jpeg grey with profile", saved(grey_picture(), "JPEG", icc_profile=dull))
    yield Odd("png grey with profile", saved(grey_picture(), "PNG", icc_profile=dull))
    wide = rgb_profile()
    yield Odd("jpeg with profile", saved(picture(), "JPEG", quality=92, icc_profile=wide))
    yield Odd("png with profile", saved(picture(), "PNG", icc_profile=wide))
    yield Odd("webp with profile", saved(picture(), "WEBP", lossless=True, icc_profile=wide))


# --- colour profiles -----------------------------------------------------------------------------


INK_STEPS: Final = 9


def icc(space: bytes, kind: bytes, tags: dict[bytes, bytes], connection: bytes = b"XYZ ") -> bytes:
    """An ICC profile, version 2.4, of these tags."""
    tags = {b"desc": b"desc" + bytes(4) + struct.pack(">I5s", 5, b"test") + bytes(78), **tags}
    tags[b"wtpt"] = xyz(0.9642, 1, 0.8249)
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"", 0x02400000, kind, space, connection)
    head += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28)
    head += struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def xyz(*values: float) -> bytes:
    """A tag of one XYZ colour."""
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(65536 * value) for value in values))


def curve(gamma: float) -> bytes:
    """A tag of a tone curve."""
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(256 * gamma)) + bytes(2)


def grey_profile(gamma: float) -> bytes:
    """Grey of this gamma."""
    return icc(b"GRAY", b"mntr", {b"kTRC": curve(gamma)})


def rgb_profile() -> bytes:
    """RGB of gamma 1.4, with the primaries of Display P3."""
    primaries = {b"rXYZ": (0.5151, 0.2412, -0.0011), b"gXYZ": (0.2919, 0.6922, 0.0419),
                 b"bXYZ": (0.1571, 0.0666, 0.7841)}  # fmt: skip
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve(1.4))
    return icc(b"RGB ", b"mntr", {name: xyz(*one) for name, one in primaries.items()} | curves)


def ink_profile() -> bytes:
    """CMYK of dull inks, as a table with so many steps of each ink that none must be guessed."""
    cyan, magenta, yellow, black = np.indices((INK_STEPS,) * 4).reshape(4, -1) / (INK_STEPS - 1)
    light = np.clip(95 - 40 * cyan - 47 * magenta - 7 * yellow - 70 * black, 8, 100)
    red = (-35 * cyan + 70 * magenta - 5 * yellow) * (1 - black)
    blue = (-50 * cyan - 5 * magenta + 80 * yellow) * (1 - black)
    table = np.stack([light * 2.55, red + 128, blue + 128], -1).round().astype(np.uint8)
    even = bytes(range(256))
    unit = struct.pack(">9i", *(65536 * np.eye(3, dtype=int)).flat)
    lut = (
        b"mft1"
        + bytes(4)
        + bytes((4, 3, INK_STEPS, 0))
        + unit
        + 4 * even
        + table.tobytes()
        + 3 * even
    )
    return icc(b"CMYK", b"prtr", {b"A2B0": lut}, b"Lab ")


# --- BMP -----------------------------------------------------------------------------------------

MASKS: Final = (
    (0xF800, 0x7E0, 0x1F),
    (0x3FF00000, 0xFFC00, 0x3FF),
    (0x7C00, 0x3E0, 0x1F, 0x8000),
    (0xF00, 0xF0, 0xF, 0xF000),
    (0xFF, 0xFF00, 0xFF0000, 0xFF000000),
    (0xFF0000, 0xFF00, 0xFF, 0xFF000000),
)
BI_RGB, BI_RLE8, BI_RLE4, BI_BITFIELDS = range(4)


def bmp(
    rows: Sequence[bytes],
    bits: int,
    palette: Values | None = None,
    *,
    compression: int = BI_RGB,
    masks: Sequence[int] = (),
    head: int = 40,
    top_down: bool = False,
) -> bytes:
    """A BMP of rows from the top; `masks` of red, green, blue and alpha go into the header."""
    padded = [row + bytes(-len(row) % 4) for row in rows] if compression % 3 == 0 else rows
    pixels = b"".join(padded if top_down or compression % 3 else padded[::-1])
    if head == 12:
        info = struct.pack("<IHHHH", head, SIDE, SIDE, 1, bits)
        colours = b"" if palette is None else palette[:, ::-1].astype(np.uint8).tobytes()
    else:
        height = -SIDE if top_down else SIDE
        info = struct.pack(
            "<IiiHHIIii", head, SIDE, height, 1, bits, compression, len(pixels), 0, 0
        )
        count = 0 if palette is None else len(palette)
        info += struct.pack("<II", count, 0) + struct.pack(f"<{len(masks)}I", *masks)
        info = info.ljust(head, b"\0")
        colours = b"" if palette is None else quads(palette)
    at = 14 + len(info) + len(colours)
    return b"BM" + struct.pack("<IHHI", at + len(pixels), 0, 0, at) + info + colours + pixels


def quads(palette: Values) -> bytes:
    """Colours as blue, green, red and nothing."""
    return np.pad(palette[:, ::-1], ((0, 0), (0, 1))).astype(np.uint8).tobytes()


def fields(masks: Sequence[int], *, alpha: Values | None = None) -> Values:
    """(64, 64) pixels of the scene, with the bits of each channel where its mask says."""
    channels = [*np.moveaxis(scene(), -1, 0), np.zeros((SIDE, SIDE)) if alpha is None else alpha]
    pixels = np.zeros((SIDE, SIDE), np.int64)
    for mask, channel in zip(masks, channels, strict=False):
        if mask:
            low = (mask & -mask).bit_length() - 1
            pixels |= np.rint(channel * (mask >> low)).astype(np.int64) << low
    return pixels


def run_lengths(indices: Values, *, four_bits: bool = False) -> list[bytes]:
    """Rows as runs of equal pixels, from the bottom up."""
    rows = []
    for row in indices[::-1].astype(int):
        edges = [0, *(np.flatnonzero(np.diff(row)) + 1), len(row)]
        runs = pairwise(edges)
        value = 17 if four_bits else 1
        rows.append(b"".join(bytes((end - start, row[start] * value)) for start, end in runs))
    return [row + b"\0\0" for row in rows[:-1]] + [rows[-1] + b"\0\1"]


def bmps() -> Iterator[Odd]:
    chance = np.random.default_rng(1)
    for bits in (1, 4, 8):
        palette, indices = chance.integers(0, 256, (2**bits, 3)), levels(grey_scene(), bits)
        rows = packed(indices, bits)
        yield Odd(f"bmp {bits} bits", bmp(rows, bits, palette))
        yield Odd(f"bmp {bits} bits of OS/2", bmp(rows, bits, palette, head=12))
        yield Odd(f"bmp {bits} bits top down", bmp(rows, bits, palette, top_down=True))
    greys = np.arange(256)[:, None].repeat(3, 1)
    yield Odd("bmp grey", bmp(packed(levels(grey_scene(), 8), 8), 8, greys))
    palette = chance.integers(0, 256, (16, 3))
    for bits, compression in ((8, BI_RLE8), (4, BI_RLE4)):
        rows = run_lengths(levels(grey_scene(), 4), four_bits=bits == 4)
        yield Odd(
            f"bmp run lengths of {bits} bits", bmp(rows, bits, palette, compression=compression)
        )
    whole = levels(scene(), 8)[..., ::-1]
    yield Odd("bmp 24 bits", bmp(packed(whole, 8), 24))
    yield Odd("bmp 24 bits top down", bmp(packed(whole, 8), 24, top_down=True))
    yield Odd("bmp 16 bits", bmp(packed(fields((0x7C00, 0x3E0, 0x1F)), 16, "<"), 16))
    yield from bmps_with_masks()


def bmps_with_masks() -> Iterator[Odd]:
    """Of red, green, blue and sometimes alpha. No transparency is meant where all alpha is 0."""
    fade = np.tile(np.linspace(0, 1, SIDE), (SIDE, 1))
    for masks in MASKS:
        bits = 16 if all(mask < 2**16 for mask in masks) else 32
        title = f"bmp {bits} bits, masks {' '.join(f'{mask:x}' for mask in masks)}"
        for head in (56, 108, 124) if len(masks) == 4 else (52,):
            rows = packed(fields(masks), bits, "<")
            data = bmp(rows, bits, compression=BI_BITFIELDS, masks=masks, head=head)
            colours = shown(scene()) if len(masks) == 4 else None
            yield Odd(f"{title}, head {head}", data, colours)
            if len(masks) == 4:
                rows = packed(fields(masks, alpha=fade), bits, "<")
                data = bmp(rows, bits, compression=BI_BITFIELDS, masks=masks, head=head)
                yield Odd(f"{title}, head {head}, alpha", data)
    opaque, clear = (packed(fields(MASKS[-1], alpha=alpha), 32, "<") for alpha in (None, fade))
    yield Odd("bmp 32 bits", bmp(opaque, 32))
    yield Odd("bmp 32 bits, unused bits set", bmp(clear, 32))
    yield Odd("bmp 32 bits, masks without use", bmp(clear, 32, masks=MASKS[-1], head=108))


# --- TIFF ----------------------------------------------------------------------------------------

GREY_WHITE_0, GREY_BLACK_0, RGB, PALETTE, _MASK, INKS, YCBCR, _, LAB = range(9)
UNSIGNED, SIGNED, FLOAT = 1, 2, 3


def tiff(
    strips: Sequence[bytes],
    bits: Sequence[int],
    photometric: int,
    *,
    order: str = "<",
    compression: int = 1,
    tags: dict[int, tuple[int, ...]] | None = None,
) -> bytes:
    """A TIFF of one strip, or of one for each sample; `tags` are short."""
    entries: dict[int, tuple[str, tuple[int, ...]]] = {
        256: ("H", (SIDE,)),
        257: ("H", (SIDE,)),
        258: ("H", tuple(bits)),
        259: ("H", (compression,)),
        262: ("H", (photometric,)),
        273: ("I", (0,) * len(strips)),
        277: ("H", (len(bits),)),
        278: ("H", (SIDE,)),
        279: ("I", tuple(map(len, strips))),
        284: ("H", (2 if len(strips) > 1 else 1,)),
        **{tag: ("H", values) for tag, values in (tags or {}).items()},
    }
    at = 8
    offsets = []
    for strip in strips:
        offsets.append(at)
        at += len(strip)
    entries[273] = ("I", tuple(offsets))
    body, table = b"".join(strips), b""
    far = at + 2 + 12 * len(entries) + 4
    tail = b""
    for tag, (kind, values) in sorted(entries.items()):
        data = struct.pack(f"{order}{len(values)}{kind}", *values)
        if len(data) > 4:
            tail, data = tail + data, struct.pack(f"{order}I", far + len(tail))
        table += struct.pack(f"{order}HHI", tag, 3 if kind == "H" else 4, len(values))
        table += data.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", at)
    return head + body + struct.pack(f"{order}H", len(entries)) + table + bytes(4) + tail


def tiffs() -> Iterator[Odd]:
    grey, whole = grey_scene(), scene()
    for name, order in (("little", "<"), ("big", ">")):
        for photometric, seen in ((GREY_WHITE_0, 1 - grey), (GREY_BLACK_0, grey)):
            for bits in (1, 2, 4, 8, 12, 16):
                strip = b"".join(packed(levels(grey, bits), bits, order))
                data = tiff([strip], [bits], photometric, order=order)
                kind = ("white", "black")[photometric]
                seen_so = levels(seen, bits) / FULL[bits]
                yield Odd(f"tiff {bits} bits, {kind} is 0, {name}", data, shown(seen_so))
        for bits in (8, 16):
            rows = [b"".join(packed(levels(whole, bits), bits, order))]
            planes = [b"".join(packed(levels(whole[..., n], bits), bits, order)) for n in range(3)]
            title = f"tiff RGB, {bits} bits, {name}"
            yield Odd(title, tiff(rows, [bits] * 3, RGB, order=order), shown(whole))
            yield Odd(f"{title}, planes", tiff(planes, [bits] * 3, RGB, order=order), shown(whole))
    yield from grey_tiffs_of_other_numbers()
    yield from tiffs_with_alpha()
    ink_levels = inks()
    left = 255 - ink_levels.astype(float)
    seen = (left[..., :3] * left[..., 3:] / 255) / 255
    for bits, factor in ((8, 1), (16, 257)):
        strip = b"".join(packed(ink_levels.astype(np.int64) * factor, bits, "<"))
        yield Odd(f"tiff inks, {bits} bits", tiff([strip], [bits] * 4, INKS), shown(seen))
    for bits in (1, 2, 4, 8):
        table = np.random.default_rng(bits).integers(0, 256, (2**bits, 3))
        indices = levels(grey, bits)
        map_ = tuple(int(value) * 257 for value in table.T.flat)
        data = tiff([b"".join(packed(indices, bits))], [bits], PALETTE, tags={320: map_})
        yield Odd(f"tiff palette, {bits} bits", data, table[indices].astype(float))
    lab = np.stack([200 * grey, 60 * whole[..., 0] - 30, 60 * whole[..., 1] - 30], -1)
    strip = lab.round().astype(np.int64).astype(np.uint8).tobytes()
    yield Odd("tiff CIE L*a*b*", tiff([strip], [8] * 3, LAB), shown(from_lab(lab.round())))
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd", "lzma"):
        data = saved(picture(), "TIFF", compression=compression)
        yield Odd(f"tiff RGB, {compression}", data, shown(whole))
    sixteen = Image.fromarray(levels(grey, 16).astype(np.uint16))
    data = saved(sixteen, "TIFF", compression="tiff_lzw")
    yield Odd("tiff 16 bits, lzw", data, shown(grey))
    data = saved(sixteen, "TIFF", compression="tiff_lzw", tiffinfo={262: 0})
    yield Odd("tiff 16 bits, white is 0, lzw", data, shown(1 - grey))
    bitmap = Image.fromarray(grey > 0.5)
    yield Odd("tiff fax", saved(bitmap, "TIFF", compression="group4"), shown(grey > 0.5))


def grey_tiffs_of_other_numbers() -> Iterator[Odd]:
    """Whole numbers with a sign, and floats: from the least to the greatest of the file."""
    grey = grey_scene()
    for kind, bits, values in (
        (SIGNED, 16, (grey * 3000 - 1000).astype("<i2")),
        (SIGNED, 32, (grey * 100_000 - 7).astype("<i4")),
        (UNSIGNED, 32, (grey * 4e9).astype("<u4")),
        (FLOAT, 32, grey.astype("<f4")),
    ):
        data = tiff([values.tobytes()], [bits], GREY_BLACK_0, tags={339: (kind,)})
        yield Odd(f"tiff {bits} bits, numbers of kind {kind}", data, shown(grey))
    data = tiff([grey.astype("<f4").tobytes()], [32], GREY_WHITE_0, tags={339: (FLOAT,)})
    yield Odd("tiff floats, white is 0", data, shown(1 - grey))


def tiffs_with_alpha() -> Iterator[Odd]:
    """Alpha that colours have been multiplied by (1) or not (2), or a channel of no meaning (0)."""
    fade = np.tile(np.linspace(0, 1, SIDE), (SIDE, 1))[..., None]
    for bits in (8, 16):
        for channels, photometric in ((scene(), RGB), (grey_scene()[..., None], GREY_BLACK_0)):
            if bits == 16 and photometric == GREY_BLACK_0:
                continue
            for meaning in (0, 1, 2):
                stored = channels * fade if meaning == 1 else channels
                seen = channels * fade + 1 - fade if meaning else channels
                samples = levels(np.concatenate([stored, fade], -1), bits)
                strip = b"".join(packed(samples, bits, "<"))
                data = tiff(
                    [strip], [bits] * samples.shape[-1], photometric, tags={338: (meaning,)}
                )
                name = (
                    f"tiff {'RGB' if photometric == RGB else 'grey'}, {bits} bits, extra {meaning}"
                )
                yield Odd(name, data, shown(seen))


def from_lab(lab: Values) -> Values:
    """CIE L*a*b* of D50, lightness from 0 to 255, as sRGB from 0 to 1 (CIE 15, IEC 61966-2-1)."""
    lightness = (lab[..., 0] / 2.55 + 16) / 116
    parts = np.stack([lightness + lab[..., 1] / 500, lightness, lightness - lab[..., 2] / 200], -1)
    white = np.array([0.9642, 1, 0.8249])
    xyz_ = white * np.where(parts > 6 / 29, parts**3, 3 * (6 / 29) ** 2 * (parts - 4 / 29))
    to_linear = np.array([[3.1339, -1.6169, -0.4906], [-0.9788, 1.9161, 0.0335],
                          [0.0719, -0.2290, 1.4052]])  # fmt: skip  # Bradford-adapted to D65
    linear = np.clip(xyz_ @ to_linear.T, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


# --- animations, and what HEVC and AV1 have coded ------------------------------------------------


def animations() -> Iterator[Odd]:
    first, second = picture(), picture().transpose(Image.Transpose.ROTATE_180)
    for kind in ("GIF", "WEBP", "PNG"):
        data = saved(first, kind, save_all=True, append_images=[second], duration=5000)
        yield Odd(f"animated {kind}", data)
    data = saved(second, "PNG", save_all=True, append_images=[first], duration=5000,
                 default_image=True)  # fmt: skip
    yield Odd("animated PNG with another picture for those that know no animations", data)
    clear = first.copy()
    clear.putalpha(grey_picture())
    data = saved(clear, "WEBP", save_all=True, append_images=[second.convert("RGBA")],
                 lossless=True, duration=5000)  # fmt: skip
    yield Odd("animated WEBP, transparent", data)
    palette = first.quantize(64)
    yield Odd("gif transparent", saved(palette, "GIF", transparency=5))
    yield Odd("gif interlaced", saved(palette, "GIF", interlace=1))
    yield Odd(
        "gif of part of its screen", part_of_screen(saved(palette.crop((0, 0, 32, 32)), "GIF"))
    )
    yield Odd("webp lossy", saved(first, "WEBP", quality=90))
    yield Odd("webp lossy, transparent", saved(clear, "WEBP", quality=90))


def part_of_screen(gif: bytes) -> bytes:
    """A GIF of 32 x 32 on a screen of 64 x 64, in the middle."""
    at = gif.index(b"\x2c", 13 + 3 * 2 ** ((gif[10] & 7) + 1))
    place = struct.pack("<HH", 16, 16)
    return gif[:6] + struct.pack("<HH", SIDE, SIDE) + gif[10 : at + 1] + place + gif[at + 5 :]


def heics() -> Iterator[Odd]:
    from pillow_heif import from_bytes, register_heif_opener

    register_heif_opener()
    whole = scene()
    yield Odd("heic", saved(picture(), "HEIF", quality=95), shown(whole))
    deep = levels(whole, 16).astype(np.uint16)
    heif = from_bytes("RGB;16", (SIDE, SIDE), deep.tobytes())
    buffer = io.BytesIO()
    heif.save(buffer, quality=95)  # as 10 bits
    yield Odd("heic 10 bits", buffer.getvalue(), shown(whole))


def avifs() -> Iterator[Odd]:
    yield Odd("avif", saved(picture(), "AVIF", quality=95))
    yield Odd("avif 4:4:4", saved(picture(), "AVIF", quality=95, subsampling="4:4:4"))
    clear = picture()
    clear.putalpha(grey_picture())
    yield Odd("avif transparent", saved(clear, "AVIF", quality=95))
    yield Odd("avif grey", saved(grey_picture(), "AVIF", quality=95))
    other = picture().transpose(Image.Transpose.ROTATE_180)
    data = saved(picture(), "AVIF", quality=95, save_all=True, append_images=[other])
    yield Odd("animated avif", data, shown(scene()))  # Chromium shows other colours
    yield Odd("avif 10 bits", base64.b64decode(AVIF_10_BITS))


# Made once, of the scene: nothing that the tests install writes such files.
ARITHMETIC: Final = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywt"
    "QFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09P"
    "T09PT09PT09PT09PT09PT09PT0//yQARCABAAEADASIAAhEBAxEB/8wACgAQEAUBEBEF/9oADAMBAAIRAxEAPwD/AKPp"
    "zOoBu6+Hn3PHoju4lB4H3at8F7Hbs7k2SMWdRV7AGUgWavnydYolObrQQUQ5uekAub7UscCCiZq5sUYlgL6ztowjauOm"
    "7xj6E0+tOHvB3GpWPWX0hxTlzlyWhtaoyN66d3VfCuoi+osgnVUOBFvvw5M9QICLYOGvmc27douK0xgedWw29fbtF/W2"
    "7icJ3/D/2Q=="
)
AVIF_10_BITS: Final = (
    "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUEAAADrbWV0YQAAAAAAAAAhaGRscgAAAAAAAAAAcGljdAAAAAAA"
    "AAAAAAAAAAAAAAAOcGl0bQAAAAAAAQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAETAAAAiQAAAChpaW5mAAAAAAABAAAA"
    "GmluZmUCAAAAAAEAAGF2MDFDb2xvcgAAAABqaXBycAAAAEtpcGNvAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAQcGl4aQAA"
    "AAADCgoKAAAADGF2MUOBIEAAAAAAE2NvbHJuY2x4AAIAAgAGgAAAABdpcG1hAAAAAAAAAAEAAQQBAoMEAAAAkW1kYXQS"
    "AAoJOBV//bwICBpAMnoXgmMEwADyCMAAl8OvnWKrL5Li8Kmf98CTguPNWH4Jeb/XHjDmYptaoba81VEP3+2BvIISDaei"
    "4w847cPKOAZiEfxpJjnUySracP/VFS8UyHQKw8YtmlkNV8zUnl+/g1MfYXxlsoyXQE9HagjiUAfDtvI+LV+CucvTmg=="
)

"""Names the kinds of pictures that Pillow does not read, by what their files say of themselves."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from typing import Any, Final

from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import COMPRESSION_INFO, PREFIXES, ImageFileDirectory_v2

from clipcore.messages import N_, Message
from indexer.formats import format_of

# TIFF 6.0 and its successors, as libtiff's tiff.h and the registry of the Library of Congress list
COMPRESSION, BITS, PHOTOMETRIC, SAMPLES, SAMPLE_FORMAT = 259, 258, 262, 277, 339
METHODS: Final = {
    2: "CCITT modified Huffman", 3: "CCITT group 3", 4: "CCITT group 4", 5: "LZW",
    6: "JPEG of the old kind", 7: "JPEG", 8: "Deflate", 9: "JBIG", 10: "JBIG",
    32766: "NeXT RLE", 32773: "PackBits", 32809: "ThunderScan", 32908: "Pixar film",
    32909: "Pixar log", 32946: "Deflate", 33003: "JPEG 2000", 33004: "JPEG 2000",
    33005: "JPEG 2000", 34661: "JBIG", 34676: "SGI LogLuv", 34677: "SGI LogLuv",
    34712: "JPEG 2000", 34887: "LERC", 34892: "JPEG of DNG", 34925: "LZMA", 34933: "PNG",
    34934: "JPEG XR", 50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}  # fmt: skip
ALWAYS_BUILT_IN: Final = frozenset((1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946))  # into Pillow's libtiff
COLOURS: Final = {
    0: "grey", 1: "grey", 2: "RGB", 3: "palette", 4: "mask", 5: "CMYK", 6: "YCbCr", 8: "CIE Lab",
    9: "ICC Lab", 10: "ITU Lab", 32803: "raw sensor", 32844: "LogL", 32845: "LogLuv",
    34892: "linear raw",
}  # fmt: skip
NUMBERS: Final = {1: "", 2: "signed ", 3: "floating-point ", 5: "complex ", 6: "complex "}

# ITU-T T.81, table B.1: frames whose pixels are not coded as Pillow's libjpeg knows
LOSSLESS: Final = frozenset((0xC3, 0xC7, 0xCB, 0xCF))
HIERARCHICAL: Final = frozenset((0xC5, 0xC6, 0xCD, 0xCE))
FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SCAN: Final = 0xDA

BMP_BITS: Final = frozenset((1, 4, 8, 16, 24, 32))

NOT_A_PICTURE: Final = N_("a video, not a picture")
# of files that are no pictures, but end up under the names of pictures
DOCUMENTS: Final = ((b"%pdf", "PDF"), (b"<!doctype html", "HTML"), (b"<html", "HTML"))


def unreadable_kind(data: bytes) -> Message | None:
    """Why Pillow reads no file of this kind; None if it is not the kind that it fails by."""
    if data.startswith(tuple(PREFIXES)):
        return _tiff(data)
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    return _bmp(data) if data.startswith(b"BM") else _other(data)


def _other(data: bytes) -> Message | None:
    format = format_of(data)
    document = next((name for start, name in DOCUMENTS if data[:20].lower().startswith(start)), "")
    name = format.shown if format and not format.is_read else document
    sentence = N_("a file of the format {format}: convert it to JPEG or PNG")
    return Message(sentence, format=name) if name else None


def _tiff(data: bytes) -> Message | None:
    try:
        tags = _tags(data)
        method = int(tags.get(COMPRESSION, 1))
        if method not in COMPRESSION_INFO or not _is_built_in(method):
            return Message(
                N_(
                    "a TIFF compressed with {method}, which Pillow cannot read: save it with "
                    "another"
                ),
                method=METHODS.get(method) or Message(N_("method {number}"), number=method),
            )
        Image.open(io.BytesIO(data), formats=("TIFF",)).close()
    except UnidentifiedImageError:
        return Message(
            N_(
                "a TIFF with {kind}, which Pillow cannot read: save it as 8 or 16 bits, grey or RGB"
            ),
            kind=_pixels(tags),
        )
    except Exception:  # noqa: BLE001 - its header is damaged: then that is the reason
        return None
    return None


def _tags(data: bytes) -> Mapping[int, Any]:
    """The tags of the first picture of a TIFF. Raises EOFError where they are cut off."""
    file = io.BytesIO(data)
    head = file.read(16 if data[2:4] in (b"\0+", b"+\0") else 8)
    tags = ImageFileDirectory_v2(head)
    start = tags.next
    file.seek(start)
    tags.load(file)
    if tags.next == start:  # it has not come to where the next ones are: the file ends before
        raise EOFError
    return tags


def _pixels(tags: Mapping[int, Any]) -> Message:
    """16-bit signed grey in 2 samples a pixel."""
    bits, samples = tags.get(BITS, (1,)), tags.get(SAMPLES, 1)
    number = NUMBERS.get(tags.get(SAMPLE_FORMAT, (1,))[0], "")
    photometric = tags.get(PHOTOMETRIC, 0)
    colour = COLOURS.get(photometric, f"photometric {photometric}")
    return Message(
        N_("{bits}-bit {colour} in {samples} samples a pixel"),
        bits=max(bits),
        colour=f"{number}{colour}",
        samples=samples,
    )


def _is_built_in(method: int) -> bool:
    """Whether this Pillow's libtiff knows it, as far as that shows: it can write such a file."""
    if method in ALWAYS_BUILT_IN:
        return True
    try:
        Image.new("L", (16, 16)).save(io.BytesIO(), "TIFF", compression=COMPRESSION_INFO[method])
    except (OSError, ValueError):
        return False
    return True


def _bmp(data: bytes) -> Message | None:
    if len(data) < 34:
        return None
    bits, compression = struct.unpack_from("<HI", data, 28)
    kinds = {
        Message(N_("a JPEG in it")): compression == 4,
        Message(N_("a PNG in it")): compression == 5,
        Message(N_("{bits} bits a pixel"), bits=bits): bits not in BMP_BITS,
    }
    kind = next((kind for kind, applies in kinds.items() if applies), None)
    sentence = N_("a BMP with {kind}, which Pillow cannot read: convert it to PNG")
    return kind and Message(sentence, kind=kind)


def _jpeg(data: bytes) -> Message | None:
    at = 2
    while at + 10 < len(data) and data[at] == 0xFF and data[at + 1] != SCAN:
        marker = data[at + 1]
        if marker in FRAMES:
            return _frame(marker, bits=data[at + 4], channels=data[at + 9])
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _frame(marker: int, bits: int, channels: int) -> Message | None:
    kinds = {
        Message(N_("lossless coding")): marker in LOSSLESS,
        Message(N_("hierarchical coding")): marker in HIERARCHICAL,
        Message(N_("{bits} bits a sample"), bits=bits): bits != 8,
        Message(N_("{channels} channels"), channels=channels): channels not in (1, 3, 4),
    }
    kind = next((kind for kind, applies in kinds.items() if applies), None)
    sentence = N_("a JPEG with {kind}, which Pillow cannot read: convert it to PNG")
    return kind and Message(sentence, kind=kind)

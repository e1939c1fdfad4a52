"""The formats of pictures and films: one row each, whether it is read or only counted.

A file is judged by its bytes; its suffix makes it a candidate. A new format is a row here, and an
opener in imaging where Pillow's is not enough. Knows no decoder, and imports none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from indexer.raw_files import raw_format


class Kind(StrEnum):
    """The kind of a format: how it becomes a picture."""

    STILL = "still"  # Pillow opens it, by itself or with a plugin
    RAW = "raw"
    FILM = "film"


Recogniser = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Format:
    """A format. `name`: as Pillow calls it, where Pillow reads it, and as facts have it.

    `begins`: whether a file's bytes are of this format; of the RAW formats raw_files.py knows that.
    `package`: the module that reads it, where Pillow alone does not, and `extra`, with which it is
    installed. A decoder that is `isolated` runs in a process of its own. A format that is not
    `is_read` is counted, and no more. `label`: the name for people, where it is another.
    """

    name: str
    suffixes: tuple[str, ...]
    begins: Recogniser | None
    kind: Kind = Kind.STILL
    package: str | None = None
    extra: str | None = None
    isolated: bool = False
    is_read: bool = True
    label: str = ""

    @property
    def shown(self) -> str:
        """The name for people."""
        return self.label or self.name

    @property
    def group(self) -> str:
        """The name for people of all formats that are read alike: all those of cameras are RAW."""
        return "RAW" if self.kind is Kind.RAW else self.shown


# --- how files begin ------------------------------------------------------------------------------


def _starts(*beginnings: bytes, at: int = 0) -> Recogniser:
    return lambda data: data.startswith(beginnings, at)


def _brands(data: bytes) -> bytes:
    """ISO/IEC 14496-12, 4.3: the file's own brand, its version, then those it is compatible with.

    Empty for other files.
    """
    return data[8 : min(int.from_bytes(data[:4], "big"), 64)] if data[4:8] == b"ftyp" else b""


def _is_avif(data: bytes) -> bool:
    """AV1 Image File Format, 6."""
    return any(brand in _brands(data) for brand in (b"avif", b"avis"))


# ISO/IEC 23008-12: how a file begins whose pictures HEVC has coded
HEIC_BRANDS: Final = (
    *(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"),
)


def _is_heic(data: bytes) -> bool:
    return _brands(data).startswith(HEIC_BRANDS) and not _is_avif(data)


def _branded(*brands: bytes) -> Recogniser:
    return lambda data: _brands(data).startswith(brands)


def _riff(kind: bytes) -> Recogniser:
    return lambda data: data[:4] == b"RIFF" and data[8:12] == kind


def _is_bare_mov(data: bytes) -> bool:
    """QuickTime of before there were brands."""
    return data[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


def _is_transport_stream(data: bytes) -> bool:
    """ISO/IEC 13818-1: packets of 188 bytes; those of AVCHD have 4 more in front."""
    return data[0:1] == data[188:189] == b"\x47" or data[4:5] == data[196:197] == b"\x47"


def _pnm(kinds: bytes) -> Recogniser:
    """Netpbm's formats, and PFM: P and one of these characters, then white space."""
    return lambda data: data[:1] == b"P" and data[1:2] in kinds and data[2:3].isspace()


def _is_tga(data: bytes) -> bool:
    """Truevision TGA 2.0, table 2: nothing but the sense of its fields gives it away."""
    if len(data) < 18 or data[16] not in (8, 15, 16, 24, 32):
        return False
    coloured, kind, size = data[1], data[2], data[12:16]
    mapped = kind in (1, 9)
    return (
        (mapped or kind in (2, 3, 10, 11))
        and (coloured == 1 if mapped else coloured == 0)
        and 0 not in (int.from_bytes(size[:2], "little"), int.from_bytes(size[2:], "little"))
    )


# --- the table ------------------------------------------------------------------------------------


def _raw_row(name: str, *suffixes: str) -> Format:
    return Format(name, suffixes, None, Kind.RAW, "rawpy", "raw", isolated=True)


def _film(name: str, suffixes: tuple[str, ...], begins: Recogniser) -> Format:
    return Format(name, suffixes, begins, Kind.FILM, "av", "video", isolated=True)


def _counted(name: str, suffixes: tuple[str, ...], begins: Recogniser | None) -> Format:
    return Format(name, suffixes, begins, is_read=False)


FORMATS: Final = (
    Format(
        "JPEG", (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".insp"), _starts(b"\xff\xd8\xff")
    ),
    Format("PNG", (".png",), _starts(b"\x89PNG\r\n\x1a\n")),
    Format("HEIF", (".heic", ".heif", ".hif"), _is_heic, package="pillow_heif", extra="heic",
           isolated=True, label="HEIC"),
    Format("AVIF", (".avif", ".avifs"), _is_avif),
    Format("WEBP", (".webp",), _riff(b"WEBP"), label="WebP"),
    Format("GIF", (".gif",), _starts(b"GIF87a", b"GIF89a")),
    Format("BMP", (".bmp",), _starts(b"BM")),
    _raw_row("DNG", ".dng"),
    _raw_row("CR2", ".cr2"),
    _raw_row("CR3", ".cr3"),
    _raw_row("CRW", ".crw"),
    _raw_row("NEF", ".nef", ".nrw"),
    _raw_row("ARW", ".arw", ".sr2", ".srf"),
    _raw_row("RAF", ".raf"),
    _raw_row("ORF", ".orf", ".ori"),
    _raw_row("RW2", ".rw2", ".rwl"),
    _raw_row("PEF", ".pef"),
    _raw_row("SRW", ".srw"),
    _raw_row("3FR", ".3fr", ".fff"),
    _raw_row("IIQ", ".iiq"),
    _raw_row("KDC", ".kdc", ".dcr", ".k25"),
    _raw_row("MRW", ".mrw"),
    _raw_row("X3F", ".x3f"),
    _raw_row("ERF", ".erf"),
    _raw_row("MEF", ".mef"),
    _raw_row("MOS", ".mos"),
    Format("GPR", (".gpr",), None, Kind.RAW, is_read=False),  # LibRaw lacks its decoder
    Format("TIFF", (".tif", ".tiff"), _starts(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    Format("JXL", (".jxl",), _starts(b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"),
           package="pillow_jxl", extra="jxl", isolated=True, label="JPEG XL"),
    Format("JPEG2000", (".jp2", ".j2k", ".jpx", ".jpf", ".jpc", ".j2c"),
           _starts(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"), isolated=True,
           label="JPEG 2000"),
    Format("PPM", (".pbm", ".pgm", ".ppm", ".pnm", ".pfm"), _pnm(b"456f"), label="PNM"),
    # Pillow reads these two in Python, so slowly that only a limit of time holds for them
    Format("PPM", (), _pnm(b"123"), isolated=True, label="PNM"),
    Format("QOI", (".qoi",), _starts(b"qoif"), isolated=True),
    Format("PSD", (".psd",), _starts(b"8BPS\0\1"), label="Photoshop"),
    Format("ICO", (".ico",), _starts(b"\0\0\1\0")),
    Format("SGI", (".sgi",), _starts(b"\x01\xda\0", b"\x01\xda\1")),
    Format("PCX", (".pcx",), _starts(b"\n\0\1", b"\n\2\1", b"\n\3\1", b"\n\5\1")),
    _counted("JPEG XR", (".jxr", ".wdp"), _starts(b"II\xbc")),
    _counted("Photoshop, large", (".psb",), _starts(b"8BPS\0\2")),
    _counted("PAM", (".pam",), _starts(b"P7\n", b"PF\n")),  # PF: a PFM with colours
    _counted("GIMP", (".xcf",), _starts(b"gimp xcf")),
    _counted("SVG", (".svg",), _starts(b"<svg")),
    _counted("OpenEXR", (".exr",), _starts(b"\x76\x2f\x31\x01")),
    _counted("Radiance HDR", (".hdr",), _starts(b"#?RADIANCE")),
    _counted("Apple icon", (".icns",), _starts(b"icns")),
    _counted("Live Photo", (".livp",), None),  # a zip file by its bytes
    _counted("unknown RAW", (".raw",), None),  # by its bytes it may be anything
    _film("3GP", (".3gp", ".3g2"), _branded(b"3gp", b"3g2")),
    _film("MOV", (".mov",), lambda data: _branded(b"qt  ")(data) or _is_bare_mov(data)),
    _film("MP4", (".mp4", ".m4v", ".insv"), lambda data: bool(_brands(data))),  # all other brands
    _film("Matroska", (".mkv", ".webm"), _starts(b"\x1a\x45\xdf\xa3")),
    _film("AVI", (".avi",), _riff(b"AVI ")),
    _film("MPEG-TS", (".mts", ".m2ts"), _is_transport_stream),
    _film("MPEG-PS", (".mpg", ".mpeg", ".vob"), _starts(b"\0\0\1\xba", b"\0\0\1\xb3")),
    _film("WMV", (".wmv",), _starts(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11")),
    _film("FLV", (".flv",), _starts(b"FLV\1")),
    _film("Ogg", (".ogv",), _starts(b"OggS")),
    _film("DV", (".dv",), _starts(b"\x1f\x07\0")),
    # last: other formats begin like this too
    Format("TGA", (".tga",), _is_tga),
)  # fmt: skip

SUFFIXES: Final = frozenset(
    suffix for format in FORMATS if format.is_read for suffix in format.suffixes
)
RAWS: Final = {format.name: format for format in FORMATS if format.kind is Kind.RAW}
COUNTED: Final = tuple(
    sorted(suffix for format in FORMATS if not format.is_read for suffix in format.suffixes)
)


def format_of(data: bytes) -> Format | None:
    """The format of a file with these bytes; None of no format of the table."""
    if raw := raw_format(data):
        return RAWS[raw]
    return next((format for format in FORMATS if format.begins and format.begins(data)), None)

"""Build data/sample, a small library of real photographs, from unpacked Debian packages.

The table of what to take and where to put it is sample_sources.toml, beside this script.
Each picture is turned upright, made smaller, stripped of the metadata it came with, given
the metadata the table names, and saved in the format of its file name. ATTRIBUTION.md,
which says where each one came from, is written next to them.

To rebuild, download the packages, unpack each (dpkg-deb -x) into a folder called like the
package, and name these folders:

    python data/make_sample.py unpacked/gcompris-qt-data unpacked/palapeli-data ...
"""

from __future__ import annotations

import argparse
import io
import shutil
import struct
import sys
import tomllib
import unicodedata
import zlib
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, ImageCms, ImageDraw, ImageOps
from PIL.TiffImagePlugin import IFDRational

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "sample_sources.toml"
SAMPLE = HERE / "sample"
LONG_SIDE = 720
MARGIN = 0.02  # of the long side, left empty around a cut-out

LICENCES = {
    "Public domain": "https://creativecommons.org/publicdomain/mark/1.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-2.0": "https://creativecommons.org/licenses/by/2.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-3.0": "https://creativecommons.org/licenses/by-sa/3.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
}

# What to do to upright pixels so that a viewer that obeys the tag shows them upright again.
STORE_FOR_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}

SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    ".jpg": {"format": "JPEG", "quality": 76, "optimize": True},
    ".png": {"format": "PNG", "optimize": True},
    ".webp": {"format": "WEBP", "quality": 78},
    ".tif": {"format": "TIFF", "compression": "tiff_deflate"},
    ".gif": {"format": "GIF"},
    ".bmp": {"format": "BMP"},
}

Entry = dict[str, Any]


def read_rcc(path: Path) -> Iterator[tuple[str, bytes]]:
    """Give the name and the contents of every file in a Qt resource archive."""
    data = path.read_bytes()
    magic, version, tree, blobs, names = struct.unpack(">4sIIII", data[:20])
    if magic != b"qres":
        raise ValueError(f"{path} is not a Qt resource archive")
    node_size = 14 if version < 2 else 22  # from version 2 on a node ends with a timestamp

    def name(offset: int) -> str:
        start = names + offset
        (length,) = struct.unpack_from(">H", data, start)
        return data[start + 6 : start + 6 + 2 * length].decode("utf-16-be")

    def walk(node: int, folder: str) -> Iterator[tuple[str, bytes]]:
        at = tree + node * node_size
        name_at, flags = struct.unpack_from(">IH", data, at)
        here = f"{folder}/{name(name_at)}" if node else folder
        if flags & 2:
            count, first = struct.unpack_from(">II", data, at + 6)
            for child in range(first, first + count):
                yield from walk(child, here)
        else:
            (blob_at,) = struct.unpack_from(">I", data, at + 10)
            (length,) = struct.unpack_from(">I", data, blobs + blob_at)
            start = blobs + blob_at + 4
            yield here, unpack(data[start : start + length], flags)

    return walk(0, "")


def unpack(blob: bytes, flags: int) -> bytes:
    """Decompress one file of a resource archive as its flags say."""
    if flags & 4:
        raise ValueError("this resource archive uses zstd, which no package here needed so far")
    return zlib.decompress(blob[4:]) if flags & 1 else blob  # 4 bytes of length come first


@cache
def rcc_members(path: Path) -> dict[str, bytes]:
    """The whole archive at once: most of its pictures are wanted."""
    return dict(read_rcc(path))


def open_source(entry: Entry, packages: dict[str, Path]) -> Image.Image:
    """Open the picture that an entry names, upright, in sRGB and without its metadata."""
    file = packages[entry["package"]] / entry["file"]
    content = rcc_members(file)[entry["member"]] if "member" in entry else file.read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        upright = ImageOps.exif_transpose(image)
        plain = to_srgb(upright)
        plain.info.clear()
        return plain


def to_srgb(image: Image.Image) -> Image.Image:
    """Convert by the embedded profile, as the profile itself will not be kept."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode != "RGB":
        return image.convert("L" if image.mode == "L" else "RGB")
    converted = ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        outputMode="RGB",
    )
    assert converted is not None  # only None when asked to convert in place
    return converted


def cut_out_ellipse(image: Image.Image) -> Image.Image:
    """Make everything outside the inscribed ellipse transparent, with a smooth edge."""
    big = (image.width * 4, image.height * 4)
    inset = max(big) * MARGIN
    mask = Image.new("L", big)
    ImageDraw.Draw(mask).ellipse((inset, inset, big[0] - inset, big[1] - inset), fill=255)
    cut = image.convert("RGBA")
    cut.putalpha(mask.resize(image.size, Image.Resampling.LANCZOS))
    return cut


def shape(image: Image.Image, entry: Entry) -> Image.Image:
    """Resize, and do the odd things that some entries ask for."""
    side = entry.get("long_side", LONG_SIDE)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    if entry.get("cutout"):
        image = cut_out_ellipse(image)
    if entry.get("cmyk"):
        image = image.convert("CMYK")
    if entry["path"].endswith(".gif"):
        image = image.quantize(128)
    turn = STORE_FOR_ORIENTATION.get(entry.get("orientation", 1))
    return image if turn is None else image.transpose(turn)


def rational(value: float | str) -> IFDRational:
    """Exact numbers: 5.6 as 28/5, not as its nearest binary fraction."""
    fraction = Fraction(str(value))
    return IFDRational(fraction.numerator, fraction.denominator)


def degrees(value: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    """Degrees, minutes and hundredths of seconds, as GPS tags want them."""
    hundredths = round(abs(value) * 360_000)
    minutes, rest = divmod(hundredths, 6000)
    whole, minutes = divmod(minutes, 60)
    return IFDRational(whole), IFDRational(minutes), IFDRational(rest, 100)


def gps_tags(latitude: float, longitude: float) -> dict[int, Any]:
    return {
        ExifTags.GPS.GPSVersionID: b"\x02\x03\x00\x00",
        ExifTags.GPS.GPSLatitudeRef: "N" if latitude >= 0 else "S",
        ExifTags.GPS.GPSLatitude: degrees(latitude),
        ExifTags.GPS.GPSLongitudeRef: "E" if longitude >= 0 else "W",
        ExifTags.GPS.GPSLongitude: degrees(longitude),
    }


def capture_tags(entry: Entry, lens: str | None) -> dict[int, Any]:
    """The tags of the Exif IFD: when, and with which settings."""
    tags: dict[int, Any] = {}
    if "taken" in entry:
        tags[ExifTags.Base.DateTimeOriginal] = entry["taken"].replace("-", ":")
    if "offset" in entry:
        tags[ExifTags.Base.OffsetTimeOriginal] = entry["offset"]
    if "exposure" in entry:
        exposure = entry["exposure"]
        tags[ExifTags.Base.FNumber] = rational(exposure["f"])
        tags[ExifTags.Base.ExposureTime] = rational(exposure["time"])
        tags[ExifTags.Base.ISOSpeedRatings] = exposure["iso"]
        tags[ExifTags.Base.FocalLength] = rational(exposure["mm"])
    if lens:
        tags[ExifTags.Base.LensModel] = lens
    return tags


def exif_of(entry: Entry, cameras: dict[str, dict[str, str]]) -> Image.Exif:
    """The metadata an entry asks for, and nothing else."""
    exif = Image.Exif()
    camera = cameras[entry["camera"]] if "camera" in entry else {}
    if camera:
        exif[ExifTags.Base.Make] = camera["make"]
        exif[ExifTags.Base.Model] = camera["model"]
    if "orientation" in entry:
        exif[ExifTags.Base.Orientation] = entry["orientation"]
    if capture := capture_tags(entry, camera.get("lens")):
        exif.get_ifd(ExifTags.IFD.Exif).update(capture)
    if "gps" in entry:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps_tags(*entry["gps"]))
    return exif


def build_photo(entry: Entry, packages: dict[str, Path], cameras: dict[str, Any]) -> None:
    target = SAMPLE / entry["path"]
    if not unicodedata.is_normalized("NFC", entry["path"]):
        raise ValueError(f"{entry['path']!r} is not NFC: some checkouts would rename it")
    target.parent.mkdir(parents=True, exist_ok=True)
    image = shape(open_source(entry, packages), entry)
    options = dict(SAVE_OPTIONS[target.suffix])
    exif = exif_of(entry, cameras)
    if len(exif):
        options["exif"] = exif
    image.save(target, **options)


def source_text(entry: Entry) -> str:
    text = f"`{entry['package']}`: `{entry['file']}`"
    if "member" in entry:
        text += f", in it `{entry['member']}`"
    return text


def added_text(entry: Entry, cameras: dict[str, dict[str, str]]) -> str:
    """What metadata a photo was given, in words."""
    parts = []
    if "taken" in entry:
        parts.append(f"date {entry['taken']}{entry.get('offset', '')}")
    if "camera" in entry:
        parts.append(f"camera {cameras[entry['camera']]['model']} and exposure")
    if "gps" in entry:
        parts.append(f"GPS {entry['gps'][0]:.4f}, {entry['gps'][1]:.4f}")
    if "orientation" in entry:
        parts.append(f"orientation {entry['orientation']}")
    return "; ".join(parts) or "none"


def changes_text(entry: Entry) -> str:
    changes = "resized and recompressed"
    for key, words in (
        ("cutout", "cut out to an ellipse"),
        ("cmyk", "converted to CMYK"),
        ("orientation", "stored turned or mirrored"),
    ):
        if key in entry:
            changes += f", {words}"
    return changes


def attribution_entry(entry: Entry, cameras: dict[str, dict[str, str]]) -> str:
    title = Path(str(entry.get("member", entry["file"]))).name
    lines = [
        f"### `{entry['path']}`",
        "",
        f"- Shows: {entry['shows']}",
        f"- Title in the package: `{title}`",
        f"- Author: {entry['author']}",
        f"- Licence: [{entry['licence']}]({LICENCES[entry['licence']]})",
        f"- Source: {source_text(entry)}",
    ]
    if "url" in entry:
        lines.append(f"- Original: <{entry['url']}>")
    lines.append(f"- Changes: {changes_text(entry)}")
    lines.append(f"- Metadata added: {added_text(entry, cameras)}")
    return "\n".join(lines) + "\n"


ATTRIBUTION_HEAD = """\
# Where the sample photos come from

{count} photographs by other people, taken from Debian packages by `data/make_sample.py`.
All were changed: **resized, recompressed, converted to sRGB and stripped of the metadata
they came with**; each entry names what else was done. The dates, cameras and exposures
now in the files are **invented**, so that there is something to filter by: they say nothing
about how the photo was really made. GPS positions are where the place shown stands.

The licence of the software does not apply to these files. Each stays under its own, and
what is made from a CC BY-SA photo must be shared under the same licence:

{licences}

Authors and licences are as stated in each package: in the copyright file for
lomiri-wallpapers; in the README beside the pictures, inside the resource archives, for
gcompris-qt-data (its copyright file still lists some older pictures of the same names); in
the `.desktop` file beside each picture for palapeli-data; in `images/README.txt` for
python3-sklearn; in the text that documents each picture (`skimage/data/_fetchers.py`) for
python3-skimage.

Versions of the packages: {versions}.

"""


def write_attribution(table: dict[str, Any]) -> None:
    photos, cameras = table["photo"], table["cameras"]
    used = {photo["licence"] for photo in photos}
    licences = "\n".join(f"- {name}: <{url}>" for name, url in LICENCES.items() if name in used)
    versions = ", ".join(f"{name} {version}" for name, version in table["packages"].items())
    head = ATTRIBUTION_HEAD.format(count=len(photos), licences=licences, versions=versions)
    ordered = sorted(photos, key=lambda photo: photo["path"])
    entries = "\n".join(attribution_entry(photo, cameras) for photo in ordered)
    (SAMPLE / "ATTRIBUTION.md").write_text(head + entries, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", nargs="+", type=Path, help="folder of an unpacked package")
    packages = {folder.name: folder for folder in parser.parse_args().package}
    table = tomllib.loads(SOURCES.read_text(encoding="utf-8"))
    missing = table["packages"].keys() - packages.keys()
    if missing:
        sys.exit(f"folders of these packages are missing: {', '.join(sorted(missing))}")
    shutil.rmtree(SAMPLE, ignore_errors=True)  # a renamed photo must not leave its old self
    for photo in table["photo"]:
        build_photo(photo, packages, table["cameras"])
    write_attribution(table)


if __name__ == "__main__":
    main()

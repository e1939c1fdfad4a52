"""An opened picture of any mode and depth -> 8-bit RGB, as a browser shows it.

Pillow hands out the values that the file has. What the file says of them besides is applied here:
that white is 0, that 12 bits are all, which colour is clear, a tone curve, a profile of inks or
greys. Knows nothing of facts, thumbnails or the library, and turns nothing upright.
"""

from __future__ import annotations

import io
import logging
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, TiffImagePlugin
from PIL.ImageFile import ImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from clipcore.image.preprocess import to_rgb

log = logging.getLogger(__name__)

Values = npt.NDArray[Any]

PROFILE_LIMIT_BYTES: Final = 1_000_000  # a thumbnail is not there to carry more
SRGB_GAMMA: Final = 1 / 2.2  # as the gAMA chunk of a PNG has it: sRGB then stays as it is
SAME_GAMMA: Final = 0.005
BITS_PER_SAMPLE, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339  # TIFF 6.0, sections 8 and 19
WHITE_IS_0, UNSIGNED = 0, (1,)
# Grey TIFFs that Pillow unpacks, but does not look for: 12 bits are packed alike in either order.
MORE_TIFFS: Final[dict[Any, tuple[str, str]]] = {
    (b"II", 0, (1,), 1, (12,), ()): ("I;16", "I;12"),
    (b"MM", 0, (1,), 1, (12,), ()): ("I;16", "I;12"),
    (b"MM", 1, (1,), 1, (12,), ()): ("I;16", "I;12"),
    (b"MM", 0, (1,), 1, (16,), ()): ("I;16B", "I;16B"),
}


def read_more_tiffs() -> None:
    """Let Pillow open MORE_TIFFS, in this process."""
    TiffImagePlugin.OPEN_INFO.update(MORE_TIFFS)


def load_rgb(image: ImageFile, data: bytes) -> Image.Image:
    """Load what was opened from `data`, as a new RGB image.

    Its `info` has the profile of its colours, where that must go with them and is not too large.
    """
    profile = image.info.get("icc_profile") or b""
    rgb = _toned(_flat(_loaded(image, data), profile), image.info)
    if _is_of(b"RGB ", profile) and len(profile) > PROFILE_LIMIT_BYTES:
        rgb = _in_srgb(rgb, profile)
    elif _is_of(b"RGB ", profile):
        rgb.info = {"icc_profile": profile}
        return rgb
    rgb.info = {}
    return rgb


def _loaded(image: ImageFile, data: bytes) -> Image.Image:
    """The image with the values that its file means, loaded."""
    if isinstance(image, PngImageFile):
        return _loaded_png(image, data)
    if isinstance(image, TiffImageFile):
        return _without_empty_alpha(_loaded_tiff(image))
    if image.format == "GIF":
        return _loaded_gif(image)
    image.load()
    if image.format == "PPM" and image.mode == "I":  # 16 bits
        return Image.fromarray(np.asarray(image).astype(np.uint16))
    return _without_empty_alpha(image) if image.format in ("BMP", "TGA", "ICO") else image


def _loaded_png(image: PngImageFile, data: bytes) -> Image.Image:
    if image.default_image and image.is_animated:
        image.seek(1)  # the first picture is for those that show no animations
    unpacked, key = image.tile[0].args, image.info.get("transparency")
    if key is None or unpacked not in ("L;2", "L;4", "RGB;16B"):
        image.load()
        return image
    if unpacked != "RGB;16B":  # a level of 2 or 4 bits; Pillow spreads the pixels to 8, not the key
        image.info["transparency"] = key * 255 // (2 ** int(unpacked[-1]) - 1)
        image.load()
        return image
    del image.info["transparency"]  # a colour of 16 bits a channel, of which the pixels keep 8
    image.load()
    values = np.asarray(image).astype(np.uint16) << 8 | _lower_bytes(data)
    clear = Image.fromarray((values == key).all(axis=-1))
    seen = image.copy()
    seen.paste("white", mask=clear)
    return seen


def _lower_bytes(data: bytes) -> Values:
    """(H, W, 3): of each 16 bits of an RGB PNG the lower 8, by the unpacker of the other order."""
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        assert isinstance(image, ImageFile)
        image.tile = [image.tile[0]._replace(args="RGB;16L")]
        image.load()
        return np.asarray(image)


def _loaded_tiff(image: TiffImageFile) -> Image.Image:
    image.info.pop("xmp", None)  # as it loads, Pillow turns by the orientation of XMP too
    if image.tag_v2.get(BITS_PER_SAMPLE, ())[:1] == (16,):
        image.tile = [
            tile._replace(args=_plane_of_16_bits(image, tile.args)) for tile in image.tile
        ]
    image.load()
    if image.mode == "I" and image.tag_v2.get(SAMPLE_FORMAT, UNSIGNED) == UNSIGNED:
        return Image.fromarray(np.asarray(image).view(np.uint32).astype(np.float32))
    is_negative = image.tag_v2.get(PHOTOMETRIC) == WHITE_IS_0
    if image.mode == "F" and is_negative:
        return Image.fromarray(-np.asarray(image))
    if not image.mode.startswith("I;16"):
        return image
    values = np.asarray(image)
    if image.tag_v2.get(BITS_PER_SAMPLE) == (12,):
        values = values << 4 | values >> 8
    return Image.fromarray(0xFFFF - values if is_negative else values)


def _plane_of_16_bits(image: TiffImageFile, args: Any) -> Any:
    """Where each channel has a plane, Pillow would unpack it as if it had 8 bits."""
    if not isinstance(args, tuple) or args[0] not in tuple("RGBA"):
        return args
    order = "L" if image.tag_v2.prefix == b"II" else "B"
    return (f"{args[0]};16{order}", *args[1:])


def _loaded_gif(image: ImageFile) -> Image.Image:
    box = image.tile[0].extents if image.tile else None
    image.load()
    if box is None or box == (0, 0, *image.size):
        return image
    shown = Image.new("RGB", image.size, "white")  # around the first picture nothing is drawn
    shown.paste(to_rgb(image).crop(box), box)
    return shown


def _without_empty_alpha(image: Image.Image) -> Image.Image:
    """Programs that know no transparency leave 0 where others look for it."""
    if image.mode in ("RGBA", "LA") and image.getchannel("A").getextrema() == (0, 0):
        return image.convert(image.mode[:-1])
    return image


def _flat(image: Image.Image, profile: bytes) -> Image.Image:
    """The image as RGB; inks and greys by their profile."""
    if image.mode == "CMYK" and _is_of(b"CMYK", profile):
        return _in_srgb(image, profile)
    rgb = to_rgb(image)
    if image.mode in ("1", "L", "LA", "I;16", "I;16B") and _is_of(b"GRAY", profile):
        return _in_srgb(rgb.getchannel(0), profile)
    return rgb.copy() if rgb is image else rgb


def _is_of(space: bytes, profile: bytes) -> bool:
    """Whether an ICC profile is one of such colours (ICC.1:2022, 7.2.6)."""
    return profile[16:20] == space


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        srgb = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(
            image, source, srgb, ImageCms.Intent.RELATIVE_COLORIMETRIC, "RGB"
        )
    except (ImageCms.PyCMSError, OSError) as error:
        log.debug("a colour profile that cannot be used: %s", error)
        converted = None
    return converted or image.convert("RGB")


def _toned(image: Image.Image, info: dict[Any, Any]) -> Image.Image:
    """By the tone curve of a PNG that has no other word on its colours."""
    gamma = info.get("gamma")
    if not gamma or "srgb" in info or info.get("icc_profile"):
        return image
    if abs(gamma - SRGB_GAMMA) < SAME_GAMMA:
        return image
    linear = (np.arange(256) / 255) ** (1 / gamma)
    # IEC 61966-2-1
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return image.point([round(255 * value) for value in curve] * 3)

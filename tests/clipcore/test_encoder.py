"""The encoder over a CLIP checkpoint: rows, laziness, batches, threads."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import seeded
import torch
from safetensors.torch import save_file

import clipcore
from clipcore.checkpoints.loading import Checkpoint
from clipcore.encoder import Encoder
from clipcore.engines.engines import OpenVinoEngine
from clipcore.families.clip import ClipEncoder
from clipcore.families.registry import Languages
from clipcore.families.two_towers import TEXT_BATCH
from clipcore.model.clip import CLIP

pytestmark = pytest.mark.slow

TEXTS = ["a cat", "", "grandmother on the beach in the summer of 1987", "word " * 100, "海滩"]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded.write_open_clip(tmp_path_factory.mktemp("model"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def encoder(directory: Path) -> ClipEncoder:
    return ClipEncoder(directory, "cpu")


def pixels(encoder: Encoder, count: int) -> np.ndarray:
    pictures = [seeded.picture((80 + 7 * number, 90)) for number in range(count)]
    return np.stack([encoder.preprocess(picture) for picture in pictures])


def test_rows_are_unit_float32_and_contiguous(encoder: ClipEncoder) -> None:
    for rows in (encoder.embed_images(pixels(encoder, 3)), encoder.embed_texts(TEXTS)):
        assert rows.dtype == np.float32
        assert rows.flags.c_contiguous
        assert rows.shape[1] == encoder.dim == 32
        assert np.abs(np.linalg.norm(rows, axis=1) - 1).max() < 1e-6


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The towers that are loaded, in their order."""
    sides: list[tuple[str, ...]] = []
    load = Checkpoint.load

    def logged(checkpoint: Checkpoint, parts: tuple[str, ...]) -> CLIP:
        sides.append(parts)
        return load(checkpoint, parts)

    monkeypatch.setattr(Checkpoint, "load", logged)
    return sides


def test_facts_are_known_before_any_tower_is_loaded(
    encoder: ClipEncoder, loaded: list[tuple[str, ...]]
) -> None:
    assert encoder.logit_scale == seeded.LOGIT_SCALE
    assert encoder.image_size_px == 64
    assert encoder.languages is Languages.ENGLISH
    assert encoder.model_id.startswith("ViT-32-128x2-64@")
    assert encoder.preprocess(seeded.picture((300, 500))).shape == (3, 64, 64)
    assert loaded == []


def test_each_side_loads_its_own_tower_only(
    encoder: ClipEncoder, loaded: list[tuple[str, ...]]
) -> None:
    encoder.embed_texts(["a cat"])
    assert loaded == [("text",)]
    encoder.embed_images(pixels(encoder, 1))
    assert loaded == [("text",), ("image",)]


def test_images_can_be_made_ready_before_the_first(
    encoder: ClipEncoder, loaded: list[tuple[str, ...]]
) -> None:
    encoder.load_images()
    assert loaded == [("image",)]
    encoder.embed_images(pixels(encoder, 1))
    assert loaded == [("image",)]


def test_texts_cut_at_their_end_equal_the_full_computation(
    encoder: ClipEncoder, directory: Path
) -> None:
    clip = clipcore.load(directory)
    texts = TEXTS * TEXT_BATCH  # several batches of several lengths
    with torch.inference_mode():
        whole = clip.model.encode_text(clip.tokenizer(texts))
        whole = torch.nn.functional.normalize(whole, dim=-1).numpy()
    assert np.abs(encoder.embed_texts(texts) - whole).max() < 1e-5


def test_a_row_does_not_depend_on_its_batch_or_place(encoder: ClipEncoder) -> None:
    together = encoder.embed_texts(TEXTS)
    for text, row in zip(TEXTS, together, strict=True):
        assert np.abs(encoder.embed_texts([text])[0] - row).max() < 1e-6
    some = pixels(encoder, 40)
    images = encoder.embed_images(some)
    assert np.abs(encoder.embed_images(some[35:36])[0] - images[35]).max() < 1e-6


def test_logits_are_those_of_the_model(encoder: ClipEncoder, directory: Path) -> None:
    some, clip = pixels(encoder, 2), clipcore.load(directory)
    cosines = encoder.embed_images(some) @ encoder.embed_texts(TEXTS).T
    with torch.inference_mode():
        per_image, _ = clip.model(torch.from_numpy(some), clip.tokenizer(TEXTS))
    assert np.abs(np.exp(encoder.logit_scale) * cosines - per_image.numpy()).max() < 1e-4


def test_nothing_in_nothing_out(encoder: ClipEncoder) -> None:
    assert encoder.embed_texts([]).shape == (0, 32)
    assert encoder.embed_images(np.empty((0, 3, 64, 64), np.float32)).shape == (0, 32)


def test_threads_that_come_first_at_once_share_one_tower(
    encoder: ClipEncoder, loaded: list[tuple[str, ...]]
) -> None:
    start = threading.Barrier(8)

    def embed(_: int) -> np.ndarray:
        start.wait()
        return encoder.embed_texts(TEXTS)

    with ThreadPoolExecutor(8) as pool:
        first, *others = pool.map(embed, range(8))
    assert loaded == [("text",)]
    assert all(np.array_equal(first, other) for other in others)


def test_a_resnet_is_an_encoder_too(tmp_path: Path) -> None:
    encoder = ClipEncoder(seeded.write_open_clip(tmp_path / "m", seeded.TINY_RESNET), "cpu")
    assert encoder.embed_images(pixels(encoder, 2)).shape == (2, 32)
    assert encoder.model_id.startswith("RN-8x1-1-1-1-64@")


@pytest.mark.long  # test_loading.py has bare files
def test_a_bare_file_is_opened_by_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "bare.safetensors"
    config = seeded.Case("ViT-B-32", 1).open_clip_config
    config["text_cfg"]["vocab_size"] = 49408
    save_file(seeded.openai_state(config), path, metadata={"quick_gelu": "true"})
    assert clipcore.open_encoder(path).embed_texts(["a cat"]).shape == (1, 512)


def test_the_engine_is_chosen_for_each_side(encoder: ClipEncoder, directory: Path) -> None:
    chosen = ClipEncoder(directory)
    assert np.abs(chosen.embed_texts(TEXTS) - encoder.embed_texts(TEXTS)).max() < 0.01
    some = pixels(encoder, 3)
    assert np.abs(chosen.embed_images(some) - encoder.embed_images(some)).max() < 0.01


def test_an_engine_that_is_asked_for_by_name_is_taken(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = ClipEncoder(directory, engine="openvino-float32")
    encoder.load_texts()
    calls: list[OpenVinoEngine] = []
    compute = OpenVinoEngine.__call__

    def logged(engine: OpenVinoEngine, tokens: npt.NDArray[Any]) -> npt.NDArray[Any]:
        calls.append(engine)
        return compute(engine, tokens)

    monkeypatch.setattr(OpenVinoEngine, "__call__", logged)
    encoder.embed_texts(["a cat"])
    assert len(calls) == 1


def test_importing_brings_neither_torch_nor_the_hub() -> None:
    script = (
        "import sys, clipcore, clipcore.encoder, clipcore.image.preprocess; print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"torch", "huggingface_hub", "safetensors", "transformers"}

"""The table, the cache, and the download path against a hub on this machine."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import seeded
import seeded_bert
import seeded_perception
import torch
from huggingface_hub.utils import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)
from safetensors.torch import save_file

import clipcore
from clipcore.checkpoints import catalogue
from clipcore.checkpoints.loading import open_checkpoint
from clipcore.checkpoints.lockfile import LockFile
from clipcore.errors import CheckpointDamaged, DownloadError, ModelNotFound
from clipcore.families.clip import ClipEncoder
from clipcore.model.clip import CLIP
from clipcore.model.config import XLM_ROBERTA, BertConfig, ClipConfig, TextConfig
from tests.hub import COMMIT, Hub, hub_serving

NAME = catalogue.default_name()
ENTRY = catalogue.resolve(NAME)
WEIGHTS = bytes(range(256)) * 4096 * 12  # 12 MiB, more than the client's chunk of 10


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite as a whole forbids asking a hub; here the hub is on this machine."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    files = {
        "open_clip_config.json": b"{}",
        "tokenizer.json": b'{"some": "tokenizer"}',
        "open_clip_model.safetensors": WEIGHTS,
    }
    with hub_serving(files) as hub:
        point_at(monkeypatch, hub.url)
        yield hub


def point_at(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """What HF_ENDPOINT does when the client is imported."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", url)
    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)


def go_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """What HF_HUB_OFFLINE=1 does when the client is imported."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.fixture
def dead_url() -> str:
    """A port nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


# --- download ------------------------------------------------------------------------------------


def test_a_download_is_cached_recorded_and_not_asked_for_again(hub: Hub, tmp_path: Path) -> None:
    files = catalogue.pull(NAME, cache_dir=tmp_path)
    assert files.weights.read_bytes() == WEIGHTS
    assert files.tokenizer is not None
    recorded = LockFile(tmp_path).checkpoint(NAME)
    assert recorded is not None
    assert recorded.sha256 == hashlib.sha256(WEIGHTS).hexdigest() == files.sha256
    assert (recorded.revision, recorded.size_bytes) == (COMMIT, len(WEIGHTS))
    hub.requests.clear()
    assert catalogue.pull(NAME, cache_dir=tmp_path) == files
    assert hub.requests == []


def test_progress_tells_bytes_here_and_in_all(hub: Hub, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    catalogue.pull(NAME, lambda here, total: told.append((here, total)), tmp_path)
    assert told[-1] == (len(WEIGHTS), len(WEIGHTS))
    assert told == sorted(told)


@pytest.mark.slow
def test_a_dropped_connection_is_taken_up_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    hub.files["open_clip_config.json"] = b""  # nothing small before the weights to break
    del hub.files["tokenizer.json"]
    hub.break_after_bytes = 11 << 20
    files = catalogue.pull(NAME, lambda *_: None, tmp_path)
    assert files.weights.read_bytes() == WEIGHTS
    first, second = hub.asked("GET", "open_clip_model.safetensors")
    assert first is None
    assert second is not None
    assert second.startswith("bytes=")
    assert second != "bytes=0-"


@pytest.mark.slow
def test_an_ended_download_goes_on_in_a_later_process(hub: Hub, tmp_path: Path) -> None:
    def end(here: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        catalogue.pull(NAME, end, tmp_path)
    assert catalogue.cached(ENTRY, tmp_path) is None
    (part,) = tmp_path.rglob("*.part")
    already = part.stat().st_size
    assert 0 < already < len(WEIGHTS)
    files = catalogue.pull(NAME, cache_dir=tmp_path)
    assert files.weights.read_bytes() == WEIGHTS
    assert hub.asked("GET", "open_clip_model.safetensors")[-1] == f"bytes={already}-"
    assert not list(tmp_path.rglob("*.part"))


def test_a_damaged_download_is_refused_by_name_and_made_anew(hub: Hub, tmp_path: Path) -> None:
    hub.damaged = True
    hub.files = {"open_clip_model.safetensors": WEIGHTS}
    with pytest.raises(CheckpointDamaged, match=r"open_clip_model\.safetensors arrived damaged"):
        catalogue.pull(NAME, cache_dir=tmp_path)
    assert catalogue.cached(ENTRY, tmp_path) is None
    hub.damaged = False
    assert catalogue.pull(NAME, cache_dir=tmp_path).weights.read_bytes() == WEIGHTS


def test_a_file_that_the_hub_names_by_no_sha256_is_taken(hub: Hub, tmp_path: Path) -> None:
    hub.names_by = "sha1"  # as git does
    assert catalogue.pull(NAME, cache_dir=tmp_path).weights.read_bytes() == WEIGHTS


@pytest.mark.parametrize("hidden", [True, False])
def test_a_download_with_progress_leaves_the_bars_of_others_as_they_were(
    hub: Hub, tmp_path: Path, hidden: bool
) -> None:
    before = are_progress_bars_disabled()
    try:
        (disable_progress_bars if hidden else enable_progress_bars)()
        catalogue.pull(NAME, lambda *_: None, tmp_path)
        assert are_progress_bars_disabled() is hidden
    finally:
        (disable_progress_bars if before else enable_progress_bars)()


@pytest.mark.slow
def test_pickled_weights_are_fetched_only_where_nothing_safer_is(hub: Hub, tmp_path: Path) -> None:
    hub.files["open_clip_pytorch_model.bin"] = b"pickle"
    assert catalogue.pull(NAME, cache_dir=tmp_path / "a").weights.suffix == ".safetensors"
    del hub.files["open_clip_model.safetensors"]
    assert catalogue.pull(NAME, cache_dir=tmp_path / "b").weights.suffix == ".bin"
    del hub.files["open_clip_pytorch_model.bin"]
    with pytest.raises(DownloadError, match="has none of"):
        catalogue.pull(NAME, cache_dir=tmp_path / "c")


def test_a_repository_without_a_tokenizer_is_complete(hub: Hub, tmp_path: Path) -> None:
    del hub.files["tokenizer.json"]
    assert catalogue.pull(NAME, cache_dir=tmp_path).tokenizer is None
    assert catalogue.pull(NAME, cache_dir=tmp_path).tokenizer is None


def test_a_file_that_changed_since_its_download_is_refused_by_name(
    hub: Hub, tmp_path: Path
) -> None:
    weights = catalogue.pull(NAME, cache_dir=tmp_path).weights
    changed = bytearray(WEIGHTS)
    changed[1000] ^= 1
    weights.write_bytes(changed)
    os.utime(weights, (1, 1))
    with pytest.raises(CheckpointDamaged, match=r"open_clip_model\.safetensors"):
        catalogue.pull(NAME, cache_dir=tmp_path)
    assert weights.exists()


@pytest.mark.slow
def test_a_deleted_file_comes_back_at_the_recorded_revision(hub: Hub, tmp_path: Path) -> None:
    weights = catalogue.pull(NAME, cache_dir=tmp_path).weights
    weights.resolve().unlink()
    weights.unlink()
    assert catalogue.pull(NAME, cache_dir=tmp_path).weights == weights
    hub.files["open_clip_model.safetensors"] = WEIGHTS[::-1]
    weights.resolve().unlink()
    weights.unlink()
    with pytest.raises(CheckpointDamaged, match="records"):
        catalogue.pull(NAME, cache_dir=tmp_path)


# --- offline -------------------------------------------------------------------------------------


def test_offline_with_a_cache_asks_nobody(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dead_url: str
) -> None:
    files = catalogue.pull(NAME, cache_dir=tmp_path)
    point_at(monkeypatch, dead_url)
    assert catalogue.pull(NAME, cache_dir=tmp_path) == files
    point_at(monkeypatch, hub.url)
    hub.requests.clear()
    go_offline(monkeypatch)
    assert catalogue.pull(NAME, cache_dir=tmp_path) == files
    assert hub.requests == []


def test_offline_without_a_cache_says_what_to_do(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_offline(monkeypatch)
    with pytest.raises(DownloadError, match=r"HF_HUB_OFFLINE.*indexer models pull ViT-B-32-256"):
        catalogue.pull(NAME, cache_dir=tmp_path)
    assert hub.requests == []


def test_an_unreachable_hub_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dead_url: str
) -> None:
    point_at(monkeypatch, dead_url)
    with pytest.raises(DownloadError, match="could not be fetched from http://127"):
        catalogue.pull(NAME, cache_dir=tmp_path)


@pytest.mark.slow
def test_the_environment_names_the_mirror_and_the_cache(hub: Hub, tmp_path: Path) -> None:
    script = f"from clipcore.checkpoints import catalogue; print(catalogue.pull({NAME!r}).weights)"
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).read_bytes() == WEIGHTS
    assert Path(done.stdout.strip()).is_relative_to(tmp_path)
    hub.requests.clear()
    offline = {**environment, "HF_HUB_OFFLINE": "1"}
    subprocess.run(command, env=offline, capture_output=True, check=True)
    assert hub.requests == []


# --- whether the hub can be reached ---------------------------------------------------------------


def test_a_hub_that_accepts_and_is_silent_does_not_hold_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        point_at(monkeypatch, f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert not catalogue.hub_reachable(timeout_s=0.3)


def test_a_hub_that_refuses_is_reachable_and_one_that_fails_is_not(hub: Hub) -> None:
    hub.files.clear()
    assert catalogue.hub_reachable()
    hub.failing = True
    assert not catalogue.hub_reachable()


def test_offline_the_hub_is_not_asked(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert catalogue.hub_reachable()
    hub.requests.clear()
    go_offline(monkeypatch)
    assert not catalogue.hub_reachable()
    assert hub.requests == []


# --- the table -----------------------------------------------------------------------------------


def test_names_are_unique_and_the_default_is_one() -> None:
    names = [entry.name for entry in catalogue.table()]
    assert len(names) == len(set(names)) == 48
    assert NAME in names


def test_openai_names_lead_to_openai_weights() -> None:
    entry = catalogue.resolve("ViT-L/14@336px")
    assert entry.name == "ViT-L-14-336/openai"
    assert entry.towers.quick_gelu
    assert len(catalogue.openai_archives()) == 9


def test_an_unknown_name_is_refused_with_near_ones() -> None:
    with pytest.raises(ModelNotFound, match="ViT-B-16/dfn2b"):
        catalogue.resolve("ViT-B-16/dfn")


def test_the_list_tells_what_is_cached_and_how_large(hub: Hub, tmp_path: Path) -> None:
    catalogue.pull(NAME, cache_dir=tmp_path)
    by_name = {status.entry.name: status for status in catalogue.list_models(tmp_path)}
    assert by_name[NAME].cached
    assert by_name[NAME].size_bytes == by_name[NAME].estimated_bytes == len(WEIGHTS)
    other = by_name["ViT-B-32/openai"]
    assert not other.cached
    assert other.estimated_bytes == 605_120_000
    assert other.entry.imagenet_zero_shot_top1 == 0.6332


def test_meta_models_of_the_table_take_no_memory() -> None:
    with torch.device("meta"):
        model = CLIP(seeded.clip_config(seeded.ARCHITECTURES["ViT-bigG-14"]))
    assert all(parameter.is_meta for parameter in model.parameters())


OWN = [entry for entry in catalogue.table() if entry.towers.bert is None]
WITH_BERT = [entry for entry in catalogue.table() if entry.towers.bert is not None]


@pytest.mark.parametrize("entry", OWN, ids=lambda entry: entry.name)
def test_the_table_agrees_with_the_architectures(entry: catalogue.Entry) -> None:
    perception = seeded_perception.ARCHITECTURES.get(entry.architecture)
    config = perception or seeded.clip_config(seeded.ARCHITECTURES[entry.architecture])
    vision, text = config.vision, config.text
    assert entry.image_size_px == vision.image_size_px
    assert (entry.vision_width, entry.vision_layers) == (vision.width, vision.layers)
    assert (entry.text_width, entry.text_layers) == (text.width, text.layers)
    full_width = vision.width * 32 if vision.is_resnet else vision.width
    assert full_width // entry.towers.vision_head_width == vision.heads
    assert text.width // entry.towers.text_head_width == text.heads


@pytest.mark.slow
@pytest.mark.parametrize("entry", WITH_BERT, ids=lambda entry: entry.name)
def test_the_table_counts_the_parameters_of_models_with_a_bert(entry: catalogue.Entry) -> None:
    bert = entry.towers.bert
    assert bert is not None
    is_xlm = bert == XLM_ROBERTA
    hidden = (entry.text_width + entry.embed_dim) // 2
    text = TextConfig(
        context_length=bert.context_length,
        vocab_size=entry.vocab_size,
        width=entry.text_width,
        heads=entry.text_width // bert.head_width,
        layers=entry.text_layers,
        mlp_width=entry.text_width * 4,
        bert=BertConfig(bert, 514, 1, hidden) if is_xlm else BertConfig(bert, 512, 2, 0),
    )
    images = seeded.clip_config(
        seeded.ARCHITECTURES["ViT" + entry.architecture.rpartition("ViT")[2]]
    )
    with torch.device("meta"):
        model = CLIP(ClipConfig(entry.embed_dim, entry.towers.quick_gelu, images.vision, text))
    millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    assert entry.params_millions == pytest.approx(millions, abs=0.005)


# --- by name, from the cache ---------------------------------------------------------------------


@pytest.mark.slow
def test_a_name_loads_from_the_cache_without_a_network(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shallow model under the default's name, through the hub, with the table's facts."""
    case = seeded.Case("ViT-B-32-256", 1, quick_gelu=False)
    config = case.open_clip_config
    config["text_cfg"]["vocab_size"] = 49408
    model = tmp_path / "model.safetensors"
    save_file(seeded.openai_state(config), model)
    hub.files = {"open_clip_model.safetensors": model.read_bytes()}
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    first = open_checkpoint(NAME)
    hub.requests.clear()
    go_offline(monkeypatch)
    again = open_checkpoint(NAME)
    assert hub.requests == []
    assert again.model_id == first.model_id
    assert again.model_id.startswith(f"{NAME}@")
    assert again.config == seeded.clip_config(config)
    assert again.preprocess.size_px == 256
    encoder = clipcore.open_encoder(NAME, "cpu")
    assert isinstance(encoder, ClipEncoder)
    assert encoder.embed_texts(["a cat"]).shape == (1, 512)


@pytest.mark.slow
def test_a_name_of_transformers_layout_loads_from_the_cache(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small Chinese-CLIP under a name of the table, its files as its repository has them."""
    directory = seeded_bert.write_chinese(tmp_path / "model")
    files = ("config.json", "vocab.txt", "model.safetensors")
    hub.files = {name: (directory / name).read_bytes() for name in files}
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    name = "OFA-Sys/chinese-clip-vit-base-patch16"
    first = clipcore.open_encoder(name, "cpu")
    hub.requests.clear()
    go_offline(monkeypatch)
    again = clipcore.open_encoder(name, "cpu")
    assert hub.requests == []
    assert first.model_id == again.model_id
    assert again.model_id.startswith(f"{name}@")
    own = clipcore.open_encoder(directory, "cpu").embed_texts(["海滩上的祖母"])
    assert (again.embed_texts(["海滩上的祖母"]) == own).all()

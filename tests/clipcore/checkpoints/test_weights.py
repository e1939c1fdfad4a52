"""Reading, renaming, sizing and checking weight files."""

from __future__ import annotations

import pickle
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import seeded
import torch
from safetensors.torch import save_file
from torch import Tensor

from clipcore.checkpoints.lockfile import sha256
from clipcore.checkpoints.weights import (
    canonical,
    check_fit,
    infer_config,
    load_model,
    read_header,
    read_logit_scale,
    read_tensors,
)
from clipcore.errors import CheckpointDamaged, CheckpointMismatch, CheckpointUnsafe
from clipcore.model.clip import CLIP
from clipcore.model.config import TowerFacts

pytestmark = pytest.mark.slow

State = dict[str, Tensor]
FACTS = TowerFacts(quick_gelu=False)
RESNET_FACTS = TowerFacts(quick_gelu=True, vision_head_width=32)


@pytest.fixture(scope="module")
def state() -> State:
    return seeded.openai_state(seeded.TINY)


@pytest.fixture(scope="module")
def resnet_state() -> State:
    return seeded.openai_state(seeded.TINY_RESNET)


def load(path: Path, facts: TowerFacts = FACTS) -> CLIP:
    header = read_header(path)
    config = infer_config(header, facts)
    check_fit(header, config, path)
    return load_model(path, config)


def saved(directory: Path, state: State, name: str = "model.safetensors") -> Path:
    path = directory / name
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path


@torch.inference_mode()
def outputs(model: CLIP) -> Tensor:
    pixels = torch.linspace(-1, 1, 2 * 3 * 64 * 64).reshape(2, 3, 64, 64)
    tokens = torch.tensor([[49406, 320, 2368, 49407] + [0] * 73])
    return torch.cat([model.encode_image(pixels), model.encode_text(tokens)])


def test_every_layout_loads_into_the_same_model(state: State, tmp_path: Path) -> None:
    text_prefixed = {
        name if name.startswith(("visual.", "logit")) else f"text.{name}": tensor
        for name, tensor in state.items()
    }
    extras = {
        "input_resolution": torch.tensor(64),
        "context_length": torch.tensor(77),
        "vocab_size": torch.tensor(49408),
        "attn_mask": torch.zeros(77, 77),
    }
    ids = {
        f"{tower}_model.embeddings.position_ids": torch.arange(77)[None]
        for tower in ("text", "vision")
    }
    layouts = {
        "openai": {**state, **extras},
        "open_clip_custom_text": text_prefixed,
        "parallel": {f"module.{name}": tensor for name, tensor in state.items()},
        "transformers": {**seeded.transformers_layout(state), **ids},
    }
    expected = outputs(load(saved(tmp_path, state)))
    for name, layout in layouts.items():
        for suffix in (".safetensors", ".bin"):
            path = saved(tmp_path, layout, name + suffix)
            assert torch.equal(outputs(load(path)), expected), path.name


def test_sizes_are_read_off_the_tensors(state: State, resnet_state: State) -> None:
    assert infer_config(canonical(state), FACTS) == seeded.clip_config(seeded.TINY)
    resnet = seeded.clip_config({**seeded.TINY_RESNET, "quick_gelu": True})
    assert infer_config(canonical(resnet_state), RESNET_FACTS) == resnet


@pytest.mark.parametrize("name", seeded.ARCHITECTURES)
def test_sizes_of_every_architecture_are_inferred(name: str) -> None:
    config = seeded.clip_config(seeded.ARCHITECTURES[name])
    head_width = seeded.ARCHITECTURES[name]["vision_cfg"].get("head_width", 64)
    with torch.device("meta"):
        header = CLIP(config).state_dict()
    assert infer_config(header, TowerFacts(False, head_width)) == config


def test_only_the_tower_asked_for_is_read(state: State, tmp_path: Path) -> None:
    path = saved(tmp_path, state)
    for tower, other in (("image", "text."), ("text", "visual.")):
        tensors = read_tensors(path, (tower,))
        assert "logit_scale" in tensors
        assert not any(name.startswith(other) for name in tensors)
    model = load_model(path, infer_config(read_header(path), FACTS), ("image",))
    assert model.text is None


def test_float16_is_widened_on_the_cpu(resnet_state: State, tmp_path: Path) -> None:
    halves = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in resnet_state.items()
    }
    model = load(saved(tmp_path, halves), RESNET_FACTS)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    exact = load(saved(tmp_path, resnet_state, "exact.safetensors"), RESNET_FACTS)
    assert (outputs(model) - outputs(exact)).abs().max() < 0.02


def test_the_scale_is_read_alone(state: State, tmp_path: Path) -> None:
    assert read_logit_scale(saved(tmp_path, state)) == seeded.LOGIT_SCALE
    assert read_logit_scale(saved(tmp_path, state, "model.bin")) == seeded.LOGIT_SCALE


def test_training_wrappers_are_unwrapped(state: State, tmp_path: Path) -> None:
    wrapped = {"epoch": 3, "state_dict": state}
    path = tmp_path / "model.pt"
    torch.save(wrapped, path)
    assert torch.equal(outputs(load(path)), outputs(load(saved(tmp_path, state))))


# --- what is refused -----------------------------------------------------------------------------


def test_missing_extra_and_misshapen_tensors_are_named(state: State, tmp_path: Path) -> None:
    broken = dict(state)
    del broken["visual.ln_pre.bias"]
    broken["logit_bias"] = torch.zeros(())
    broken["ln_final.weight"] = torch.ones(65)
    with pytest.raises(CheckpointMismatch) as error:
        load(saved(tmp_path, broken))
    message = str(error.value)
    assert "missing: visual.ln_pre.bias" in message
    assert "not of this model: logit_bias" in message
    assert "text.ln_final.weight is (65,), not (64,)" in message


def test_a_key_missing_in_transformers_layout_is_named(state: State, tmp_path: Path) -> None:
    broken = seeded.transformers_layout(state)
    del broken["text_model.encoder.layers.1.self_attn.k_proj.weight"]
    with pytest.raises(CheckpointMismatch, match=r"text\.transformer\.resblocks\.1\.attn"):
        load(saved(tmp_path, broken))


def test_a_tower_without_layers_is_named(state: State, tmp_path: Path) -> None:
    broken = {name: one for name, one in state.items() if not name.startswith("transformer.")}
    with pytest.raises(CheckpointMismatch, match=r"no tensors under text\.transformer\.resblocks"):
        load(saved(tmp_path, broken))


def test_weights_of_other_sizes_are_refused_where_they_are_read(
    state: State, tmp_path: Path
) -> None:
    """The sizes may be remembered ones: nothing but the tensors themselves tells."""
    path = saved(tmp_path, state)
    config = infer_config(read_header(path), FACTS)
    deeper = replace(config, text=replace(config.text, layers=3))
    with pytest.raises(CheckpointMismatch, match=r"model\.safetensors does not fit"):
        load_model(path, deeper)


def test_a_missing_layer_is_named(state: State, tmp_path: Path) -> None:
    broken = {name: tensor for name, tensor in state.items() if ".resblocks.0." not in name}
    with pytest.raises(CheckpointMismatch, match=r"resblocks\.0"):
        load(saved(tmp_path, broken))


@pytest.mark.parametrize(
    ("name", "shape", "said"),
    [
        ("visual.positional_embedding", (6, 128), "no square"),
        ("visual.conv1.weight", (128, 3), "4 dimensions"),
        ("text_projection", (64,), "2 dimensions"),
        ("visual.proj", (128, 16), r"visual\.proj is \(128, 16\), not \(128, 32\)"),
    ],
)
def test_shapes_that_cannot_be_are_told(
    state: State, tmp_path: Path, name: str, shape: tuple[int, ...], said: str
) -> None:
    with pytest.raises(CheckpointMismatch, match=said):
        load(saved(tmp_path, {**state, name: torch.zeros(shape)}))


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointMismatch, match="not a CLIP model"):
        load(saved(tmp_path, {"embeddings.weight": torch.zeros(3, 3)}))


def test_two_layouts_in_one_file_are_refused(state: State) -> None:
    with pytest.raises(CheckpointMismatch, match="two tensors"):
        canonical({**state, "text.text_projection": state["text_projection"]})


def test_heads_that_do_not_fill_the_width_are_refused(state: State) -> None:
    with pytest.raises(CheckpointMismatch, match="heads 80 wide do not fill 128"):
        infer_config(canonical(state), TowerFacts(False, vision_head_width=80))


@pytest.mark.parametrize("name", ["model.safetensors", "model.bin"])
@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_file_is_refused_by_name(
    state: State, tmp_path: Path, name: str, kept: float
) -> None:
    path = saved(tmp_path, state, name)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(CheckpointDamaged, match=name):
        load(path)


@pytest.mark.parametrize("name", ["model.safetensors", "model.bin", "model.pt"])
def test_pointer_of_git_lfs_is_told_from_weights(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 9\n")
    with pytest.raises(CheckpointDamaged, match=rf"{name} is a pointer .* 'git lfs pull'"):
        load(path)


class Opener:
    """Pickles as a call; what a hostile file would do."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


@pytest.mark.parametrize("legacy", [False, True])
def test_a_pickle_with_code_is_refused_and_not_run(
    state: State, tmp_path: Path, legacy: bool
) -> None:
    trace, path = tmp_path / "trace", tmp_path / "model.bin"
    content = {**state, "extra": Opener(trace)}
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(CheckpointUnsafe, match=r"model\.bin.*could run code"):
        load(path)
    assert not trace.exists()


def test_a_bare_pickle_with_code_is_refused_and_not_run(tmp_path: Path) -> None:
    trace, path = tmp_path / "trace", tmp_path / "model.pt"
    path.write_bytes(pickle.dumps(Opener(trace), protocol=2))
    with pytest.raises((CheckpointUnsafe, CheckpointDamaged), match=r"model\.pt"):
        load(path)
    assert not trace.exists()


def test_a_pickle_that_cannot_be_put_together_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(b"\x80\x02]K\x01K\x02s.")  # an item by its key, in a list
    with pytest.raises(CheckpointDamaged, match=r"model\.pt"):
        load(path)


def test_weights_cut_after_their_sizes_were_read_are_refused(state: State, tmp_path: Path) -> None:
    path = saved(tmp_path, state)
    config = infer_config(read_header(path), FACTS)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointDamaged, match=r"model\.safetensors"):
        load_model(path, config)


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, {}])
def test_a_pickle_of_something_else_is_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / "model.pt"
    torch.save(content, path)
    with pytest.raises(CheckpointMismatch, match=r"model\.pt"):
        load(path)


def archive(directory: Path, state: State) -> Path:
    """A TorchScript archive as OpenAI's are: their names, and three sizes beside the weights."""
    with torch.device("meta"):
        model = CLIP(seeded.clip_config(seeded.TINY))
    model.load_state_dict(canonical(state), assign=True)
    for name, size in (("input_resolution", 64), ("context_length", 77), ("vocab_size", 49408)):
        model.register_buffer(name, torch.tensor(size))
    example = (torch.zeros(1, 3, 64, 64), torch.zeros(1, 77, dtype=torch.int64))
    path = directory / "ViT.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(model.eval(), example, check_trace=False), path)
    return path


def test_a_torchscript_archive_is_read_only_with_the_hash_that_is_trusted(
    state: State, tmp_path: Path
) -> None:
    path = archive(tmp_path, state)
    with pytest.raises(CheckpointUnsafe, match=sha256(path)):
        read_header(path)
    with pytest.raises(CheckpointUnsafe, match=r"ViT\.pt"):
        read_tensors(path, archive_sha256="0" * 64)
    trusted = sha256(path)
    config = infer_config(read_header(path, trusted), FACTS)
    check_fit(read_header(path, trusted), config, path)
    model = load_model(path, config, archive_sha256=trusted)
    assert torch.equal(outputs(model), outputs(load(saved(tmp_path, state))))

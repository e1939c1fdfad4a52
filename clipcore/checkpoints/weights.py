"""A weight file -> a CLIP model: read, rename, infer the sizes, check, load strictly.

Three layouts of names are known: OpenAI's (open_clip's is the same), open_clip's with a `text.`
prefix, and Hugging Face transformers'. Knows nothing of hubs, names of models or directories.

Safetensors files are read tensor by tensor, so that a tower that is not asked for is never in
memory. Pickles are read with `weights_only`, which runs no code. OpenAI's TorchScript archives can
run code, so they are read only when the file's sha256 is one that the caller names.
"""

from __future__ import annotations

import hashlib
import math
import pickle
import re
import warnings
import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from clipcore.errors import CheckpointDamaged, CheckpointMismatch, CheckpointUnsafe
from clipcore.messages import N_, Message, joined
from clipcore.model.clip import CLIP
from clipcore.model.config import TOWERS, ClipConfig, TextConfig, TowerFacts, VisionConfig

Wanted = Callable[[str], bool]

# Buffers and sizes that writers store beside the weights; the model derives each by itself.
IGNORED = frozenset(
    {
        "input_resolution",
        "context_length",
        "vocab_size",
        "attn_mask",
        "text.attn_mask",
        "text_model.embeddings.position_ids",
        "vision_model.embeddings.position_ids",
    }
)
# transformers' names, in the order in which they are replaced.
RENAMES = (
    ("vision_model.embeddings.class_embedding", "visual.class_embedding"),
    ("vision_model.embeddings.patch_embedding.", "visual.conv1."),
    ("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"),
    ("vision_model.pre_layrnorm.", "visual.ln_pre."),
    ("vision_model.post_layernorm.", "visual.ln_post."),
    ("vision_model.encoder.layers.", "visual.transformer.resblocks."),
    ("visual_projection.weight", "visual.proj"),
    ("text_model.embeddings.token_embedding.", "text.token_embedding."),
    ("text_model.embeddings.position_embedding.weight", "text.positional_embedding"),
    ("text_model.final_layer_norm.", "text.ln_final."),
    ("text_model.encoder.layers.", "text.transformer.resblocks."),
    ("text_projection.weight", "text.text_projection"),
    (".self_attn.", ".attn."),
    (".layer_norm1.", ".ln_1."),
    (".layer_norm2.", ".ln_2."),
    (".mlp.fc1.", ".mlp.c_fc."),
    (".mlp.fc2.", ".mlp.c_proj."),
)
# transformers stores these as (D, width), the others as (width, D).
TRANSPOSED = frozenset({"visual_projection.weight", "text_projection.weight"})
# OpenAI's text tower lies beside the image tower, not under a name of its own.
TEXT_NAMES = ("transformer.", "token_embedding.", "positional_embedding", "ln_final.")
TEXT_PROJECTION = "text_projection"


# --- names ---------------------------------------------------------------------------------------


def canonical(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Any known layout -> the names of `model.CLIP`. Pure; works on meta tensors too.

    Names it does not know stay as they are, for the check to report. Raises CheckpointMismatch
    if two layouts are mixed in one file.
    """
    named: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.removeprefix("module.") in IGNORED:
            continue
        new = canonical_name(name)
        if new in named:
            raise CheckpointMismatch(
                N_("two tensors of the file are both {new}; one is {name}"), new=new, name=name
            )
        named[new] = tensor.T.contiguous() if name in TRANSPOSED else tensor
    return _fuse_attention(named)


def canonical_name(name: str) -> str:
    """The model's name for one tensor of any layout; `module.` is what parallel training adds."""
    name = name.removeprefix("module.")
    for old, new in RENAMES:
        name = name.replace(old, new)
    if name.startswith(TEXT_NAMES) or name == TEXT_PROJECTION:
        return f"text.{name}"
    return name


def _fuse_attention(named: dict[str, Tensor]) -> dict[str, Tensor]:
    """Stacks transformers' separate query, key and value into one matrix and one bias."""
    for name in [name for name in named if ".attn.q_proj." in name]:
        block, kind = name.split(".attn.q_proj.")
        parts = [f"{block}.attn.{letter}_proj.{kind}" for letter in "qkv"]
        if all(part in named for part in parts):
            fused = torch.cat([named.pop(part) for part in parts])
            named[f"{block}.attn.in_proj_{kind}"] = fused
    return named


def _tower(name: str) -> str | None:
    """The tower a tensor of the file belongs to; None for what both need."""
    first = canonical_name(name).split(".")[0]
    return {"visual": "image", "text": "text"}.get(first)


# --- reading -------------------------------------------------------------------------------------


def read_header(path: Path, archive_sha256: str | None = None) -> dict[str, Tensor]:
    """Names and shapes of a file as meta tensors, under canonical names."""
    if path.suffix == ".safetensors":
        return canonical(_safetensors_header(path))
    tensors = _read_pickle_or_archive(path, archive_sha256)
    return canonical({name: tensor.to("meta") for name, tensor in tensors.items()})


def read_tensors(
    path: Path, towers: Collection[str] = TOWERS, archive_sha256: str | None = None
) -> dict[str, Tensor]:
    """The tensors of some towers and the ones they share, under canonical names.

    `archive_sha256`: the hash that makes a TorchScript archive trusted; others are refused.
    Raises CheckpointDamaged or CheckpointUnsafe.
    """

    def wanted(name: str) -> bool:
        tower = _tower(name)
        return tower is None or tower in towers

    if path.suffix == ".safetensors":
        return canonical(_safetensors_tensors(path, wanted))
    tensors = _read_pickle_or_archive(path, archive_sha256)
    return canonical({name: tensor for name, tensor in tensors.items() if wanted(name)})


def read_logit_scale(path: Path, archive_sha256: str | None = None) -> float:
    """The learned log temperature, without reading any tower."""
    if path.suffix == ".safetensors":
        tensors = canonical(_safetensors_tensors(path, lambda name: _tower(name) is None))
    else:
        tensors = canonical(_read_pickle_or_archive(path, archive_sha256))
    return float(tensors["logit_scale"])


def read_metadata(path: Path) -> dict[str, str]:
    """The free-form metadata of a safetensors file; empty for other files."""
    if path.suffix != ".safetensors":
        return {}
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error


def is_torchscript(path: Path) -> bool:
    """Whether a file is an archive with code, which `torch.jit.save` writes."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("constants.pkl") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


def _safetensors_header(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            shapes = {name: tuple(part.get_shape()) for name, part in slices.items()}
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error
    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


def _safetensors_tensors(path: Path, wanted: Wanted) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys() if wanted(name)}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error


def _read_pickle_or_archive(path: Path, archive_sha256: str | None) -> dict[str, Tensor]:
    if is_torchscript(path):
        return _read_archive(path, archive_sha256)
    return _state_dict(path, _read_pickle(path))


def _read_archive(path: Path, trusted_sha256: str | None) -> dict[str, Tensor]:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != trusted_sha256:
            raise CheckpointUnsafe(
                N_(
                    "{path} is a TorchScript archive, which can run code, and its sha256 {digest} "
                    "is none of those OpenAI published; use a .safetensors file of the same "
                    "weights"
                ),
                path=path,
                digest=found,
            )
        file.seek(0)  # the very bytes that were hashed are loaded
        with warnings.catch_warnings():
            # torch announces the end of TorchScript; OpenAI's files will not change for it.
            warnings.simplefilter("ignore", category=DeprecationWarning)
            module = torch.jit.load(file, map_location="cpu")  # type: ignore[no-untyped-call]
    return dict(module.state_dict())


def _read_pickle(path: Path) -> object:
    try:
        # Mapped, so that only the pages of the tensors that are used are read.
        mapped = zipfile.is_zipfile(path)
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        if re.search(r"Unsupported|not allowed|forbidden|GLOBAL", str(error)):
            raise CheckpointUnsafe(
                N_(
                    "{path} holds more than tensors and could run code when read: {why}; use a "
                    ".safetensors file of the same weights"
                ),
                path=path,
                why=_first_line(error),
            ) from error
        raise _damaged(path, error) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise _damaged(path, error) from error


def _state_dict(path: Path, content: object) -> dict[str, Tensor]:
    """The tensors of a pickle, which training code may have put under "state_dict"."""
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict) or not content:
        raise CheckpointMismatch(
            N_("{path} holds a {kind}, not a state dict"), path=path, kind=type(content).__name__
        )
    strange = [name for name, value in content.items() if not isinstance(value, Tensor)]
    if strange:
        raise CheckpointMismatch(
            N_("{path} holds more than tensors: {names}"), path=path, names=_some(strange)
        )
    return content


def _damaged(path: Path, error: Exception) -> CheckpointDamaged:
    return CheckpointDamaged(
        N_("{path} cannot be read, it may be cut short: {why}; delete it and fetch it again"),
        path=path,
        why=_first_line(error),
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


# --- sizes ---------------------------------------------------------------------------------------


def infer_config(header: Mapping[str, Tensor], facts: TowerFacts) -> ClipConfig:
    """Every size of the model, from the shapes of its tensors (canonical names).

    Raises CheckpointMismatch if a tensor that tells a size is missing or cannot be one.
    """
    text_width, embed_dim = _shape(header, "text.text_projection", 2)
    vocab_size, _ = _shape(header, "text.token_embedding.weight", 2)
    context_length, _ = _shape(header, "text.positional_embedding", 2)
    text = TextConfig(
        context_length=context_length,
        vocab_size=vocab_size,
        width=text_width,
        heads=_heads("text", text_width, facts.text_head_width),
        layers=_count(header, "text.transformer.resblocks."),
        mlp_width=_shape(header, "text.transformer.resblocks.0.mlp.c_fc.weight", 2)[0],
    )
    is_vit = "visual.proj" in header or "visual.class_embedding" in header
    vision = _vit_config(header, facts) if is_vit else _resnet_config(header, facts)
    return ClipConfig(embed_dim, facts.quick_gelu, vision, text)


def _vit_config(header: Mapping[str, Tensor], facts: TowerFacts) -> VisionConfig:
    width, _, patch, _ = _shape(header, "visual.conv1.weight", 4)
    return VisionConfig(
        image_size_px=_grid(header, "visual.positional_embedding") * patch,
        layers=_count(header, "visual.transformer.resblocks."),
        width=width,
        heads=_heads("image", width, facts.vision_head_width),
        patch_size_px=patch,
        mlp_width=_shape(header, "visual.transformer.resblocks.0.mlp.c_fc.weight", 2)[0],
    )


def _resnet_config(header: Mapping[str, Tensor], facts: TowerFacts) -> VisionConfig:
    width = _shape(header, "visual.layer1.0.conv1.weight", 4)[0]
    first, second, third, fourth = (_count(header, f"visual.layer{n}.") for n in (1, 2, 3, 4))
    return VisionConfig(
        image_size_px=_grid(header, "visual.attnpool.positional_embedding") * 32,
        layers=(first, second, third, fourth),
        width=width,
        heads=_heads("image", width * 32, facts.vision_head_width),
        patch_size_px=0,
        mlp_width=0,
    )


def _shape(header: Mapping[str, Tensor], name: str, rank: int) -> tuple[int, ...]:
    if name not in header:
        raise CheckpointMismatch(
            N_("the checkpoint has no tensor {name}, so it is not a CLIP model"), name=name
        )
    shape = tuple(header[name].shape)
    if len(shape) != rank:
        raise CheckpointMismatch(
            N_("{name} has shape {shape}; {rank} dimensions were expected"),
            name=name,
            shape=shape,
            rank=rank,
        )
    return shape


def _grid(header: Mapping[str, Tensor], name: str) -> int:
    """The side of a square of positions, one more of which is the class token or the mean."""
    positions = _shape(header, name, 2)[0] - 1
    grid = math.isqrt(max(positions, 0))
    if grid < 1 or grid**2 != positions:
        raise CheckpointMismatch(
            N_("{name} has {positions} positions and one: that is no square"),
            name=name,
            positions=positions,
        )
    return grid


def _count(header: Mapping[str, Tensor], prefix: str) -> int:
    """The number of numbered blocks under a name."""
    numbers = {name[len(prefix) :].split(".")[0] for name in header if name.startswith(prefix)}
    blocks = [int(number) for number in numbers if number.isdigit()]
    if not blocks:
        raise CheckpointMismatch(N_("the checkpoint has no tensors under {prefix}"), prefix=prefix)
    return max(blocks) + 1


def _heads(tower: str, width: int, head_width: int) -> int:
    if head_width < 1 or width % head_width:
        raise CheckpointMismatch(
            N_("{tower} tower: heads {head_width} wide do not fill {width}"),
            tower=tower,
            head_width=head_width,
            width=width,
        )
    return width // head_width


# --- checking and loading ------------------------------------------------------------------------


def check_fit(header: Mapping[str, Tensor], config: ClipConfig, path: Path) -> None:
    """Raises CheckpointMismatch unless the file has the model's names and shapes, no more."""
    with torch.device("meta"):
        expected = CLIP(config).state_dict()
    missing = sorted(expected.keys() - header.keys())
    extra = sorted(header.keys() - expected.keys())
    differing = [
        f"{name} is {tuple(header[name].shape)}, not {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in header and header[name].shape != tensor.shape
    ]
    problems = {
        N_("missing: {names}"): missing,
        N_("not of this model: {names}"): extra,
        N_("of another shape: {names}"): differing,
    }
    found = [Message(what, names=_some(names)) for what, names in problems.items() if names]
    if found:
        raise CheckpointMismatch(
            N_("{path} does not fit the model; {problems}"), path=path, problems=joined(found)
        )


def load_model(
    path: Path,
    config: ClipConfig,
    towers: Collection[str] = TOWERS,
    device: str = "cpu",
    archive_sha256: str | None = None,
) -> CLIP:
    """The model with its weights, in evaluation mode: float16 on CUDA, else float32."""
    tensors = read_tensors(path, towers, archive_sha256)
    with torch.device("meta"):
        model = CLIP(config, towers)
    dtype = torch.float16 if torch.device(device).type == "cuda" else torch.float32
    state = {name: _placed(tensor, device, dtype) for name, tensor in tensors.items()}
    try:
        # Strict, and by assignment: nothing is initialised only to be overwritten.
        model.load_state_dict(state, strict=True, assign=True)
    except RuntimeError as error:
        raise CheckpointMismatch(
            N_("{path} does not fit the model: {why}"), path=path, why=error
        ) from error
    return model.eval().requires_grad_(False)


def _placed(tensor: Tensor, device: str, dtype: torch.dtype) -> Tensor:
    """On the device; counters of batch norms stay whole numbers."""
    return tensor.to(device, dtype if tensor.is_floating_point() else tensor.dtype)


def _some(names: list[str], most: int = 6) -> Message | str:
    first = ", ".join(names[:most])
    if len(names) <= most:
        return first
    return Message(N_("{names} and {count} more"), names=first, count=len(names) - most)

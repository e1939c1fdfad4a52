"""Models whose weights follow from their names, so that they need no file.

The parity run fills the reference code's models with these weights and writes down what comes out;
the ordinary suite fills ours and compares. Knows no reference code.
"""

from __future__ import annotations

import json
import unicodedata
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from clipcore.model.clip import CLIP, ClipConfig, TextConfig, VisionConfig

LOGIT_SCALE = 3.0
SMALL_VOCABULARY = 2000


def architecture(
    embed_dim: int,
    vision: tuple[int, Any, int, int | None],
    text: tuple[int, int, int],
    **more: Any,
) -> dict[str, Any]:
    """A configuration in open_clip's form; `more` goes into the image tower."""
    image_size, layers, width, patch_size = vision
    text_width, heads, text_layers = text
    sizes = {"image_size": image_size, "layers": layers, "width": width, "patch_size": patch_size}
    return {
        "embed_dim": embed_dim,
        "vision_cfg": sizes | more,
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": text_width,
            "heads": heads,
            "layers": text_layers,
        },
    }


BASE, LARGE, HUGE = (512, 8, 12), (768, 12, 12), (1024, 16, 24)
# Every architecture of the table, as open_clip configures it; the parity run checks that.
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "RN50": architecture(1024, (224, [3, 4, 6, 3], 64, None), BASE),
    "RN101": architecture(512, (224, [3, 4, 23, 3], 64, None), BASE),
    "RN50x4": architecture(640, (288, [4, 6, 10, 6], 80, None), (640, 10, 12)),
    "RN50x16": architecture(768, (384, [6, 8, 18, 8], 96, None), LARGE),
    "RN50x64": architecture(1024, (448, [3, 15, 36, 10], 128, None), (1024, 16, 12)),
    "ViT-B-32": architecture(512, (224, 12, 768, 32), BASE),
    "ViT-B-32-256": architecture(512, (256, 12, 768, 32), BASE),
    "ViT-B-16": architecture(512, (224, 12, 768, 16), BASE),
    "ViT-L-14": architecture(768, (224, 24, 1024, 14), LARGE),
    "ViT-L-14-336": architecture(768, (336, 24, 1024, 14), LARGE),
    "ViT-H-14": architecture(1024, (224, 32, 1280, 14), HUGE, head_width=80),
    "ViT-H-14-378": architecture(1024, (378, 32, 1280, 14), HUGE, head_width=80),
    "ViT-g-14": architecture(1024, (224, 40, 1408, 14), HUGE, head_width=88, mlp_ratio=4.3637),
    "ViT-bigG-14": architecture(
        1280, (224, 48, 1664, 14), (1280, 20, 32), head_width=104, mlp_ratio=4.9231
    ),
}


@dataclass(frozen=True)
class Case:
    """One comparison: an architecture, perhaps of less depth, with one activation."""

    name: str
    layers: Any = None  # None: full size, real vocabulary
    quick_gelu: bool = True

    @property
    def key(self) -> str:
        depth = "full" if self.layers is None else "shallow"
        return f"{self.name} {depth} {'QuickGELU' if self.quick_gelu else 'GELU'}"

    @property
    def open_clip_config(self) -> dict[str, Any]:
        config = ARCHITECTURES[self.name]
        vision, text = dict(config["vision_cfg"]), dict(config["text_cfg"])
        if self.layers is not None:
            vision["layers"], text["layers"] = self.layers, 2
            text["vocab_size"] = SMALL_VOCABULARY
        more = {"quick_gelu": True} if self.quick_gelu else {}
        return {**config, **more, "vision_cfg": vision, "text_cfg": text}

    @property
    def config(self) -> ClipConfig:
        return clip_config(self.open_clip_config)


CASES = (
    Case("RN50"),
    Case("RN101", [1, 1, 2, 1]),
    Case("RN50x4", [1, 1, 1, 1]),
    Case("ViT-B-32"),
    Case("ViT-B-32", quick_gelu=False),
    Case("ViT-B-32-256", 2, quick_gelu=False),
    Case("ViT-B-16", 2),
    Case("ViT-B-16", 2, quick_gelu=False),
    Case("ViT-L-14", 2),
    Case("ViT-L-14", 2, quick_gelu=False),
    Case("ViT-L-14-336", 2),
    Case("ViT-H-14", 2),
    Case("ViT-H-14", 2, quick_gelu=False),
)


def clip_config(config: Mapping[str, Any]) -> ClipConfig:
    """Our configuration from one in open_clip's form."""
    vision, text = config["vision_cfg"], config["text_cfg"]
    width, layers = vision["width"], vision["layers"]
    resnet = isinstance(layers, list)
    return ClipConfig(
        config["embed_dim"],
        bool(config.get("quick_gelu")),
        VisionConfig(
            image_size_px=vision["image_size"],
            layers=tuple(layers) if resnet else layers,
            width=width,
            heads=width * (32 if resnet else 1) // vision.get("head_width", 64),
            patch_size_px=vision["patch_size"] or 0,
            mlp_width=0 if resnet else int(width * vision.get("mlp_ratio", 4)),
        ),
        TextConfig(
            context_length=text["context_length"],
            vocab_size=text["vocab_size"],
            width=text["width"],
            heads=text["heads"],
            layers=text["layers"],
            mlp_width=text["width"] * 4,
        ),
    )


def generator(name: str) -> np.random.Generator:
    """The same numbers for the same name, on every machine."""
    return np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))


def state_dict(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Weights in OpenAI's layout of names; each depends on its name and shape alone."""
    return {name: _tensor(name, shape) for name, shape in shapes.items()}


def openai_shapes(config: ClipConfig) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a model in OpenAI's layout."""
    with torch.device("meta"):
        own = CLIP(config).state_dict()
    return {name.removeprefix("text."): tuple(tensor.shape) for name, tensor in own.items()}


def _tensor(name: str, shape: tuple[int, ...]) -> Tensor:
    if name == "logit_scale":
        return torch.tensor(LOGIT_SCALE)
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    noise = generator(name).random(shape, dtype=np.float32)
    centre, spread = _range(name, shape)
    noise *= 2
    noise -= 1  # -1 to 1
    noise *= np.float32(spread)
    noise += np.float32(centre)
    return torch.from_numpy(noise)


def _range(name: str, shape: tuple[int, ...]) -> tuple[float, float]:
    """Centre and spread that keep the features of a deep model near 1."""
    if name.endswith("running_var"):
        return 1.0, 0.3
    if "bn3.weight" in name:
        return 0.3, 0.1  # a residual's own share, lest the sum grow with depth
    if len(shape) == 1:
        return (1.0, 0.2) if name.endswith("weight") else (0.0, 0.1)
    if "embedding" in name:
        return 0.0, 0.5
    # As many inputs as feed one output; 3 is the variance of the noise, 2 makes up for a ReLU.
    inputs = shape[0] if name.endswith(("proj", "projection")) else int(np.prod(shape[1:]))
    return 0.0, (3 * (2 if len(shape) == 4 else 1) / inputs) ** 0.5


def pixels(case: Case, count: int = 2) -> Tensor:
    """(count, 3, R, R) as different from one another as photos are."""
    size = case.open_clip_config["vision_cfg"]["image_size"]
    noise = generator(f"pixels {size}").random((count, 3, size, size), dtype=np.float32)
    tint = np.linspace(-1.5, 1.5, count * 3, dtype=np.float32).reshape(count, 3, 1, 1)
    return torch.from_numpy(noise * 2 - 1 + tint)


def tokens(case: Case) -> Tensor:
    """(3, 77): a short, a middling and a full text, with numbers of the case's vocabulary."""
    size = case.open_clip_config["text_cfg"]["vocab_size"]
    rows = np.zeros((3, 77), dtype=np.int64)
    for row, length in zip(rows, (3, 20, 77), strict=True):
        row[:length] = generator(f"tokens {size} {length}").integers(1, size - 2, length)
        row[0], row[length - 1] = size - 2, size - 1
    return torch.from_numpy(rows)


# A model that loads in milliseconds, with the real vocabulary, and one of each kind of tower.
TINY = architecture(32, (64, 2, 128, 32), (64, 1, 2))
TINY_RESNET = architecture(32, (64, [1, 1, 1, 1], 8, None), (64, 1, 2), head_width=32)


def openai_state(config: Mapping[str, Any]) -> dict[str, Tensor]:
    """Seeded weights of a configuration, in OpenAI's layout."""
    return state_dict(openai_shapes(clip_config(config)))


def write_open_clip(
    directory: Path, config: Mapping[str, Any] = TINY, state: Mapping[str, Tensor] | None = None
) -> Path:
    """A directory in open_clip's form, without a tokenizer: CLIP's own serves."""
    directory.mkdir(parents=True, exist_ok=True)
    weights = dict(state or openai_state(config))
    save_file(weights, directory / "open_clip_model.safetensors")
    whole = {"model_cfg": config, "preprocess_cfg": {}}
    (directory / "open_clip_config.json").write_text(json.dumps(whole))
    return directory


# --- pictures and texts --------------------------------------------------------------------------

# Sizes that meet both orientations, enlarging, an odd rest of the cut, and a long strip.
PICTURE_SIZES = ((640, 480), (300, 500), (224, 224), (100, 37), (225, 224), (1001, 333), (97, 400))
PREPROCESSES = ((224, "shortest"), (256, "shortest"), (336, "shortest"), (378, "squash"))
SAMPLE_STEP = 499


def picture(size: tuple[int, int]) -> Image.Image:
    """A picture with gradients, edges and noise, the same everywhere."""
    width, height = size
    across = np.linspace(0, 255, width)[None, :, None]
    down = np.linspace(255, 0, height)[:, None, None]
    noise = generator(f"picture {size}").integers(0, 256, (height, width, 3))
    checks = (np.indices((height, width)).sum(axis=0) // 16 % 2 * 255)[:, :, None]
    mixed = 0.3 * across + 0.2 * down + 0.25 * noise + 0.25 * checks
    return Image.fromarray(mixed.astype(np.uint8))


def sample(prepared: np.ndarray) -> np.ndarray:
    """A few hundred of the values of (3, R, R), spread over all of it."""
    return np.ascontiguousarray(prepared).reshape(-1)[::SAMPLE_STEP]


TEXTS = (
    "",
    " ",
    "a photo of a cat",
    "A Photo of a CAT!!!  with   spaces\tand\nlines",
    "grandmother on the beach, summer of 1987",
    "it's we'll I'd they've you're o'clock 'S 'T",
    "🐱 cat 🏖️ beach 👨‍👩‍👧‍👦 🇩🇪 👍🏽",
    "海滩上的祖母",
    "祖母 on the 海滩 2019年",
    "جدتي على الشاطئ",
    "شاطئ beach 海 пляж παραλία חוף ชายหาด 해변 ビーチ",
    "schÃ¶ne GrÃ¼ÃŸe",
    "âœ” donâ€™t",
    "&lt;b&gt; tea &amp;amp; biscuits &#233;t&eacute; < e&#769;",
    "naïve café Ünïcödé ＦＵＬＬｗｉｄｔｈ ﬁne",
    "e\u0301 a\u0345b ſ K İstanbul ẞ",
    "tab\x1cseparated\x85lines\u2028here\u00a0there\u3000done\ufeff",
    "broken \ud83d surrogate and \ufffd and \x00 nothing \x7f",
    "1234567890 3.14 ½ Ⅷ ² ٣",
    "snake_case http://example.org/a?b=c&d=e #tag @you $5 100%",
    "word " * 100,
    "supercalifragilisticexpialidocious" * 6,
    "<|endoftext",
    "|endoftext|>",
    "a\u200bb\u200dc",
)
RANDOM_TEXTS, CHUNK = 10_000, 100
# Blocks that random texts are drawn from: Latin to Thai, kana and ideographs, Hangul, emoji.
BLOCKS = ((0x20, 0x7F), (0x20, 0x7F), (0xA0, 0x250), (0x250, 0xE5C), (0x1E00, 0x2C00))
BLOCKS += ((0x3000, 0x3100), (0x4E00, 0x9FD0), (0xAC00, 0xD7A4), (0x1F300, 0x1F650))


def random_texts() -> list[str]:
    """10,000 texts of up to 40 characters, each of one to three blocks."""
    draw = generator("random texts")
    return [_random_text(draw) for _ in range(RANDOM_TEXTS)]


def _random_text(draw: np.random.Generator) -> str:
    blocks = [BLOCKS[i] for i in draw.integers(0, len(BLOCKS), draw.integers(1, 4))]
    picks = draw.integers(0, len(blocks), draw.integers(0, 41))
    return "".join(_assigned(int(draw.integers(*blocks[pick]))) for pick in picks)


def _assigned(code: int) -> str:
    """Unassigned characters become a space: what they are depends on the Unicode version."""
    return " " if unicodedata.category(chr(code)) == "Cn" else chr(code)


def digest(rows: list[list[int]]) -> str:
    """Of the ids of a chunk of texts."""
    return f"{zlib.crc32(repr(rows).encode()):08x}"


# --- transformers' layout ------------------------------------------------------------------------


def transformers_config(config: Mapping[str, Any], act: str) -> dict[str, Any]:
    """An architecture in open_clip's form -> what transformers' CLIPConfig takes."""
    vision, text = config["vision_cfg"], config["text_cfg"]
    end = text["vocab_size"] - 1
    return {
        "projection_dim": config["embed_dim"],
        "vision_config": {
            "hidden_size": vision["width"],
            "intermediate_size": vision["width"] * 4,
            "num_hidden_layers": vision["layers"],
            "num_attention_heads": vision["width"] // vision.get("head_width", 64),
            "image_size": vision["image_size"],
            "patch_size": vision["patch_size"],
            "hidden_act": act,
        },
        "text_config": {
            "hidden_size": text["width"],
            "intermediate_size": text["width"] * 4,
            "num_hidden_layers": text["layers"],
            "num_attention_heads": text["heads"],
            "vocab_size": text["vocab_size"],
            "bos_token_id": end - 1,
            "eos_token_id": end,
            "hidden_act": act,
        },
    }


def transformers_layout(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """OpenAI's layout -> transformers'; the parity run loads it strictly into a CLIPModel."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        new = _transformers_name(name)
        if ".in_proj_" in new:
            for letter, part in zip("qkv", tensor.chunk(3), strict=True):
                renamed[new.replace(".in_proj_", f".{letter}_proj.")] = part.contiguous()
        else:
            turned = name in ("visual.proj", "text_projection")
            renamed[new] = tensor.T.contiguous() if turned else tensor
    return renamed


def _transformers_name(name: str) -> str:
    whole = {
        "visual.proj": "visual_projection.weight",
        "text_projection": "text_projection.weight",
        "positional_embedding": "text_model.embeddings.position_embedding.weight",
        "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
        "visual.class_embedding": "vision_model.embeddings.class_embedding",
        "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
        "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    }
    if name in whole:
        return whole[name]
    parts = {
        "visual.transformer.resblocks": "vision_model.encoder.layers",
        "transformer.resblocks": "text_model.encoder.layers",
        "visual.ln_pre": "vision_model.pre_layrnorm",
        "visual.ln_post": "vision_model.post_layernorm",
        "ln_final": "text_model.final_layer_norm",
        ".attn.": ".self_attn.",
        ".ln_1.": ".layer_norm1.",
        ".ln_2.": ".layer_norm2.",
        ".c_fc.": ".fc1.",
        ".c_proj.": ".fc2.",
    }
    for old, new in parts.items():
        name = name.replace(old, new)
    return name

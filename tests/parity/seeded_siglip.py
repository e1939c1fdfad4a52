"""SigLIP models whose weights follow from their names, in transformers' and open_clip's layouts.

As seeded.py does for CLIP. Knows no reference code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import seeded
import seeded_timm
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from torch import Tensor

from clipcore.model.config import ClipConfig, TextConfig, VisionConfig
from clipcore.model.siglip import SigLIP

LOGIT_SCALE, LOGIT_BIAS = 4.7, -16.5
CONTEXT_LENGTH = 64


def sizes(
    image_size: int, patch: int, width: int, layers: int, vocab_size: int = 600
) -> ClipConfig:
    """Both towers alike, as SigLIP's are: heads 64 wide."""
    heads, mlp_width = width // 64, width * 4
    return ClipConfig(
        width,
        False,
        VisionConfig(image_size, layers, width, heads, patch, mlp_width),
        TextConfig(CONTEXT_LENGTH, vocab_size, width, heads, layers, mlp_width),
    )


TINY = sizes(64, 32, 128, 2)
BASE = sizes(256, 32, 768, 2)  # B/32-256 at less depth
BASE_16 = sizes(224, 16, 768, 2)
CASES = {"tiny": TINY, "B-32-256, 2 layers": BASE, "B-16-224, 2 layers": BASE_16}


def state_dict(config: ClipConfig) -> dict[str, Tensor]:
    """Seeded weights under the names of `model.siglip`."""
    with torch.device("meta"):
        own = SigLIP(config).state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in own.items() if tensor.ndim}
    state = seeded.state_dict(shapes)
    state["logit_scale"] = torch.tensor(LOGIT_SCALE)
    state["logit_bias"] = torch.tensor(LOGIT_BIAS)
    return state


def tokens(config: ClipConfig, count: int = 3) -> Tensor:
    """(count, 64) of numbers of the vocabulary."""
    drawn = seeded.generator(f"siglip tokens {config.text.vocab_size}")
    return torch.from_numpy(drawn.integers(0, config.text.vocab_size, (count, CONTEXT_LENGTH)))


def pixels(config: ClipConfig, count: int = 2) -> Tensor:
    """(count, 3, R, R) within -1 and 1."""
    return seeded_timm.noise("siglip", config.vision.image_size_px, count)


# --- transformers --------------------------------------------------------------------------------


def transformers_config(config: ClipConfig) -> dict[str, Any]:
    """What transformers' SiglipConfig takes, and what its config.json says."""
    parts: dict[str, Any] = {"model_type": "siglip"}
    for name, part, layers in (
        ("vision_config", config.vision, config.vision.depth),
        ("text_config", config.text, config.text.layers),
    ):
        parts[name] = {
            "hidden_size": part.width,
            "intermediate_size": part.mlp_width,
            "num_hidden_layers": layers,
            "num_attention_heads": part.heads,
        }
    vision, text = config.vision, config.text
    parts["vision_config"] |= {
        "image_size": vision.image_size_px,
        "patch_size": vision.patch_size_px,
    }
    parts["text_config"] |= {"vocab_size": text.vocab_size, "projection_size": config.embed_dim}
    return parts


TO_TRANSFORMERS = (
    ("visual.conv1.", "vision_model.embeddings.patch_embedding."),
    ("visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"),
    ("visual.transformer.resblocks.", "vision_model.encoder.layers."),
    ("visual.ln_post.", "vision_model.post_layernorm."),
    ("visual.attnpool.attn.", "vision_model.head.attention."),
    ("visual.attnpool.ln.", "vision_model.head.layernorm."),
    ("visual.attnpool.", "vision_model.head."),
    ("words.", "text_model.embeddings.token_embedding."),
    ("text.positional_embedding", "text_model.embeddings.position_embedding.weight"),
    ("text.transformer.resblocks.", "text_model.encoder.layers."),
    ("text.ln_final.", "text_model.final_layer_norm."),
    ("text.text_projection.", "text_model.head."),
    (".attn.", ".self_attn."),
    (".ln_1.", ".layer_norm1."),
    (".ln_2.", ".layer_norm2."),
    (".c_fc.", ".fc1."),
    (".c_proj.", ".fc2."),
)


def transformers_layout(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Our names -> transformers'; the parity run loads it strictly into a SiglipModel."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        new = _renamed(name)
        if ".self_attn.in_proj_" in new:
            for letter, part in zip("qkv", tensor.chunk(3), strict=True):
                renamed[new.replace(".in_proj_", f".{letter}_proj.")] = part.contiguous()
        elif name.startswith("logit_"):
            renamed[name] = tensor.reshape(1)
        else:
            renamed[new] = tensor[None] if name.endswith("probe") else tensor
    return renamed


# --- open_clip -----------------------------------------------------------------------------------


def open_clip_config(
    config: ClipConfig, timm_model_name: str = "vit_base_patch32_siglip_256"
) -> Any:
    """A configuration in open_clip's form; open_clip's own says the same of B/32-256."""
    text = config.text
    return {
        "embed_dim": config.embed_dim,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {
            "image_size": config.vision.image_size_px,
            "timm_model_name": timm_model_name,
            "timm_model_pretrained": False,
            "timm_pool": "map",
            "timm_proj": "none",
        },
        "text_cfg": {
            "context_length": text.context_length,
            "vocab_size": text.vocab_size,
            "hf_tokenizer_name": "timm/ViT-B-32-SigLIP2-256",
            "tokenizer_kwargs": {"clean": "canonicalize"},
            "width": text.width,
            "heads": text.heads,
            "layers": text.layers,
            "no_causal_mask": True,
            "proj_bias": True,
            "pool_type": "last",
            "norm_kwargs": {"eps": 1e-6},
            "act_kwargs": {"approximate": "tanh"},
        },
    }


def open_clip_layout(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Our names -> open_clip's with timm's image tower; its parity run loads it strictly."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name == "words.weight":
            renamed["text.token_embedding.weight"] = tensor
        elif name.startswith("visual."):
            renamed |= seeded_timm.of_timm(name, tensor)
        else:
            renamed[name] = tensor
    return renamed


def _renamed(name: str) -> str:
    for old, new in TO_TRANSFORMERS:
        name = name.replace(old, new)
    return name


# --- directories and tokenizers ------------------------------------------------------------------

WORDS = ("a", "dog", "on", "the", "beach", "two", "red", "apples", "海滩", "hund")


def gemma_tokenizer(size: int = 600) -> Tokenizer:
    """Byte-level fall-back BPE as Gemma's is: words keep the space in front of them."""
    vocab = {token: number for number, token in enumerate(("<pad>", "<eos>", "<bos>", "<unk>"))}
    for token in [*(f"<0x{byte:02X}>" for byte in range(256)), "▁", *map(chr, range(97, 123))]:
        vocab.setdefault(token, len(vocab))
    merges = []
    for word in ("▁dog", "▁beach", "▁the", "dog"):
        for end in range(2, len(word) + 1):
            merged = word[:end]
            if merged not in vocab:
                merges.append((word[: end - 1], word[end - 1]))
                vocab[merged] = len(vocab)
    while len(vocab) < size:
        vocab[f"unused{len(vocab)}"] = len(vocab)
    bpe = models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    tokenizer = Tokenizer(bpe)
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.add_special_tokens(["<pad>", "<eos>", "<bos>", "<unk>"])
    return tokenizer


def t5_tokenizer(size: int = 600) -> Tokenizer:
    """A unigram of SentencePiece as T5's is, with the space in front of the first word too."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -4.0)]
    pieces += [(f"▁{word}", -5.0 - 0.1 * number) for number, word in enumerate(WORDS)]
    pieces += [(chr(letter), -9.0) for letter in range(97, 123)]
    pieces += [(f"unused{number}", -20.0) for number in range(size - len(pieces))]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always")
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>"])
    return tokenizer


def write_transformers(
    directory: Path, config: ClipConfig = TINY, tokenizer: Tokenizer | None = None
) -> Path:
    """A directory in transformers' form."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps(transformers_config(config)))
    side = config.vision.image_size_px
    processor = {"size": {"height": side, "width": side}, "resample": 2}
    processor |= {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
    (directory / "preprocessor_config.json").write_text(json.dumps(processor))
    save_file(transformers_layout(state_dict(config)), directory / "model.safetensors")
    (tokenizer or gemma_tokenizer()).save(str(directory / "tokenizer.json"))
    return directory


def write_open_clip(
    directory: Path, config: ClipConfig = TINY, tokenizer: Tokenizer | None = None
) -> Path:
    """A directory in open_clip's form."""
    state = open_clip_layout(state_dict(config))
    seeded_timm.write_open_clip(directory, open_clip_config(config), "bicubic", state)
    (tokenizer or gemma_tokenizer()).save(str(directory / "tokenizer.json"))
    return directory

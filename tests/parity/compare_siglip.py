"""Compares SigLIP with transformers and open_clip, stage by stage; see compare.py.

python tests/parity/compare_siglip.py            compare
python tests/parity/compare_siglip.py --golden   compare, and write down what transformers gave
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

warnings.filterwarnings("ignore")  # the references' own, on every import

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import open_clip  # noqa: E402
import seeded  # noqa: E402
import seeded_siglip  # noqa: E402
import torch  # noqa: E402
from compare import Outputs, compare_outputs, failures, judge  # noqa: E402
from open_clip.tokenizer import HFTokenizer  # noqa: E402
from transformers import (  # noqa: E402
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipModel,
)

from clipcore.checkpoints.siglip import open_siglip  # noqa: E402
from clipcore.checkpoints.siglip_catalogue import table  # noqa: E402
from clipcore.model.config import ClipConfig  # noqa: E402
from clipcore.model.siglip import PARTS  # noqa: E402
from clipcore.text.siglip_tokenizer import SiglipTokenizer, canonical  # noqa: E402

GOLDEN = Path(__file__).with_name("golden_siglip.npz")


@torch.inference_mode()
def from_transformers(config: ClipConfig) -> Outputs:
    facts = seeded_siglip.transformers_config(config)
    facts["text_config"] |= {"bos_token_id": 2, "eos_token_id": 1}  # none of 600 words otherwise
    model = SiglipModel(SiglipConfig(**facts))
    state = seeded_siglip.state_dict(config)
    model.load_state_dict(seeded_siglip.transformers_layout(state), strict=True)
    model.eval()
    pixels, tokens = seeded_siglip.pixels(config), seeded_siglip.tokens(config)
    return {
        "image tower": model.get_image_features(pixel_values=pixels).pooler_output,
        "text tower": model.get_text_features(input_ids=tokens).pooler_output,
        "logits": model(input_ids=tokens, pixel_values=pixels).logits_per_image,
    }


@torch.inference_mode()
def from_open_clip(config: ClipConfig) -> Outputs:
    """At full depth alone: timm's name of the image tower says how deep it is."""
    facts = seeded_siglip.open_clip_config(config)
    known = open_clip.get_model_config("ViT-B-32-SigLIP2-256")
    for part in ("vision_cfg", "text_cfg"):
        expected = known[part] | {"vocab_size": config.text.vocab_size}
        if facts[part] | {"vocab_size": config.text.vocab_size} != expected | facts[part]:
            failures.append(f"{part} is not open_clip's configuration")
    facts["text_cfg"] = {
        key: value for key, value in facts["text_cfg"].items() if "tokenizer" not in key
    }
    facts.pop("custom_text")
    model = open_clip.CustomTextCLIP(**facts)
    state = seeded_siglip.state_dict(config)
    model.load_state_dict(seeded_siglip.open_clip_layout(state), strict=True)
    model.eval()
    pixels, tokens = seeded_siglip.pixels(config), seeded_siglip.tokens(config)
    images, texts = model.encode_image(pixels), model.encode_text(tokens)
    logits, _ = model.get_logits(pixels, tokens)
    return {"image tower": images, "text tower": texts, "logits": logits}


@torch.inference_mode()
def from_ours(config: ClipConfig, write: Any) -> Outputs:
    pixels, tokens = seeded_siglip.pixels(config), seeded_siglip.tokens(config)
    with tempfile.TemporaryDirectory() as place:
        model = open_siglip(write(Path(place) / "model", config)).load(PARTS)
        logits, _ = model(pixels, tokens)
        images, texts = model.encode_image(pixels), model.encode_text(tokens)
    return {"image tower": images, "text tower": texts, "logits": logits}


def compare_towers(golden: dict[str, np.ndarray]) -> None:
    for name, config in seeded_siglip.CASES.items():
        theirs = from_transformers(config)
        for write in (seeded_siglip.write_transformers, seeded_siglip.write_open_clip):
            ours = from_ours(config, write)
            compare_outputs(f"SigLIP {name}, transformers, {write.__name__}", ours, theirs)
        golden.update({f"{name}: {stage}": out.numpy() for stage, out in theirs.items()})
    full = seeded_siglip.sizes(256, 32, 768, 12)
    ours, theirs = from_ours(full, seeded_siglip.write_open_clip), from_open_clip(full)
    compare_outputs("SigLIP B-32-256, open_clip", ours, theirs)


def compare_counts() -> None:
    """Parameters of the table's architectures, counted on open_clip's models without memory."""
    for entry in table():
        with torch.device("meta"):
            config = open_clip.get_model_config(entry.architecture)
            text = config["text_cfg"]
            for key in [key for key in text if "tokenizer" in key]:
                del text[key]
            config.pop("custom_text", None)
            model = open_clip.CustomTextCLIP(**config)
        theirs = sum(parameter.numel() for parameter in model.parameters())
        difference = abs(theirs / 1e6 - entry.params_millions)
        judge(f"parameters of {entry.architecture}: {theirs:,}", difference, 0.01)


def compare_tokenizers() -> None:
    """The same rows as open_clip's wrapper of a transformers tokenizer, for both vocabularies."""
    kinds = {
        "Gemma's": (seeded_siglip.gemma_tokenizer(), "<eos>", "<pad>"),
        "T5's": (seeded_siglip.t5_tokenizer(), "</s>", "</s>"),
    }
    texts = list(seeded.TEXTS)
    for name, (tokenizer, end, padding) in kinds.items():
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "tokenizer.json"
            tokenizer.save(str(path))
            ours = SiglipTokenizer(path, 600, 64).tokens(texts)
            wrapped = PreTrainedTokenizerFast(
                tokenizer_file=str(path), eos_token=end, pad_token=padding, padding_side="right"
            )
            wrapped.backend_tokenizer.post_processor = _ends_with(end, wrapped.eos_token_id)
            wrapped.save_pretrained(place)
            theirs = HFTokenizer(place, context_length=64, clean="canonicalize")(texts).numpy()
        judge(f"tokenizer rows, {name} vocabulary, open_clip", np.abs(ours - theirs).max(), 0)
    reference = open_clip.tokenizer.get_clean_fn("canonicalize")
    unlike = sum(canonical(text) != reference(text) for text in texts + seeded.random_texts())
    judge("canonical texts, open_clip", float(unlike), 0)


def _ends_with(token: str, number: int) -> Any:
    from tokenizers.processors import TemplateProcessing

    return TemplateProcessing(single=f"$A {token}", special_tokens=[(token, number)])


def main() -> int:
    golden: dict[str, np.ndarray] = {}
    compare_tokenizers()
    compare_counts()
    compare_towers(golden)
    if "--golden" in sys.argv:
        np.savez_compressed(GOLDEN, **golden)
        print(f"wrote {GOLDEN.name}")
    print(f"{len(failures)} above the tolerance" if failures else "all within the tolerance")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

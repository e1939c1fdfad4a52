"""Compares clipcore with open_clip, transformers and OpenAI's package, stage by stage.

    python tests/parity/compare.py            compare, print the largest differences
    python tests/parity/compare.py --full     the towers again, more of them at full depth
    python tests/parity/compare.py --golden   compare, and write down what the references gave

Needs an environment of its own with the packages in requirements.txt beside this file. Exits with
1 if a difference is above its tolerance. The golden file holds only what the reference code
computed, so that the ordinary suite compares with it without any of those packages.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

warnings.filterwarnings("ignore")  # the references' own, on every import

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import clip as openai_clip  # noqa: E402
import compare_bert  # noqa: E402
import numpy as np  # noqa: E402
import open_clip  # noqa: E402
import seeded  # noqa: E402
import torch  # noqa: E402
from clip.clip import _transform as openai_transform  # noqa: E402
from clip.model import CLIP as OpenAiClip  # noqa: E402, N811
from clip.simple_tokenizer import SimpleTokenizer as OpenAiTokenizer  # noqa: E402
from open_clip.transform import PreprocessCfg, image_transform_v2  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from seeded import ARCHITECTURES, CASES, Case  # noqa: E402
from torch import Tensor  # noqa: E402
from transformers import CLIPConfig, CLIPModel  # noqa: E402

from clipcore.image.preprocess import PixelFacts, Preprocess  # noqa: E402
from clipcore.model.clip import CLIP  # noqa: E402
from clipcore.text.tokenizer import ClipTokenizer  # noqa: E402

GOLDEN = Path(__file__).with_name("golden.npz")
GOLDEN_TEXTS = Path(__file__).with_name("golden.json")
FEATURES_WITHIN, COSINE_AT_LEAST = 1e-4, 0.9999
# A logit is a cosine times exp(3.0), twenty times as large as what it is made of.
LOGITS_WITHIN = 1e-4
FULL_CASES = [Case(name) for name in ("RN101", "RN50x4", "ViT-B-16", "ViT-L-14", "ViT-L-14-336")]
failures: list[str] = []

Outputs = dict[str, Tensor]


def judge(stage: str, difference: float, within: float, cosine: float = 1.0) -> None:
    """Prints one line of the report; remembers it if it is above the tolerance."""
    good = difference <= within and cosine >= COSINE_AT_LEAST
    print(f"{'ok  ' if good else 'FAIL'} {stage:72} max {difference:.1e}  cosine {cosine:.7f}")
    if not good:
        failures.append(stage)


def compare_outputs(stage: str, ours: Outputs, theirs: Outputs) -> None:
    for name, reference in theirs.items():
        difference = float((ours[name] - reference).abs().max())
        within = LOGITS_WITHIN if name == "logits" else FEATURES_WITHIN
        cosine = torch.cosine_similarity(ours[name], reference, dim=-1).min()
        judge(f"{stage}: {name}", difference, within, float(cosine))


# --- the references ------------------------------------------------------------------------------


@torch.inference_mode()
def from_open_clip(case: Case, state: Outputs) -> Outputs:
    with torch.device("meta"):
        model = open_clip.CLIP(**case.open_clip_config)
    # The mask is derived from the context length, no weight; off the meta device it goes by hand.
    model.attn_mask = torch.full((77, 77), float("-inf")).triu_(1)
    model.load_state_dict(state, strict=True, assign=True)
    return run_openai_layout(model.eval(), case)


@torch.inference_mode()
def from_openai(case: Case, state: Outputs) -> Outputs:
    config = case.open_clip_config
    vision, text = config["vision_cfg"], config["text_cfg"]
    model = OpenAiClip(
        embed_dim=config["embed_dim"],
        image_resolution=vision["image_size"],
        vision_layers=vision["layers"],
        vision_width=vision["width"],
        vision_patch_size=vision["patch_size"],
        context_length=text["context_length"],
        vocab_size=text["vocab_size"],
        transformer_width=text["width"],
        transformer_heads=text["heads"],
        transformer_layers=text["layers"],
    )
    model.load_state_dict(state, strict=True)
    return run_openai_layout(model.eval(), case)


def run_openai_layout(model: Any, case: Case) -> Outputs:
    images = model.encode_image(seeded.pixels(case))
    texts = model.encode_text(seeded.tokens(case))
    unit = [features / features.norm(dim=-1, keepdim=True) for features in (images, texts)]
    logits = model.logit_scale.exp() * unit[0] @ unit[1].T
    return {"image tower": images, "text tower": texts, "logits": logits}


def transformers_model(case: Case, state: Outputs) -> CLIPModel:
    act = "quick_gelu" if case.quick_gelu else "gelu"
    model = CLIPModel(CLIPConfig(**seeded.transformers_config(case.open_clip_config, act)))
    model.load_state_dict(seeded.transformers_layout(state), strict=True)
    return model.eval()


@torch.inference_mode()
def from_transformers(case: Case, model: CLIPModel) -> Outputs:
    pixels, tokens = seeded.pixels(case), seeded.tokens(case)
    return {
        "image tower": model.get_image_features(pixel_values=pixels).pooler_output,
        "text tower": model.get_text_features(input_ids=tokens).pooler_output,
        "logits": model(input_ids=tokens, pixel_values=pixels).logits_per_image,
    }


# --- ours ----------------------------------------------------------------------------------------


@torch.inference_mode()
def from_ours(model: CLIP, case: Case) -> Outputs:
    pixels, tokens = seeded.pixels(case), seeded.tokens(case)
    logits, transposed = model(pixels, tokens)
    assert torch.equal(logits, transposed.T)
    images, texts = model.encode_image(pixels), model.encode_text(tokens)
    return {"image tower": images, "text tower": texts, "logits": logits}


def load_open_clip_layout(case: Case, state: Outputs, directory: Path) -> CLIP:
    save_file(state, directory / "open_clip_model.safetensors")
    config = {"model_cfg": case.open_clip_config, "preprocess_cfg": {}}
    (directory / "open_clip_config.json").write_text(json.dumps(config))
    return open_directory(directory)


def load_transformers_layout(model: CLIPModel, directory: Path) -> CLIP:
    model.save_pretrained(directory)
    return open_directory(directory)


def open_directory(directory: Path) -> CLIP:
    """The model alone: small vocabularies have no tokenizer."""
    from clipcore.checkpoints.loading import open_checkpoint

    return open_checkpoint(directory).load()


# --- stages --------------------------------------------------------------------------------------


def compare_towers(golden: dict[str, np.ndarray], cases: Iterable[Case] = CASES) -> None:
    for case in cases:
        state = seeded.state_dict(seeded.openai_shapes(case.config))
        theirs = from_open_clip(case, state)
        with tempfile.TemporaryDirectory() as place:
            ours = from_ours(load_open_clip_layout(case, state, Path(place)), case)
        compare_outputs(f"{case.key}, open_clip", ours, theirs)
        golden.update({f"{case.key}: {name}": out.numpy() for name, out in theirs.items()})
        if case.quick_gelu and "head_width" not in case.open_clip_config["vision_cfg"]:
            compare_outputs(f"{case.key}, openai/CLIP", ours, from_openai(case, state))
        if not case.config.vision.is_resnet:
            compare_with_transformers(case, state)


def compare_with_transformers(case: Case, state: Outputs) -> None:
    model = transformers_model(case, state)
    theirs = from_transformers(case, model)
    with tempfile.TemporaryDirectory() as place:
        ours = from_ours(load_transformers_layout(model, Path(place)), case)
    compare_outputs(f"{case.key}, transformers", ours, theirs)


def compare_preprocessing(golden: dict[str, np.ndarray]) -> None:
    for size, mode in seeded.PREPROCESSES:
        cfg = PreprocessCfg(size=size, resize_mode=mode)
        references = {"open_clip": image_transform_v2(cfg, is_train=False)}
        if mode == "shortest":
            references["openai/CLIP"] = openai_transform(size)
        mine = Preprocess(size, PixelFacts(resize_mode=mode))
        for name, reference in references.items():
            worst = 0.0
            for picture_size in seeded.PICTURE_SIZES:
                picture = seeded.picture(picture_size)
                theirs = reference(picture).numpy()
                worst = max(worst, float(np.abs(mine(picture) - theirs).max()))
                golden[f"pixels {size} {mode} {picture_size}"] = seeded.sample(theirs)
            judge(f"preprocess {size} {mode}, {name}", worst, 0.0)


def compare_tokenizers() -> dict[str, Any]:
    mine, open_clip_one, openai_one = (
        ClipTokenizer(None),
        open_clip.SimpleTokenizer(),
        OpenAiTokenizer(),
    )
    texts, randoms = list(seeded.TEXTS), seeded.random_texts()
    theirs = [open_clip_one.encode(text) for text in texts + randoms]
    ours = mine.ids(texts + randoms)
    judge("tokenizer ids, open_clip", float(sum(map(unlike, ours, theirs))), 0)
    other = [openai_one.encode(text) for text in texts + randoms]
    judge("tokenizer ids, openai/CLIP", float(sum(map(unlike, ours, other))), 0)
    cut = open_clip_one(texts).numpy()
    judge("tokenizer rows, open_clip", float(np.abs(mine.tokens(texts) - cut).max()), 0)
    cut = openai_clip.tokenize(texts, truncate=True).numpy()
    judge("tokenizer rows, openai/CLIP", float(np.abs(mine.tokens(texts) - cut).max()), 0)
    compare_tokenizer_json(mine, texts + randoms)
    chunks = theirs[len(texts) :]
    starts = range(0, seeded.RANDOM_TEXTS, seeded.CHUNK)
    digests = [seeded.digest(chunks[start : start + seeded.CHUNK]) for start in starts]
    return {"ids": theirs[: len(texts)], "random": digests}


def unlike(ours: list[int], theirs: list[int]) -> bool:
    return ours != theirs


def compare_tokenizer_json(mine: ClipTokenizer, texts: list[str]) -> None:
    """A tokenizer.json written by transformers, as checkpoints bring it, gives the same ids."""
    from transformers import CLIPTokenizerFast

    with tempfile.TemporaryDirectory() as place:
        write_vocabulary(Path(place))
        CLIPTokenizerFast.from_pretrained(place).save_pretrained(place)
        read = ClipTokenizer(Path(place) / "tokenizer.json")
        different = sum(map(unlike, read.ids(texts), mine.ids(texts)))
    judge("tokenizer.json written by transformers", float(different), 0)


def write_vocabulary(directory: Path) -> None:
    """OpenAI's vocabulary in the two files that transformers' tokenizer is made from."""
    theirs = OpenAiTokenizer()
    (directory / "vocab.json").write_text(json.dumps(theirs.encoder), encoding="utf-8")
    merges = "\n".join(" ".join(pair) for pair in theirs.bpe_ranks)
    (directory / "merges.txt").write_text(f"#version: 0.2\n{merges}\n", encoding="utf-8")


def compare_counts() -> dict[str, int]:
    """Parameters of every architecture, counted on open_clip's models without their memory."""
    counts = {}
    for name, config in ARCHITECTURES.items():
        if open_clip.get_model_config(name) != config:
            failures.append(f"{name} is not open_clip's configuration")
        with torch.device("meta"):
            theirs = sum(p.numel() for p in open_clip.CLIP(**config).parameters())
            ours = sum(p.numel() for p in CLIP(seeded.clip_config(config)).parameters())
        judge(f"parameters of {name}: {theirs:,}", float(abs(ours - theirs)), 0)
        counts[name] = theirs
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="full depth; 12 GB of memory")
    parser.add_argument("--golden", action="store_true", help="write down what the references gave")
    arguments = parser.parse_args()
    golden: dict[str, np.ndarray] = {}
    texts: dict[str, Any] = {"parameters": compare_counts(), **compare_tokenizers()}
    compare_preprocessing(golden)
    compare_towers(golden)
    golden_bert: dict[str, np.ndarray] = {}
    compare_bert.compare_towers(compare_outputs, golden_bert)
    compare_bert.compare_tokenizers(judge, golden_bert)
    if arguments.full:
        compare_towers({}, FULL_CASES)
    if arguments.golden:
        np.savez_compressed(GOLDEN, **golden)
        np.savez_compressed(compare_bert.GOLDEN, **golden_bert)
        GOLDEN_TEXTS.write_text(json.dumps(texts, separators=(",", ":")) + "\n")
        print(f"wrote {GOLDEN.name} and {GOLDEN_TEXTS.name}")
    print(f"{len(failures)} above the tolerance" if failures else "all within the tolerance")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

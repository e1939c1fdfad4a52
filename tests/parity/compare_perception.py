"""Compares Perception Encoder with open_clip, stage by stage; see compare.py.

python tests/parity/compare_perception.py            compare
python tests/parity/compare_perception.py --golden   compare, and write down open_clip's outputs
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
import seeded_perception  # noqa: E402
import timm  # noqa: E402
import torch  # noqa: E402
from compare import Outputs, compare_outputs, failures, judge  # noqa: E402
from open_clip.transform import PreprocessCfg, image_transform_v2  # noqa: E402

from clipcore.checkpoints.loading import open_checkpoint  # noqa: E402
from clipcore.image.preprocess import PixelFacts, Preprocess  # noqa: E402
from clipcore.model.clip import CLIP  # noqa: E402
from clipcore.model.config import ClipConfig  # noqa: E402

GOLDEN = Path(__file__).with_name("golden_perception.npz")


def compare_counts() -> None:
    """Parameters of the architectures, counted on open_clip's models without memory."""
    for name, config in seeded_perception.ARCHITECTURES.items():
        theirs, ours = open_clip.get_model_config(name), seeded_perception.open_clip_config(config)
        ours["vision_cfg"]["timm_model_name"] = theirs["vision_cfg"]["timm_model_name"]
        if theirs != ours:
            failures.append(f"{name} is not open_clip's configuration")
        with torch.device("meta"):
            reference = sum(p.numel() for p in reference_model(theirs).parameters())
            count = sum(p.numel() for p in CLIP(config).parameters())
        judge(f"parameters of {name}: {reference:,}", float(abs(reference - count)), 0)


def reference_model(config: dict[str, Any]) -> Any:
    return open_clip.CustomTextCLIP(
        **{key: value for key, value in config.items() if key != "custom_text"}
    )


@torch.inference_mode()
def from_open_clip(name: str, config: ClipConfig) -> Outputs:
    model = reference_model(open_clip.get_model_config(name))
    state = seeded_perception.open_clip_layout(seeded_perception.state_dict(config))
    model.load_state_dict(state, strict=True)
    model.eval()
    pixels, tokens = inputs(config)
    images, texts = model.encode_image(pixels), model.encode_text(tokens)
    logits, _ = model.get_logits(pixels, tokens)
    return {"image tower": images, "text tower": texts, "logits": logits}


@torch.inference_mode()
def from_ours(config: ClipConfig) -> Outputs:
    pixels, tokens = inputs(config)
    with tempfile.TemporaryDirectory() as place:
        directory = seeded_perception.write_open_clip(Path(place) / "model", config)
        model = open_checkpoint(directory).load()
        logits, _ = model(pixels, tokens)
        images, texts = model.encode_image(pixels), model.encode_text(tokens)
    return {"image tower": images, "text tower": texts, "logits": logits}


def inputs(config: ClipConfig) -> tuple[torch.Tensor, torch.Tensor]:
    tokens = torch.zeros(3, seeded_perception.CONTEXT_LENGTH, dtype=torch.int64)
    for row, length in zip(tokens, (3, 9, 32), strict=True):
        drawn = seeded.generator(f"pe tokens {length}").integers(1, 49405, length)
        row[:length] = torch.from_numpy(drawn)
        row[length - 1] = 49407
    return seeded_perception.pixels(config), tokens


@torch.inference_mode()
def compare_tiny(golden: dict[str, np.ndarray]) -> None:
    """The image tower alone, of timm's class at a size that has no name."""
    config = seeded_perception.TINY
    vision = config.vision
    reference = timm.create_model(
        "vit_pe_core_base_patch16_224",
        img_size=vision.image_size_px,
        embed_dim=vision.width,
        depth=vision.depth,
        num_heads=vision.heads,
        ref_feat_shape=(4, 4),
        num_classes=config.embed_dim,
    ).eval()
    state = seeded_perception.open_clip_layout(seeded_perception.state_dict(config))
    trunk = "visual.trunk."
    reference.load_state_dict(
        {name.removeprefix(trunk): one for name, one in state.items() if name.startswith(trunk)},
        strict=True,
    )
    theirs = {"image tower": reference(seeded_perception.pixels(config))}
    compare_outputs("PE tiny, timm", from_ours(config), theirs)
    golden["tiny: image tower"] = theirs["image tower"].numpy()


def compare_preprocessing() -> None:
    cfg = PreprocessCfg(
        size=224, mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bilinear", resize_mode="squash"
    )
    reference = image_transform_v2(cfg, is_train=False)
    mine = Preprocess(224, PixelFacts((0.5,) * 3, (0.5,) * 3, "bilinear", "squash"))
    for size in seeded.PICTURE_SIZES:
        picture = seeded.picture(size)
        difference = float(np.abs(mine(picture) - reference(picture).numpy()).max())
        judge(f"preprocess 224 squash bilinear {size}", difference, 0.0)


def main() -> int:
    golden: dict[str, np.ndarray] = {}
    compare_counts()
    compare_preprocessing()
    compare_tiny(golden)
    for name in ("PE-Core-S-16-384", "PE-Core-B-16"):
        config = seeded_perception.ARCHITECTURES[name]
        compare_outputs(f"{name}, open_clip", from_ours(config), from_open_clip(name, config))
    if "--golden" in sys.argv:
        np.savez_compressed(GOLDEN, **golden)
        print(f"wrote {GOLDEN.name}")
    print(f"{len(failures)} above the tolerance" if failures else "all within the tolerance")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

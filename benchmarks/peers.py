"""The peers that are libraries, each as its own documentation uses it; and rclip's model files.

    python benchmarks/peers.py export MODEL RCLIP_DATADIR
    python benchmarks/peers.py open_clip MODEL PHOTOS --count 100
    python benchmarks/peers.py transformers MODEL PHOTOS --count 100

Needs the packages of requirements.txt beside this file, and none of ours. `MODEL`: a directory in
the form of that library (`export`: open_clip's). The model is loaded and has embedded one batch
before the clock starts. Prints JSON: photos and seconds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, Final

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

BATCH: Final = 32
WORKERS: Final = 2
# as rclip's own scripts/convert_model.py names and makes them
RCLIP_MODEL: Final = "ViT-B-32-256-datacomp_s34b_b86k"
OPSET: Final = 18


class Photos(Dataset[Tensor]):
    """Files -> what the library's own transform makes of them."""

    def __init__(self, paths: list[Path], transform: Callable[[Image.Image], Tensor]) -> None:
        self._paths, self._transform = paths, transform

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, number: int) -> Tensor:
        with Image.open(self._paths[number]) as image:
            return self._transform(image)


@torch.inference_mode()
def open_clip_seconds(model_path: Path, paths: list[Path]) -> float:
    """torch in float32, open_clip's transform, a DataLoader with WORKERS processes."""
    import open_clip

    model, _, transform = open_clip.create_model_and_transforms(f"local-dir:{model_path}")
    model.eval()

    def embed(paths: list[Path]) -> None:
        for pixels in DataLoader(Photos(paths, transform), BATCH, num_workers=WORKERS):
            features = model.encode_image(pixels)
            features /= features.norm(dim=-1, keepdim=True)

    return _timed(embed, paths)


@torch.inference_mode()
def transformers_seconds(model_path: Path, paths: list[Path]) -> float:
    """CLIPModel with its image processor, batch after batch."""
    from transformers import AutoImageProcessor, CLIPModel

    model = CLIPModel.from_pretrained(model_path).eval()
    processor = AutoImageProcessor.from_pretrained(model_path)

    def embed(paths: list[Path]) -> None:
        waiting = iter(paths)
        while batch := list(islice(waiting, BATCH)):
            images = [Image.open(path).convert("RGB") for path in batch]
            inputs = processor(images=images, return_tensors="pt")
            features = model.get_image_features(**inputs).pooler_output
            features /= features.norm(dim=-1, keepdim=True)

    return _timed(embed, paths)


def _timed(embed: Callable[[list[Path]], None], paths: list[Path]) -> float:
    embed(paths[:BATCH])
    started = time.perf_counter()
    embed(paths)
    return time.perf_counter() - started


class TextTower(nn.Module):
    """The half of a model that embeds texts, as a module of its own."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor) -> Tensor:
        features: Tensor = self.model.encode_text(tokens)
        return features


def export(model_path: Path, datadir: Path) -> None:
    """Both towers as ONNX files, and the vocabulary, where rclip looks for them."""
    import open_clip

    model = open_clip.create_model(f"local-dir:{model_path}").eval()
    folder = datadir / RCLIP_MODEL
    folder.mkdir(parents=True, exist_ok=True)
    side = model.visual.image_size[0]
    _export(model.visual, torch.randn(1, 3, side, side), folder / "visual.onnx")
    tokens = torch.zeros(1, model.context_length, dtype=torch.long)
    _export(TextTower(model), tokens, folder / "textual.onnx")
    vocabulary = datadir / "tokenizer" / "bpe_simple_vocab_16e6.txt.gz"
    vocabulary.parent.mkdir(exist_ok=True)
    shutil.copyfile(Path(open_clip.__file__).with_name(vocabulary.name), vocabulary)


def _export(module: nn.Module, example: Tensor, path: Path) -> None:
    torch.onnx.export(
        module.eval(),
        (example,),
        str(path),
        input_names=["input"],
        output_names=["output"],
        dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}},
        opset_version=OPSET,
        dynamo=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=["export", "open_clip", "transformers"])
    parser.add_argument("model", type=Path)
    parser.add_argument("folder", type=Path, help="photos; `export`: rclip's RCLIP_DATADIR")
    parser.add_argument("--count", type=int, default=None, help="so many photos, not all")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    if options.quick:
        options.count = 1
    if options.task == "export":
        export(options.model, options.folder)
        return
    paths = sorted(options.folder.glob("*.jpg"))[: options.count]
    measure = open_clip_seconds if options.task == "open_clip" else transformers_seconds
    print(json.dumps({"photos": len(paths), "seconds": measure(options.model, paths)}))


if __name__ == "__main__":
    main()

"""Models with weights that follow from their names: ViT-B-32-256 in two forms, SigLIP2 B/32-256.

    python -m benchmarks.seeded_models DIRECTORY

Speed does not depend on what the weights have learned, and these need no download.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from torch import Tensor

from clipcore.image.preprocess import OPENAI_MEAN, OPENAI_STD
from tests.parity.seeded import (
    ARCHITECTURES,
    TINY,
    openai_state,
    transformers_config,
    transformers_layout,
    write_open_clip,
)

NAME: Final = "ViT-B-32-256"
OPEN_CLIP, TRANSFORMERS, SIGLIP2 = "open_clip", "transformers", "siglip2"  # the directories
PARITY: Final = Path(__file__).parents[1] / "tests" / "parity"
GEMMA_PIECES: Final = 256_000
MERGES_A_PIECE: Final = 2  # of Gemma's tokenizer.json, which has 580,000
LONGEST_PIECE: Final = 9


def write_models(directory: Path, *, tiny: bool = False) -> None:
    """The same weights twice."""
    config = TINY if tiny else ARCHITECTURES[NAME]
    state = openai_state(config)
    write_open_clip(directory / OPEN_CLIP, config, state)
    write_transformers(directory / TRANSFORMERS, config, state)


def write_siglip2(directory: Path, *, tiny: bool = False) -> None:
    """SigLIP2 B/32-256, with a vocabulary of Gemma's size."""
    sys.path.append(str(PARITY))  # its modules import one another as scripts do
    import seeded_siglip

    sizes = seeded_siglip.TINY if tiny else seeded_siglip.sizes(256, 32, 768, 12, GEMMA_PIECES)
    tokenizer = None if tiny else _gemma_sized()
    seeded_siglip.write_open_clip(directory / SIGLIP2, sizes, tokenizer)


def _gemma_sized() -> Tokenizer:
    """Pieces of pieces, each with the ways to put it together: as large to read as Gemma's."""
    draw = random.Random(1)
    pieces = ["▁", *map(chr, range(97, 123)), *map(chr, range(0x4E00, 0x4E00 + 3000))]
    names = ["<pad>", "<eos>", "<bos>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    vocab = {name: number for number, name in enumerate([*names, *pieces])}
    merges: list[tuple[str, str]] = []
    while len(vocab) < GEMMA_PIECES:
        left, right = draw.choice(pieces), draw.choice(pieces)
        piece = left + right
        if piece in vocab or len(piece) > LONGEST_PIECE or right.startswith("▁"):
            continue
        vocab[piece] = len(vocab)
        pieces.append(piece)
        ways = ((piece[:end], piece[end:]) for end in range(1, len(piece)))
        known = [way for way in ways if way[0] in vocab and way[1] in vocab]
        merges += known[:MERGES_A_PIECE]
    bpe = models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    tokenizer = Tokenizer(bpe)
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.add_special_tokens(names[:4])
    return tokenizer


def write_transformers(
    directory: Path, config: Mapping[str, Any], state: Mapping[str, Tensor]
) -> None:
    """What CLIPModel and the image processor of transformers read."""
    directory.mkdir(parents=True, exist_ok=True)
    size_px = config["vision_cfg"]["image_size"]
    _write(
        directory / "config.json",
        model_type="clip",
        architectures=["CLIPModel"],
        **transformers_config(config, "gelu"),
    )
    _write(
        directory / "preprocessor_config.json",
        image_processor_type="CLIPImageProcessor",
        size={"shortest_edge": size_px},
        crop_size={"height": size_px, "width": size_px},
        resample=3,
        image_mean=OPENAI_MEAN,
        image_std=OPENAI_STD,
    )
    save_file(
        transformers_layout(state), directory / "model.safetensors", metadata={"format": "pt"}
    )


def _write(path: Path, **content: Any) -> None:
    path.write_text(json.dumps(content, indent=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    if options.quick:
        write_open_clip(options.directory, TINY)
    else:
        write_models(options.directory)
        write_siglip2(options.directory)


if __name__ == "__main__":
    main()

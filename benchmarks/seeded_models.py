"""ViT-B-32-256 with weights that follow from their names, in open_clip's and transformers' form.

    python -m benchmarks.seeded_models DIRECTORY

Speed does not depend on what the weights have learned, and these need no download.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from safetensors.torch import save_file
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
OPEN_CLIP, TRANSFORMERS = "open_clip", "transformers"  # the two directories


def write_models(directory: Path) -> None:
    """The same weights twice."""
    config = ARCHITECTURES[NAME]
    state = openai_state(config)
    write_open_clip(directory / OPEN_CLIP, config, state)
    write_transformers(directory / TRANSFORMERS, config, state)


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


if __name__ == "__main__":
    main()

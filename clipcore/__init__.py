"""CLIP and its relatives: images and sentences into one vector space.

Importing this package loads neither torch nor any weights.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from clipcore.encoder import Encoder

if TYPE_CHECKING:
    from clipcore.checkpoints.loading import LoadedClip
    from clipcore.engines.choice import Trial

__all__ = ["Encoder", "load", "open_encoder", "try_engines"]


def load(
    source: str | Path,
    device: str = "cpu",
    towers: Collection[str] = ("image", "text"),
    quick_gelu: bool | None = None,
) -> LoadedClip:
    """A model with its `.model`, `.tokenizer`, `.preprocess` and `.config`.

    `source`: a name of the table ("ViT-B-32-256/datacomp_s34b_b86k", or OpenAI's own "ViT-B/32"), a
    directory in open_clip's or transformers' form, a .safetensors file or an OpenAI .pt file.
    `towers`: which of the two to hold in memory. `quick_gelu`: the activation, for a bare file
    that does not tell it. Weights are float32, on CUDA float16.

        model.encode_image(pixels (B, 3, R, R)) -> (B, D) raw features
        model.encode_text(tokens (B, T)) -> (B, D) raw features
        model(pixels, tokens) -> (logits_per_image, logits_per_text)
        tokenizer(list of str) -> (B, 77) int64, of SigLIP (B, 64)
        preprocess(PIL image) -> (3, R, R) float32

    Raises ModelNotFound, DownloadError or a CheckpointError (errors.py draws the tree).
    """
    from clipcore.checkpoints import siglip
    from clipcore.checkpoints.loading import load as load_clip

    if siglip.knows(str(source)):
        return siglip.load(source, device, towers)

    return load_clip(source, device, towers, quick_gelu)


def open_encoder(
    source: str | Path, device: str | None = None, engine: str | None = None
) -> Encoder:
    """The encoder that `source` names; weights load at first use.

    `source`: "starter", whatever `load` takes, or what another family knows. `device`: compute with
    torch there. None: with the engine that is quickest on this machine. `engine` names the one that
    computes photos in its place, certified either way. Raises ModelNotFound, MissingDependency,
    DownloadError or a CheckpointError.
    """
    from clipcore.families.registry import family_of

    return family_of(str(source)).open(str(source), device, engine)


def try_engines(source: str | Path) -> dict[str, list[Trial]]:
    """Try every engine of this machine with each tower of a model, and remember the results.

    The quickest certified one is used from then on. Raises as `open_encoder` does.
    """
    from clipcore.engines.choice import examine
    from clipcore.families.registry import family_of

    return examine(family_of(str(source)).open(str(source), None, None))

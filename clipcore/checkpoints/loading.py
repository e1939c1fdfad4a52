"""From what a person names as a model to a model that runs.

`open_checkpoint` reads names and shapes only and checks that all fit; `load` brings the weights.
Only the weights need torch: it is imported where they are read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from clipcore.checkpoints import catalogue, formats, hub
from clipcore.checkpoints.config_cache import Sizes, sizes
from clipcore.checkpoints.config_files import Description
from clipcore.checkpoints.lockfile import LockFile
from clipcore.checkpoints.published import TOKENIZERS
from clipcore.errors import CheckpointMismatch
from clipcore.image.preprocess import Preprocess
from clipcore.messages import N_
from clipcore.model.config import TOWERS, BertConfig, ClipConfig, TextConfig
from clipcore.text.bert_tokenizer import BertTokenizer
from clipcore.text.tokenizer import ClipTokenizer

if TYPE_CHECKING:
    from torch import Tensor

    from clipcore.model.clip import CLIP
    from clipcore.model.siglip import SigLIP
    from clipcore.text.siglip_tokenizer import SiglipTokenizer

ID_DIGITS = 8


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint whose files fit together; its weights are not in memory yet."""

    name: str
    sha256: str
    config: ClipConfig
    preprocess: Preprocess
    description: Description
    logit_scale: float

    @property
    def model_id(self) -> str:
        """Names the weights and all that is done to their input: the same on every machine.

        Eight digits of a hash over the weights' sha256, the activation and the preprocessing: if
        one of them changes, so do the vectors.
        """
        facts = [self.sha256, self.config.quick_gelu, asdict(self.preprocess)]
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        return f"{self.name}@{digest[:ID_DIGITS]}"

    def tokenizer(self) -> ClipTokenizer | BertTokenizer:
        """The checkpoint's. Raises CheckpointMismatch where a BERT has none: it has no common."""
        text = self.config.text
        if text.bert:
            return bert_tokenizer(self.description.tokenizer, text, text.bert)
        return ClipTokenizer(self.description.tokenizer, text.vocab_size, text.context_length)

    def load(self, towers: Collection[str] = TOWERS, device: str = "cpu") -> CLIP:
        """The model with the weights of these towers."""
        from clipcore.checkpoints import weights

        archive = self.description.archive_sha256
        return weights.load_model(self.description.weights, self.config, towers, device, archive)


@dataclass(frozen=True)
class LoadedClip:
    """A model and what turns texts and images into its input: both give torch tensors."""

    model: CLIP | SigLIP
    tokenizer: ClipTokenizer | BertTokenizer | SiglipTokenizer
    preprocess: Callable[[Image.Image], Tensor]
    config: ClipConfig


def load(
    source: str | Path,
    device: str = "cpu",
    towers: Collection[str] = TOWERS,
    quick_gelu: bool | None = None,
) -> LoadedClip:
    """See `clipcore.load`."""
    import torch

    checkpoint = open_checkpoint(source, quick_gelu)
    model = checkpoint.load(towers, device)

    def preprocess(image: Image.Image) -> Tensor:
        return torch.from_numpy(checkpoint.preprocess(image))

    return LoadedClip(model, checkpoint.tokenizer(), preprocess, checkpoint.config)


def open_checkpoint(source: str | Path, quick_gelu: bool | None = None) -> Checkpoint:
    """Finds a checkpoint by name, directory or file, downloads it if need be, and checks it.

    Raises ModelNotFound, DownloadError or a CheckpointError.
    """
    entry = catalogue.find(str(source))
    if entry:
        files = catalogue.pull(entry.name)
        description = Description(files.weights, entry.towers, entry.pixels, files.tokenizer)
        return _checked(description, files.sha256, entry.name)
    path = Path(source).expanduser()
    if not path.exists():
        catalogue.resolve(str(source))  # raises, with the names that come near
    description = formats.describe(path, quick_gelu)
    lock = LockFile(hub.cache_directory())
    # An archive's hash is what makes it safe to open: it has just been computed, never recalled.
    digest = description.archive_sha256 or lock.sha256(description.weights)
    return _checked(description, digest, None)


def _checked(description: Description, digest: str, name: str | None) -> Checkpoint:
    found = sizes(digest, description.towers, lambda: _measured(description))
    preprocess = Preprocess(found.config.vision.image_size_px, description.pixels)
    name = name or architecture_name(found.config)
    return Checkpoint(name, digest, found.config, preprocess, description, found.logit_scale)


def _measured(description: Description) -> Sizes:
    """Read off the tensors' names and shapes, which are held against the model's."""
    from clipcore.checkpoints import weights

    path, archive_sha256 = description.weights, description.archive_sha256
    header = weights.read_header(path, archive_sha256)
    config = weights.infer_config(header, description.towers)
    weights.check_fit(header, config, path)
    return Sizes(config, weights.read_logit_scale(path, archive_sha256))


def bert_tokenizer(source: Path | None, text: TextConfig, bert: BertConfig) -> BertTokenizer:
    """The tokenizer of a text tower that is a BERT. Raises CheckpointMismatch without a source."""
    if source is None:
        raise CheckpointMismatch(
            N_("the model needs the tokenizer that it was trained with: {files}"),
            files=", ".join(TOKENIZERS),
        )
    return BertTokenizer(source, text, bert.facts)


def architecture_name(config: ClipConfig) -> str:
    """The table's name for these sizes, or one made of them. A path would change when moved."""
    vision, text = config.vision, config.text
    sizes = (
        config.text.bert is None,
        config.embed_dim,
        vision.image_size_px,
        vision.patch_size_px,
        vision.width,
        vision.layers,
        text.width,
        text.layers,
    )
    for entry in catalogue.table():
        if sizes == (
            entry.towers.bert is None,
            entry.embed_dim,
            entry.image_size_px,
            entry.patch_size_px,
            entry.vision_width,
            entry.vision_layers,
            entry.text_width,
            entry.text_layers,
        ):
            return entry.architecture
    kind = "RN" if vision.is_resnet else f"ViT-{vision.patch_size_px}"
    layers = "-".join(map(str, vision.blocks)) if vision.is_resnet else str(vision.layers)
    return f"{kind}-{vision.width}x{layers}-{vision.image_size_px}"

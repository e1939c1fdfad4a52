"""From what a person names as a SigLIP model to its parts.

`open_siglip` reads names and shapes only and checks that all fit. Only the weights need torch: it
is imported where they are read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clipcore.checkpoints import hub, published, siglip_catalogue, siglip_formats
from clipcore.checkpoints.config_cache import Sizes, sizes
from clipcore.checkpoints.config_files import Description
from clipcore.checkpoints.loading import ID_DIGITS, LoadedClip
from clipcore.checkpoints.lockfile import LockFile
from clipcore.errors import CheckpointMismatch
from clipcore.image.preprocess import Preprocess
from clipcore.messages import N_
from clipcore.model.config import TOWERS, ClipConfig
from clipcore.text.siglip_tokenizer import SiglipTokenizer
from clipcore.text.word_table import WordTable

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from clipcore.model.siglip import SigLIP

WORD_TABLES: Final = (
    "text.token_embedding.weight",  # open_clip
    "text_model.embeddings.token_embedding.weight",  # transformers
)


@dataclass(frozen=True)
class SiglipCheckpoint:
    """A checkpoint whose files fit together; its weights are not in memory yet."""

    name: str
    sha256: str
    config: ClipConfig
    preprocess: Preprocess
    description: Description
    logit_scale: float
    logit_bias: float

    @property
    def model_id(self) -> str:
        """Names the weights and all that is done to their input: the same on every machine."""
        facts = [self.sha256, "siglip", asdict(self.preprocess)]
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        return f"{self.name}@{digest[:ID_DIGITS]}"

    def tokenizer(self) -> SiglipTokenizer:
        """Its tokenizer; Gemma's takes seconds to read."""
        text, path = self.config.text, self.description.tokenizer
        assert path is not None  # `describe_siglip` refuses a directory without one
        return SiglipTokenizer(path, text.vocab_size, text.context_length)

    def words(self) -> WordTable:
        """Its table of words, of which the rows that texts name are read."""
        return WordTable(self.description.weights, WORD_TABLES)

    def load(self, parts: Collection[str], device: str = "cpu") -> SigLIP:
        """Some parts of the model with their weights."""
        from clipcore.checkpoints import siglip_weights

        return siglip_weights.load_model(self.description.weights, self.config, parts, device)


def knows(source: str) -> bool:
    """Whether a source is a SigLIP model; NaFlex ones too, which are refused."""
    path = Path(source).expanduser()
    if path.is_dir():
        return siglip_formats.is_siglip(path)
    is_naflex = "siglip" in source.lower() and "naflex" in source.lower()
    return is_naflex or siglip_catalogue.find(source) is not None


def load(source: str | Path, device: str = "cpu", towers: Collection[str] = TOWERS) -> LoadedClip:
    """See `clipcore.load`. The table of words is loaded with the text tower."""
    import torch

    checkpoint = open_siglip(source)
    parts = (*towers, "words") if "text" in towers else tuple(towers)

    def preprocess(image: Image.Image) -> Tensor:
        return torch.from_numpy(checkpoint.preprocess(image))

    model = checkpoint.load(parts, device)
    return LoadedClip(model, checkpoint.tokenizer(), preprocess, checkpoint.config)


def open_siglip(source: str | Path) -> SiglipCheckpoint:
    """Finds a checkpoint by name or directory, downloads it if need be, and checks it.

    Raises ModelNotFound, DownloadError or a CheckpointError.
    """
    entry = siglip_catalogue.find(str(source))
    if entry:
        files = published.pull(entry.published)
        return _checked(
            siglip_formats.describe_siglip(files.weights.parent), files.sha256, entry.name
        )
    path = Path(source).expanduser()
    if not path.exists():
        siglip_formats.refuse_naflex(source)
    description = siglip_formats.describe_siglip(path)
    digest = LockFile(hub.cache_directory()).sha256(description.weights)
    return _checked(description, digest, None)


def _checked(description: Description, digest: str, name: str | None) -> SiglipCheckpoint:
    found = sizes(digest, description.towers, lambda: _measured(description))
    if found.logit_bias is None:
        raise CheckpointMismatch(
            N_("{path} does not fit the model: {why}"),
            path=description.weights,
            why="logit_bias",
        )
    return SiglipCheckpoint(
        name or architecture_name(found.config),
        digest,
        found.config,
        Preprocess(found.config.vision.image_size_px, description.pixels),
        description,
        found.logit_scale,
        found.logit_bias,
    )


def _measured(description: Description) -> Sizes:
    from clipcore.checkpoints import siglip_weights

    return Sizes(*siglip_weights.measure(description.weights, description.towers))


def architecture_name(config: ClipConfig) -> str:
    """The table's name for these sizes, or one made of them."""
    vision, text = config.vision, config.text
    sizes = (vision.image_size_px, vision.patch_size_px, vision.width, vision.layers)
    for entry in siglip_catalogue.table():
        known = (entry.image_size_px, entry.patch_size_px, entry.vision_width, entry.vision_layers)
        if (*sizes, text.vocab_size) == (*known, entry.vocab_size):
            return entry.architecture
    return f"SigLIP-{vision.patch_size_px}-{vision.width}x{vision.layers}-{vision.image_size_px}"

"""The kinds of encoders: each is one module with one object, and the rest of the code asks here.

A source (a name, a directory, a file) goes to the first family that knows it. Importing this
module loads no family, and asking loads no weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from clipcore.encoder import Encoder

if TYPE_CHECKING:
    from clipcore.checkpoints.hub import Progress
    from clipcore.engines.choice import Towers

    class TowerEncoder(Encoder, Towers, Protocol):
        """An encoder whose towers engines can be tried with."""


# licences of published models that forbid commercial use
NON_COMMERCIAL: Final = frozenset({"CC BY-NC 4.0", "CC BY-NC-SA 4.0", "Apple AMLR"})


class Languages(StrEnum):
    """The languages of the sentences that a model was trained with."""

    ENGLISH = "English"
    CHINESE = "Chinese"
    MANY = "many"


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A row of a family's catalogue: a model known by name, as far as its facts are published.

    `size_bytes`: on disk, or to download. `memory_bytes`: of its weights in float32; `query_bytes`:
    the most that embedding queries takes in memory. `image_gflops`: for one photo. `accuracy`:
    ImageNet's, zero-shot, 0 to 1. `recall`: from a text to its photo in COCO, among one, 0 to 1.
    `recall_english`, `recall_chinese`: the mean recall of Crossmodal-3600 in that language, 0 to 1.
    `published_in`: the source of these figures. `needs_download`: whether it ever has to be
    fetched. `text_tower_of`: where it is a text tower alone, the model whose vectors it was trained
    for.
    """

    source: str
    is_cached: bool
    size_bytes: int | None = None
    memory_bytes: int | None = None
    query_bytes: int | None = None
    dim: int | None = None
    languages: Languages = Languages.ENGLISH
    image_gflops: float | None = None
    accuracy: float | None = None
    recall: float | None = None
    recall_english: float | None = None
    recall_chinese: float | None = None
    published_in: str | None = None
    licence: str | None = None
    needs_download: bool = True
    text_tower_of: str | None = None

    @property
    def is_non_commercial(self) -> bool:
        """Whether its licence forbids commercial use."""
        return self.licence in NON_COMMERCIAL


class Family(Protocol):
    """One kind of encoder.

    `understands_scenes`: whether it sees what happens in a photo, or only which things it shows.
    """

    understands_scenes: bool

    def knows(self, source: str) -> bool:
        """Whether the source is one of its names, or is on disk what its checkpoints look like."""

    def open(self, source: str, device: str | None, engine: str | None) -> TowerEncoder:
        """The encoder of a source; weights load at first use. Raises a ClipcoreError."""

    def source_of(self, model_id: str) -> str | None:
        """The name that opens the model with this id; None where the id is not of the family."""

    def models(self) -> Sequence[KnownModel]:
        """The models known by name that this machine could use. Asks no network."""

    def find(self, source: str) -> KnownModel | None:
        """The row of the model that has this name."""

    def pull(self, source: str, progress: Progress | None = None) -> Path | None:
        """The path of a named model's weights, downloaded if need be; None if built in.

        `progress` is called with the bytes of the weights here and in all.
        Raises ModelNotFound, MissingDependency, DownloadError or CheckpointDamaged.
        """


# where each family's object, FAMILY, is; in the order in which models are listed
MODULES: Final = (
    "clipcore.families.starter.starter",
    "clipcore.families.siglip",
    "clipcore.families.text_tower",
    "clipcore.families.clip",
)
_registered: list[Family] = []


def register(family: Family) -> None:
    """Let this process know one more family; it is asked before the others."""
    _registered.insert(0, family)


def unregister(family: Family) -> None:
    """Let this process know it no more."""
    _registered.remove(family)


def families() -> Iterator[Family]:
    """All families in the order in which they are asked; the last one knows any source.

    The module of a family loads when its turn comes.
    """
    yield from tuple(_registered)
    for module in MODULES:
        yield import_module(module).FAMILY


def family_of(source: str) -> Family:
    """The family that opens the source."""
    return next(family for family in families() if family.knows(source))


def source_of(model_id: str) -> str:
    """The name that opens the model with this id; of other models the text as it is."""
    sources = (family.source_of(model_id) for family in families())
    return next((source for source in sources if source is not None), model_id)


def known_models() -> list[KnownModel]:
    """The models known by name, family by family. Asks no network."""
    return [model for family in families() for model in family.models()]


def find(source: str) -> KnownModel | None:
    """The row of the model that has this name."""
    return family_of(source).find(source)


def pull(source: str, progress: Progress | None = None) -> Path | None:
    """See `Family.pull`."""
    return family_of(source).pull(source, progress)


def understands_scenes(model_id: str) -> bool:
    """Whether the model with this id sees more than which things a photo shows."""
    simple = (family for family in families() if not family.understands_scenes)
    return all(family.source_of(model_id) is None for family in simple)

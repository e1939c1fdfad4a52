"""A family of encoders that no module of ours knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from clipcore.checkpoints.hub import Progress
from clipcore.families.registry import KnownModel, register, unregister
from tests.fakes import ColourEncoder

NAME, ID = "toy", "toy#1"
FILE = "toy.json"  # what a directory of one of its checkpoints holds


class ToyEncoder(ColourEncoder):
    """Has no towers that an engine could compute."""

    model_id = ID
    sides = ()


class ToyFamily:
    understands_scenes = False

    def knows(self, source: str) -> bool:
        return source == NAME or (Path(source) / FILE).is_file()

    def open(self, source: str, device: str | None, engine: str | None) -> ToyEncoder:
        return ToyEncoder()

    def source_of(self, model_id: str) -> str | None:
        return NAME if model_id == ID else None

    def models(self) -> Sequence[KnownModel]:
        return [KnownModel(NAME, is_cached=True, dim=12, accuracy=0.5, needs_download=False)]

    def find(self, source: str) -> KnownModel | None:
        return self.models()[0] if source == NAME else None

    def pull(self, source: str, progress: Progress | None = None) -> None:
        """It brings its weights along."""


@contextmanager
def toy_family() -> Iterator[ToyFamily]:
    """The family is known to this process meanwhile."""
    family = ToyFamily()
    register(family)
    try:
        yield family
    finally:
        unregister(family)

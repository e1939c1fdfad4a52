"""The models that a library has, or could have."""

from __future__ import annotations

from dataclasses import dataclass

from clipcore.messages import Message


@dataclass(frozen=True, slots=True)
class Model:
    """An encoder: the name or path that opens it, and the id of what it computes."""

    source: str
    id: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """The model that the daemon is asked to switch to. `refused`: why that cannot be, if so."""

    source: str
    refused: Message | None = None


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """A model that a library could be searched with, as far as its facts are known.

    `source` opens it. `size_bytes`: on disk, or to download. `memory_bytes`: of its weights in
    float32.
    The accuracy is ImageNet's, zero-shot, 0 to 1; `recall` is from a text to its photo in COCO,
    among one, 0 to 1; the licence is the one its publisher names.
    `is_best`: none of those known by name computes less and is as accurate.
    """

    source: str
    is_cached: bool
    size_bytes: int | None = None
    memory_bytes: int | None = None
    dim: int | None = None
    accuracy: float | None = None
    recall: float | None = None
    licence: str | None = None
    is_best: bool = False
    is_default: bool = False  # of a new library
    needs_download: bool = True  # on a machine that has not got it yet
    understands_scenes: bool = True  # not only which things a photo shows


@dataclass(frozen=True, slots=True)
class SwitchCost:
    """What a switch to another model takes: photos to embed again, and room for their vectors.

    `photos_per_s`: what this machine computes with that model; None where nobody can tell.
    `measured`: it was measured, not estimated from the sizes of that model and the present one.
    """

    photos: int
    disk_bytes: int
    photos_per_s: float | None = None
    measured: bool = False

    @property
    def seconds(self) -> float | None:
        """How long computing takes, if that is known."""
        return self.photos / self.photos_per_s if self.photos_per_s else None

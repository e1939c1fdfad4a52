"""The models that a library has, or could have."""

from __future__ import annotations

from dataclasses import dataclass

from clipcore.families.recommended import Purpose
from clipcore.families.registry import Languages
from clipcore.messages import Message


@dataclass(frozen=True, slots=True)
class Model:
    """An encoder: the name or path that opens it, and the id of what it computes.

    `text`: what opens the text tower that embeds queries in place of its own, if one does.
    """

    source: str
    id: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """The model that the daemon is asked to switch to. `refused`: why that cannot be, if so."""

    source: str
    refused: Message | None = None


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """A model that a library could be searched with, as far as its facts are known.

    `source` opens it. `size_bytes`: on disk, or to download. `memory_bytes`: of its weights in
    float32; `search_bytes`: the most that a process which searches takes in all.
    The accuracy is ImageNet's, zero-shot, 0 to 1; `recall` is from a text to its photo in COCO,
    among one, 0 to 1; `recall_english` and `recall_chinese` are Crossmodal-3600's in that language.
    `published_in`: the source of these figures. The licence is the one its publisher names.
    `suits`: the purposes that it is recommended for. `is_best`: none of those known by name
    computes less and is as accurate, and its licence does not forbid commercial use.
    `text_tower_of`: where it is a text tower alone, the model whose vectors it was trained for.
    """

    source: str
    is_cached: bool
    size_bytes: int | None = None
    memory_bytes: int | None = None
    search_bytes: int | None = None
    dim: int | None = None
    languages: Languages | None = None  # None: unknown
    accuracy: float | None = None
    recall: float | None = None
    recall_english: float | None = None
    recall_chinese: float | None = None
    published_in: str | None = None
    licence: str | None = None
    is_non_commercial: bool = False
    suits: tuple[Purpose, ...] = ()
    is_best: bool = False
    needs_download: bool = True  # on a machine that has not got it yet
    understands_scenes: bool = True  # not only which things a photo shows
    text_tower_of: str | None = None


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

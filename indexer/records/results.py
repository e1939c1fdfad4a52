"""The answer of a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from indexer.records.photos import Item, Photo

CONFIDENT: Final = 0.5  # the strength from which a hit is relevant


Verdict = Literal["confident", "none", "listed"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A ranked result. `score` is the cosine, `logit` is exp(logit_scale) * cosine + logit_bias.

    `probability` of a match with a text, from 0 to 1: the sigmoid of the logit, for models that are
    trained to it (SigLIP). `strength`, from 0 to 1, tells what the score means for this query in
    this library; from CONFIDENT on the hit is relevant. A query of filters alone gives hits without
    any of them.

    Of a video: `moment_s`, when its best frame is shown, and `range_s` where the frames next to it
    match too: from the first of them to the last.

    `others`: the other files of the photo, where it has several and the query does not list each.
    """

    rank: int
    photo: Photo
    score: float | None
    logit: float | None
    strength: float | None = None
    probability: float | None = None
    moment_s: float | None = None
    range_s: tuple[float, float] | None = None
    others: tuple[Photo, ...] = ()

    @property
    def is_strong(self) -> bool:
        """Whether it is relevant; a hit of filters alone is what was asked for."""
        return self.strength is None or self.strength >= CONFIDENT

    @property
    def item(self) -> Item:
        """The photo with all its files."""
        return Item(self.photo, self.others)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer to one query: best first, or newest first where the query says so.

    `verdict`: "confident" where at least one photo is a relevant match, "none" where the photos
    are only the nearest there are, "listed" for a query of filters alone.
    """

    query: str
    model_id: str
    took_ms: float
    hits: tuple[Hit, ...]
    verdict: Verdict


CELLS_PER_DEG: Final = 20  # 5.6 km from north to south


@dataclass(frozen=True, slots=True)
class Place:
    """Photos that were taken near one another, around this point: in one cell of a grid.

    The cell's southern edge is at `row / CELLS_PER_DEG` degrees, its western one at `column / ...`.
    """

    latitude_deg: float
    longitude_deg: float
    photos: int
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts of the present photos' facts.

    `months`: "2019-06", by time. `counts`: of each filter that has a facet, the values with how
    many photos each finds, most first; of `folder` those with photos right in them, by name, as
    "/Pictures/2019/Rome/": from the photo directory's own name down.
    """

    photos: int
    months: Mapping[str, int]
    counts: Mapping[str, Mapping[Any, int]]
    places: tuple[Place, ...]

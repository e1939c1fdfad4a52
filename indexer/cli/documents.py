"""The form of each public JSON document: its fields, their types and meanings.

output.py fills the forms, the type checker compares both, and the documentation prints the
meanings. Knows nothing of the values.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypedDict

Time = str  # ISO 8601, to the second


class HitDocument(TypedDict):
    """One hit, best first."""

    rank: Annotated[int, "1 for the best"]
    photo_id: Annotated[int, "the photo's number, as `#1234` takes it"]
    path: Annotated[str, "an absolute path, or a URL"]
    score: Annotated[float | None, "the cosine"]
    logit: Annotated[float | None, "exp(logit_scale) x cosine + logit_bias (0 for CLIP)"]
    probability: Annotated[
        float | None, "of a match with a text: the sigmoid of the logit, where the model is SigLIP"
    ]
    strength: Annotated[float | None, "0 to 1, strong from 0.5 on; it never grows along the hits"]
    width_px: Annotated[int, "upright"]
    height_px: Annotated[int, "upright"]
    taken_at: Annotated[Time | None, "the photo's local time, from EXIF"]
    date: Annotated[Time, "`taken_at`, else the file's time"]
    date_source: Annotated[str, '"exif" or "file"']
    other_files: Annotated[
        list[str], "the photo's other files: its RAW, the video of a Live Photo; in CSV one a line"
    ]
    duration_s: Annotated[float | None, "of a video; null of a photo"]
    moment_s: Annotated[float | None, "of a video: when it shows its best frame"]
    range_s: Annotated[
        list[float] | None,
        "of a video, where neighbouring frames match too: from when to when; in CSV `4.0..8.0`",
    ]


class SearchDocument(TypedDict):
    """`indexer search QUERY --json`. In a list (`"listed"`) score, logit and strength are null."""

    query: Annotated[str, "as you typed it"]
    model: Annotated[str, "the id of the library's model"]
    took_ms: Annotated[float, "from the query to the hits"]
    verdict: Annotated[
        Literal["confident", "none", "listed"],
        "`none`: the hits are only the closest; `listed`: the query has filters or a file's name "
        "alone",
    ]
    hits: Annotated[list[HitDocument], ""]


class RootStatusDocument(TypedDict):
    """A photo folder, as `status` has it."""

    path: Annotated[str, "an absolute path, or a URL"]
    photos: Annotated[int, "that are there"]
    files: Annotated[int, "those of the photos"]
    notice: Annotated[str | None, "what is wrong with it"]


class IndexDocument(TypedDict):
    """The search index."""

    vectors: Annotated[int, ""]
    kind: Annotated[str, '"exact" or "approximate"']
    reason: Annotated[str, "for people; may change"]


class DaemonDocument(TypedDict):
    """The running daemon. Times are UTC."""

    pid: Annotated[int, ""]
    host: Annotated[str, ""]
    since: Annotated[Time, "its start"]
    doing: Annotated[str, "for people; may change"]
    paused: Annotated[str | None, "why it indexes nothing"]
    queue: Annotated[int, "files seen, but not indexed yet"]
    photos_per_s: Annotated[float, "of the present or the last run"]
    left_s: Annotated[int | None, "until the queue is done"]
    last_reconcile: Annotated[Time | None, "the end of the last full scan"]
    last_error: Annotated[str | None, "for people"]


class MissingReaderDocument(TypedDict):
    """Files of one kind whose package is not installed."""

    format: Annotated[str, "for people"]
    extra: Annotated[str, "the package, as an extra of recollect-photos"]
    files: Annotated[int, ""]


class StatusDocument(TypedDict):
    """`indexer status --json`."""

    library: Annotated[str, "an absolute path, or a URL without its password"]
    model: Annotated[str, "the id of its model"]
    text_tower: Annotated[str | None, "what embeds queries in place of the model's own text tower"]
    roots: Annotated[list[RootStatusDocument], ""]
    photos: Annotated[int, "that are there and searchable"]
    files: Annotated[int, "those of the photos; RAW+JPEG and Live Photos have several"]
    stacks: Annotated[bool, "RAW+JPEG and Live Photos are one photo each"]
    embeddings: Annotated[int, "of the model, with a present photo"]
    awaiting_prune: Annotated[int, "embeddings of no present photo; `indexer prune` removes them"]
    failed: Annotated[int, "files that could not be indexed"]
    missing: Annotated[int, "photos whose file is gone"]
    missing_readers: Annotated[
        list[MissingReaderDocument], "of the failed files those that need a package"
    ]
    other_formats: Annotated[
        dict[str, int], "files that are not read, by suffix, as the last full scan saw them"
    ]
    index: Annotated[IndexDocument, ""]
    paused: Annotated[bool, "`indexer pause` holds"]
    switching_to: Annotated[str | None, "the model that the daemon switches to"]
    daemon: Annotated[DaemonDocument | None, "null when none runs"]


class FailureDocument(TypedDict):
    """`indexer failures --json`: a list of these."""

    path: Annotated[str, "an absolute path, or a URL"]
    reason: Annotated[str, "for people"]
    since: Annotated[Time | None, "UTC; null where `indexed` is true"]
    indexed: Annotated[bool, "true where the file is indexed though something is odd about it"]


class ModelDocument(TypedDict):
    """`indexer models --json`: a list of these: the starter, those known by name, the library's."""

    name: Annotated[str, ""]
    size_bytes: Annotated[int | None, "on disk, or to download"]
    search_memory_bytes: Annotated[
        int | None, "the most that a process which searches takes, on a processor: estimated"
    ]
    languages: Annotated[
        Literal["English", "Chinese", "many"] | None, "of the queries; null where unknown"
    ]
    suits: Annotated[list[str], "what it is recommended for: for people; may change"]
    imagenet_zero_shot_top1: Annotated[float | None, "as published, 0 to 1"]
    coco_text_to_image_r_at_1: Annotated[float | None, "as published, 0 to 1"]
    crossmodal_3600_english: Annotated[float | None, "mean recall, as published, 0 to 1"]
    crossmodal_3600_chinese: Annotated[float | None, "mean recall, as published, 0 to 1"]
    figures_published_in: Annotated[str | None, "the source of these four"]
    text_tower_of: Annotated[
        str | None, "where it is a text tower alone: the model whose vectors it searches"
    ]
    licence: Annotated[str | None, "as its publisher names it"]
    non_commercial: Annotated[bool, "the licence forbids commercial use"]
    cached: Annotated[bool, "on this machine"]
    in_use: Annotated[bool, "the library's model"]


class TrialDocument(TypedDict):
    """The measurements of one engine."""

    engine: Annotated[str, ""]
    cosine: Annotated[float, "with float32 torch, the least"]
    inputs_per_s: Annotated[float, ""]
    refused: Annotated[str | None, "why it may not be used"]
    asked_for: Annotated[bool, "tried on explicit request; never chosen automatically"]
    used: Annotated[bool, "the engine that is used from now on"]


class EnginesDocument(TypedDict):
    """`indexer doctor --json`."""

    model: Annotated[str, "the id of the library's model"]
    engines: Annotated[dict[str, list[TrialDocument]], 'by side: "image", "text"']


class RootDocument(TypedDict):
    """`indexer roots --json`: a list of these."""

    path: Annotated[str, "an absolute path, or a URL"]
    excludes: Annotated[list[str], "patterns, as in .gitignore"]
    notice: Annotated[str | None, "what is wrong with it"]


class PruneDocument(TypedDict):
    """`indexer prune --json`."""

    dry_run: Annotated[bool, ""]
    paths: Annotated[list[str], "of the photos that are removed, or would be"]
    contents: Annotated[int, "that no other photo has"]
    embeddings: Annotated[int, ""]
    kept: Annotated[int, "photos that are there again, or in folders that look unmounted"]


DOCUMENTS: Final[tuple[Any, ...]] = (
    SearchDocument,
    HitDocument,
    StatusDocument,
    RootStatusDocument,
    MissingReaderDocument,
    IndexDocument,
    DaemonDocument,
    FailureDocument,
    ModelDocument,
    EnginesDocument,
    TrialDocument,
    RootDocument,
    PruneDocument,
)

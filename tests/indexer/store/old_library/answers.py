"""What a library says of its photos and of itself, as plain values that all versions agree on."""

from __future__ import annotations

from typing import Any, Final

from indexer.library.library import Library

QUERIES: Final = ("red", "#1", "#1 - 0.5:#2", "red camera:X100", "after:2019", "folder:more")


def answers_of(library: Library) -> dict[str, Any]:
    """What the library says of its photos and of itself, in words that any version understands."""
    status = library.status()
    folder = f"{library.roots()[0].path.parent}/"
    return {
        "photos": status.photos,
        "missing": status.missing,
        "embeddings": status.embeddings,
        "awaiting_prune": status.awaiting_prune,
        "paused": status.paused,
        "requested": status.request.source if status.request else None,
        "roots": [
            {
                "path": str(root.path).removeprefix(folder),
                "excludes": list(root.excludes),
                "photos": shown.photos,
                "notice": root.notice and str(root.notice).replace(folder, ""),
                "other_formats": dict(shown.other_formats),
            }
            for root, shown in zip(library.roots(), status.roots, strict=True)
        ],
        "failures": [
            [str(one.path).removeprefix(folder), str(one.reason).replace(folder, "")]
            for one in library.failures()
        ],
        "notices": [
            [str(one.path).removeprefix(folder), str(one.notice)] for one in library.oddities()
        ],
        "searches": {
            query: [
                [hit.photo.id, str(hit.photo.path).removeprefix(folder), _score(hit.score)]
                for hit in library.search(query, 20).hits
            ]
            for query in QUERIES
        },
    }


def _score(score: float | None) -> float | None:
    return None if score is None else round(score, 3)

"""The events of our components, each with the form of its value.

What comes from a browser is anybody's. An event of another form is dropped where it comes in
(component.py), so that no page needs to look at types. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from indexer.records.results import CELLS_PER_DEG

Check = Callable[[Any], bool]

PHOTO_ID: Final = 2**63 - 1  # as large as a database counts
MANY: Final = 200_000  # photos that are ticked, or shown
TEXT: Final = 4_096  # as long as a path is


def whole(least: int, most: int) -> Check:
    """An integer of this range, both ends included; no truth value."""
    return lambda sent: type(sent) is int and least <= sent <= most


def real(least: float, most: float) -> Check:
    """A number of this range; not NaN."""
    return lambda sent: (
        isinstance(sent, int | float)
        and not isinstance(sent, bool)
        and math.isfinite(sent)
        and least <= sent <= most
    )


def text(most: int = TEXT) -> Check:
    """A text of at most so many characters."""
    return lambda sent: isinstance(sent, str) and len(sent) <= most


def one_of(*values: str) -> Check:
    """One of these texts."""
    return lambda sent: isinstance(sent, str) and sent in values


def listed(each: Check, least: int, most: int) -> Check:
    """A list of so many values, each of this form."""
    return lambda sent: (
        isinstance(sent, list) and least <= len(sent) <= most and all(map(each, sent))
    )


def record(**fields: Check) -> Check:
    """An object with these fields, each of its form; nobody looks at others."""
    return lambda sent: (
        isinstance(sent, dict)
        and all(name in sent and check(sent[name]) for name, check in fields.items())
    )


def truth(sent: Any) -> bool:
    """True or false."""
    return isinstance(sent, bool)


_photo: Final = whole(1, PHOTO_ID)
_photos: Final = listed(_photo, 0, MANY)
_picture: Final = record(name=text(), data=lambda sent: isinstance(sent, str))

EVENTS: Final[Mapping[str, Mapping[str, Check]]] = {
    "explore/atlas": {
        "group": whole(-1, 999),
        "area": listed(real(-9_999, 9_999), 0, 1_000),
        "opened": _photo,
        "wanted": record(photos=_photos, turn=whole(0, PHOTO_ID)),
    },
    "explore/atlas_pictures": {},
    "search/dates": {"span": listed(whole(0, 100_000), 2, 2)},
    "search/folder_tree": {"chosen": text()},
    "ui/going": {},
    "photos/grid": {
        "opened": _photo,
        "more": record(grid=text(64), have=whole(0, PHOTO_ID), more=truth, scrolled=truth),
        "ticked": record(turn=whole(0, PHOTO_ID), on=_photos, off=_photos),
    },
    "i18n/language_switch": {"chosen": text(16)},
    "explore/near_duplicates": {"opened": _photo, "ticked": _photos},
    "views/map": {
        "near": record(
            south=whole(-90 * CELLS_PER_DEG, 90 * CELLS_PER_DEG + 1),
            north=whole(-90 * CELLS_PER_DEG, 90 * CELLS_PER_DEG + 1),
            west=whole(-180 * CELLS_PER_DEG, 180 * CELLS_PER_DEG + 1),
            east=whole(-180 * CELLS_PER_DEG, 180 * CELLS_PER_DEG + 1),
        )
    },
    "views/frame": {},
    "photos/detail": {"step": whole(-1, 1), "act": one_of("like", "folder")},
    "search/picture_drop": {"picture": _picture},
    "search/query_box": {
        "asked": text(),
        "picture": _picture,
        "unpictured": truth,
    },
    "views/timeline": {"span": text(32)},
}

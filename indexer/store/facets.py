"""What the photos of a library have in common, counted: months, folders, cameras, places ...

Two statements look at each present photo once; store.py runs them. What they yield is summed here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from sqlalchemy import Select, case, func, literal, select

from indexer.records.photos import Root
from indexer.records.results import Facets, Place
from indexer.store.filter_sql import MEANINGS, photo_time
from indexer.store.rows import PRESENT
from indexer.store.schema import contents, photos

CELLS_PER_DEG: Final = 20  # places within 5.6 km from north to south are one


def kinds_of_photos() -> Select[Any]:
    """A row, with its number of photos, for each kind that differs in any of the columns."""
    is_shaped = MEANINGS["shape"]
    kind: dict[str, Any] = {
        "root_id": photos.c.root_id,
        "folder": func.rtrim(photos.c.path, func.replace(photos.c.path, "/", "")),
        "suffix": func.replace(
            photos.c.path, func.rtrim(photos.c.path, func.replace(photos.c.path, ".", "")), ""
        ),
        "month": func.substr(photo_time, 1, len("2019-06")),
        "camera": contents.c.camera,
        "lens": contents.c.lens,
        "shape": case(
            (is_shaped("portrait"), literal("portrait")),
            (is_shaped("landscape"), literal("landscape")),
            else_=literal("square"),
        ),
        "is_panorama": case((is_shaped("panorama"), 1), else_=0),
    }
    return _counted(kind)


def cells_with_photos() -> Select[Any]:
    """A row, with its number of photos and the mean of their positions, for each small area."""
    latitude, longitude = contents.c.latitude_deg, contents.c.longitude_deg
    cell = {
        "north": func.round(latitude * CELLS_PER_DEG),
        "east": func.round(longitude * CELLS_PER_DEG),
    }
    return (
        _counted(cell)
        .add_columns(
            func.avg(latitude).label("latitude_deg"), func.avg(longitude).label("longitude_deg")
        )
        .where(latitude.is_not(None), longitude.is_not(None))
    )


def _counted(columns: Mapping[str, Any]) -> Select[Any]:
    named = [column.label(name) for name, column in columns.items()]
    return (
        select(*named, func.count().label("photos"))
        .select_from(photos)
        .join(contents, contents.c.id == photos.c.content_id)
        .where(PRESENT)
        .group_by(*named)
    )


def summed(kinds: Iterable[Any], cells: Iterable[Any], roots: Iterable[Root]) -> Facets:
    """The facets, from the rows of both statements."""
    names = {root.id: root.path.name for root in roots}
    counts: dict[str, Counter[str]] = {
        of: Counter() for of in ("month", "folder", "camera", "lens", "shape", "suffix")
    }
    for row in kinds:
        known = row._mapping
        folder = str(PurePosixPath("/", names.get(row.root_id, ""), row.folder)) + "/"
        for of, counter in counts.items():
            value = folder if of == "folder" else known[of]
            if value is not None:
                counter[value.lower() if of == "suffix" else value] += row.photos
        if row.is_panorama:
            counts["shape"]["panorama"] += row.photos
    places = [Place(row.latitude_deg, row.longitude_deg, row.photos) for row in cells]
    return Facets(
        photos=counts["month"].total(),
        months=dict(sorted(counts["month"].items())),
        folders=dict(sorted(counts["folder"].items())),
        cameras=dict(counts["camera"].most_common()),
        lenses=dict(counts["lens"].most_common()),
        shapes=dict(counts["shape"].most_common()),
        extensions=dict(counts["suffix"].most_common()),
        places=tuple(sorted(places, key=lambda place: -place.photos)),
    )

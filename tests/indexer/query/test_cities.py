"""A place is named after the city that it is in, else after the nearest one around.

A name leads to the largest city that is called so.
"""

from __future__ import annotations

import pytest

from indexer.query.cities import ALSO_CALLED, city_at, city_named, unique_name


@pytest.mark.parametrize(
    ("place", "name", "country"),
    [
        ((48.8584, 2.2945), "Paris", "FR"),  # the Eiffel Tower, in a part of it
        ((48.8049, 2.1204), "Versailles", "FR"),  # within Paris' reach, but deeper in its own
        ((47.5576, 10.7498), "Füssen", "DE"),  # Neuschwanstein
        ((43.9507, 4.8075), "Avignon", "FR"),
        ((28.5620, -80.5772), "Titusville", "US"),  # Cape Canaveral
        ((46.0208, 7.7491), "Zermatt", "CH"),  # a village with no town around
        ((-33.8568, 151.2153), "Sydney", "AU"),
        ((66.32, 179.99), "Egvekinot", "RU"),  # on the other side of the date line
    ],
)
def test_place_is_in_or_near_a_city(place: tuple[float, float], name: str, country: str) -> None:
    city = city_at(*place)
    assert city
    assert (city.name, city.country) == (name, country)


@pytest.mark.parametrize("place", [(30.0, -45.0), (90.0, 0.0), (-90.0, 180.0), (-82.5, 20.0)])
def test_place_far_from_all_cities_has_none(place: tuple[float, float]) -> None:
    assert city_at(*place) is None


@pytest.mark.parametrize(
    ("name", "city", "country"),
    [
        ("paris", "Paris", "FR"),
        ("PARIS, us", "Paris", "US"),
        ("paris, United States", "Paris", "US"),
        ("new york", "New York City", "US"),
        ("frankfurt", "Frankfurt am Main", "DE"),
        ("fussen", "Füssen", "DE"),
        ("München", "Munich", "DE"),
        ("Cologne", "Köln", "DE"),
        ("Geneva", "Genève", "CH"),
        ("geneva, us", "Geneva", "US"),
    ],
)
def test_name_leads_to_the_largest_city(name: str, city: str, country: str) -> None:
    found = city_named(name)
    assert found
    assert (found.name, found.country) == (city, country)
    unique = unique_name(found)
    assert unique
    assert city_named(unique) == found


@pytest.mark.parametrize("name", ["", ",", ", fr", "narnia", "pari", "paris, narnia", "paris, de"])
def test_name_of_no_city_leads_nowhere(name: str) -> None:
    assert city_named(name) is None


def test_other_names_are_those_of_cities() -> None:
    for name, known in ALSO_CALLED.items():
        assert city_named(known), known
        assert city_named(name) == city_named(known), name

"""A place is named after the city that it is in, else after the nearest one around."""

from __future__ import annotations

import pytest

from app.cities import city_at


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

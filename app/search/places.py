"""The view of the filter of places: cities in words, and the way to the map."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Final

import numpy as np
import streamlit as st

from app.i18n.language import _, number, place_name
from app.search.filter_view import COUNTED, Candidate, Sidebar, candidate
from app.ui import url_state
from app.ui.navigation import map_link
from indexer.query.cities import City, city_at, city_named, distance_km, reach_km, unique_name
from indexer.query.filter_values import Box, Circle
from indexer.query.query import Filter
from indexer.records.results import Facets

PLACE_KM: Final = 4.0  # how far photos of one place are from its middle: it has 5.6 km a side
CITY_KM: Final = 4.0  # a smaller circle is around something within a city


def in_words(place: Circle | Box) -> str:
    """Within 23 km of Paris, France."""
    if isinstance(place, Box):
        return _("On the map: {place}").format(place=_middle_of_box(place))
    return _("Within {distance} km of {place}").format(
        distance=number(round(place.radius_km, 3)), place=_middle(place)
    )


def _middle(circle: Circle) -> str:
    """The city that a wide circle is around, of a narrow one the point."""
    if circle.city and (named := city_named(circle.city)):
        return place_name(named)
    city = city_at(circle.latitude_deg, circle.longitude_deg)
    if city and circle.radius_km >= CITY_KM:
        return place_name(city)
    return _point(circle.latitude_deg, circle.longitude_deg)


def _middle_of_box(box: Box) -> str:
    latitude, longitude = (box.south_deg + box.north_deg) / 2, (box.west_deg + box.east_deg) / 2
    city = city_at(latitude, longitude)
    return place_name(city) if city else _point(latitude, longitude)


def _point(latitude_deg: float, longitude_deg: float) -> str:
    return f"{number(round(latitude_deg, 3))}, {number(round(longitude_deg, 3))}"


def cities(facets: Facets) -> Iterator[Candidate]:
    """The cities that photos were taken in or near, each with all photos as far as its farthest."""
    if not facets.places:
        return
    latitudes = np.array([place.latitude_deg for place in facets.places])
    longitudes = np.array([place.longitude_deg for place in facets.places])
    photos = np.array([place.photos for place in facets.places])
    around: dict[City, list[int]] = {}
    for at, place in enumerate(facets.places):
        if city := city_at(place.latitude_deg, place.longitude_deg):
            around.setdefault(city, []).append(at)
    found = []
    for city, its in around.items():
        km = distance_km(city.latitude_deg, city.longitude_deg, latitudes, longitudes)
        radius = ceil(max(reach_km(city.population), km[its].max() + PLACE_KM))
        circle = Circle(city.latitude_deg, city.longitude_deg, float(radius), unique_name(city))
        found.append((int(photos[km <= radius].sum()), city, circle))
    for count, city, circle in sorted(found, key=lambda one: -one[0])[:COUNTED]:
        yield candidate(place_name(city), count, Filter("near", circle))


def map_widget(sidebar: Sidebar) -> None:
    """A link to the map, where a place can be chosen."""
    if sidebar.facets.places and not sidebar.is_off:  # a disabled link is too pale to read
        st.subheader(_("Where"), anchor=False)
        map_link(url_state.query(), _("Choose on the map"))

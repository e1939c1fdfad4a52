"""A new filter is one spec and one view: here `rating:`, which no other module knows.

The reader of its fact is not the subject: stars stand in the EXIF field of ISO.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from app.search.filter_view import FilterView, Icon, counted
from app.search.filter_views import VIEWS
from app.search.filter_widgets import pills
from app.selection.exports import as_csv
from indexer.errors import FilterValueError, QueryError
from indexer.library.library import Library, open_library
from indexer.query import help
from indexer.query.conditions import Quantity, Range
from indexer.query.filter_spec import ByChoice, FilterSpec, Help
from indexer.query.filters import FILTERS
from indexer.query.query import Filter, Query, parse
from indexer.records.photos import Item
from tests.app.test_main import box, page_over
from tests.fakes import ColourEncoder
from tests.photos import make_photo

STARS = {"red.jpg": 5, "blue.jpg": 4, "lime.jpg": 2, "navy.jpg": None}
COLUMN = Quantity("iso")
PATH = "M12 3l3 6 6 1-4 4 1 6-6-3-6 3 1-6-4-4 6-1z"


def read_stars(value: str, _today: date) -> float:
    number = value.removesuffix("stars")
    if number not in ("1", "2", "3", "4", "5"):
        raise FilterValueError("stars from 1 to 5")
    return float(number)


def stars_in_words(stars: float) -> str:
    return f"{stars:.0f} stars and more"


RATING = FilterSpec(
    name="rating",
    parse=read_stars,
    print=lambda stars: f"{stars:.0f}stars",
    condition=lambda stars: Range(COLUMN, stars),
    help=Help(("rating:4stars",), "at least this many stars", details="stars from 1 to 5"),
    facet=ByChoice((1.0, 2.0, 3.0, 4.0, 5.0)),
    exported=(COLUMN,),
)
RATING_VIEW = FilterView(
    name="rating",
    icon=Icon("star", PATH),
    words=stars_in_words,
    hint="With so many stars",
    widget=pills("rating", "Rating", stars_in_words),
    candidates=counted("rating", stars_in_words),
)


@pytest.fixture
def rating(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILTERS, RATING.name, RATING)
    monkeypatch.setitem(VIEWS, RATING_VIEW.name, RATING_VIEW)


@pytest.fixture
def library(place: Path, tmp_path: Path) -> Iterator[Library]:
    for name, stars in STARS.items():
        exif = Image.Exif()
        if stars:
            exif.get_ifd(0x8769)[0x8827] = stars
        make_photo(tmp_path / "photos" / name, name.removesuffix(".jpg"), exif=exif)
    library = open_library(
        place, create=True, model="colour", open_encoder=lambda _: ColourEncoder()
    )
    with library.writing():
        library.add_root(tmp_path / "photos")
        library.rebuild()
    yield library
    library.close()


def test_each_filter_has_a_view_of_its_name() -> None:
    assert set(VIEWS) == set(FILTERS)
    assert all(name == each.name for them in (VIEWS, FILTERS) for name, each in them.items())


@pytest.mark.usefixtures("rating")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0]), st.booleans())
def test_it_is_printed_with_its_own_unit_and_read_again(stars: float, negated: bool) -> None:
    query = Query(filters=(Filter("rating", stars, negated), Filter("larger", stars)))
    assert str(query).endswith(f"rating:{stars:.0f}stars larger:{stars:.0f}mp")
    assert parse(str(query)) == query


@pytest.mark.usefixtures("rating")
def test_it_takes_alternatives_and_refuses_what_it_does_not_know() -> None:
    assert str(parse("dogs rating:2,4stars")) == "dogs rating:2stars,4stars"
    with pytest.raises(QueryError, match="stars from 1 to 5"):
        parse("rating:9")
    with pytest.raises(QueryError, match="rating"):
        parse("colour:red")  # the list of filters has it


@pytest.mark.usefixtures("rating")
def test_it_is_documented() -> None:
    assert ("rating:4stars", "at least this many stars") in help.rows()
    assert "rating:4stars" in help.text()
    assert "| `rating:4stars` | stars from 1 to 5 |" in help.manual()


def found(library: Library, query: str) -> set[str]:
    return {hit.photo.path.name for hit in library.search(query).hits}


@pytest.mark.usefixtures("rating")
def test_it_filters_and_counts_alike(library: Library) -> None:
    assert found(library, "rating:4") == {"red.jpg", "blue.jpg"}
    assert found(library, "-rating:4") == {"lime.jpg", "navy.jpg"}
    counts = library.facets().counts["rating"]
    assert counts == {stars: len(found(library, f"rating:{stars:.0f}")) for stars in counts}
    assert sum(counts.values()) == 3 + 3 + 2 + 2 + 1
    with pytest.raises(QueryError, match="no photo can pass both rating:4stars and -rating:2stars"):
        library.search("rating:4 -rating:2")


@pytest.mark.usefixtures("rating")
def test_page_shows_suggests_and_offers_it(library: Library) -> None:
    test = page_over(library, q="rating:4")
    (chip,) = box(test)["chips"]
    assert (chip["label"], chip["kind"], chip["rest"]) == ("4 stars and more", "star", "")
    assert box(test)["icons"]["star"] == PATH
    candidates: list[Any] = box(test)["candidates"]
    assert ["star", "rating:2stars ", "2 stars and more", 3] in candidates
    assert ["filter", "rating:", "With so many stars", 0] in candidates
    shown = test.button_group(key="filter_rating")
    assert shown.value == [4.0]
    shown.set_value([2.0, 5.0]).run()
    assert box(test)["query"] == "rating:2stars,5stars"


@pytest.mark.usefixtures("rating")
def test_its_fact_is_a_column_of_the_table(library: Library) -> None:
    photos = [hit.photo for hit in library.search("after:1800").hits]
    rows = csv.DictReader(io.StringIO(as_csv(map(Item, photos)).decode("utf-8-sig")))
    stars = {Path(row["path"]).name: row[COLUMN.name] for row in rows}
    assert stars == {"red.jpg": "5", "blue.jpg": "4", "lime.jpg": "2", "navy.jpg": ""}

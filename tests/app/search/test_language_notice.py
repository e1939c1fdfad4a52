"""The page says once in a visit that the model does not understand the language of a query."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from clipcore.families.registry import Languages
from indexer.library.library import open_library
from tests.app.test_main import ingested
from tests.fakes import ColourEncoder
from tests.photos import make_photo


class EnglishEncoder(ColourEncoder):
    languages = Languages.ENGLISH


def page(library: object) -> None:
    import streamlit as st

    from app.search.language_notice import language_notice
    from indexer.query.query import parse

    language_notice(library, parse(st.session_state["typed"]))  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_first_such_query_says_it_as_long_as_it_is_shown(tmp_path: Path) -> None:
    make_photo(tmp_path / "photos" / "red.jpg", "red")
    ingested(tmp_path).close()
    library = open_library(tmp_path / "library", open_encoder=lambda _: EnglishEncoder())
    test = AppTest.from_function(page, kwargs={"library": library})
    said = []
    for typed in ("snow", "雪", "雪", "山", "雪"):
        test.session_state["typed"] = typed
        said.append([one.value for one in test.run().caption])
    assert [len(one) for one in said] == [0, 1, 1, 0, 1]
    assert "does not understand" in said[1][0]
    library.close()

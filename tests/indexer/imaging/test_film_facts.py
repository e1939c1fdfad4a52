"""What a container says that cannot be understood is passed over for the next that can."""

from __future__ import annotations

from datetime import datetime

import pytest

from indexer.imaging.film_facts import position, taken_at


@pytest.mark.parametrize("text", ["last summer", "2019-13-30", "0001-01-01T00:00:00Z", "2019"])
def test_a_time_that_is_none_leaves_the_word_to_the_next(text: str) -> None:
    assert taken_at({"date": text}) == (None, None)
    tags = {"date": text, "creation_time": "2019-06-30T14:03:22"}
    assert taken_at(tags) == (datetime(2019, 6, 30, 14, 3, 22), None)


@pytest.mark.parametrize("text", ["here", "+91.0-002.2950/", "+48.8577-181.0/", "+00.0+000.0/"])
def test_a_place_that_is_none_leaves_the_word_to_the_next(text: str) -> None:
    assert position({"location": text}) == (None, None)
    assert position({"location": text, "xyz": "+4851.462-00217.7/"}) == (
        pytest.approx(48.8577),
        pytest.approx(-2.295),
    )

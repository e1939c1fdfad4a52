"""No text of a file becomes a formula."""

from __future__ import annotations

import pytest

from indexer.spreadsheet import harmless


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("cell", ["/photos/=1.jpg", "", "a-b", -0.5, None, "'quoted"])
def test_other_cells_stay_as_they_are(cell: object) -> None:
    assert harmless(cell) == cell

"""Damaged photos: no crash, no hang, and each one is embedded or recorded with its reason."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from indexer.errors import Undecodable
from indexer.imaging.decode import decode
from indexer.library.library import open_library
from tests.conftest import SAMPLE
from tests.damage import make_damaged
from tests.fakes import ColourEncoder


@pytest.mark.slow
def test_each_damaged_file_is_embedded_or_recorded(place: Path, tmp_path: Path) -> None:
    photos = sorted(SAMPLE.rglob("*.jpg"))[:26]
    damaged = make_damaged(photos, tmp_path / "photos")
    assert len(damaged) >= 200
    decodable = 0
    for path in damaged:
        with suppress(Undecodable):
            decode(path.read_bytes(), 256)
            decodable += 1
    assert len(photos) <= decodable < len(damaged) - len(photos)
    encoder = ColourEncoder()
    library = open_library(place, create=True, model="colour", open_encoder=lambda _: encoder)
    library.add_root(tmp_path / "photos")
    with library.writing():
        report = library.rebuild()
        assert report.embedded + report.known + report.failed == len(damaged)
        status = library.status()
        assert (status.photos, status.failed) == (decodable, len(damaged) - decodable)
        failures = library.failures()
        assert {failure.path for failure in failures} <= set(damaged)
        assert all(failure.reason for failure in failures)
        again = library.rebuild()
        assert (again.embedded, again.failed) == (0, 0)
    library.close()

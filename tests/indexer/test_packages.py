"""Files whose package is not installed are counted once, and come in when it is there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from clipcore.messages import MessageId, literal
from indexer.cli.status_output import status_document, status_text
from indexer.formats import FORMATS
from indexer.library.library import Library, open_library
from indexer.packages import OF_OLD, is_met, package_needed
from indexer.records.status import MissingReader
from tests.fakes import ColourEncoder
from tests.photos import make_photo
from tests.raw_photos import dng

RAW = next(format for format in FORMATS if format.name == "DNG")


@pytest.fixture
def library(place: Path, tmp_path: Path) -> Iterator[Library]:
    """Of a photo folder with a JPEG and two RAW files."""
    photos = tmp_path / "photos"
    make_photo(photos / "red.jpg", "red")
    for colour in ("green", "blue"):
        data = dng(Image.new("RGB", (64, 48), colour), preview=Image.new("RGB", (64, 48), colour))
        (photos / f"{colour}.dng").write_bytes(data)
    opened = open_library(place, create=True, open_encoder=lambda _: ColourEncoder())
    opened.add_root(photos)
    yield opened
    opened.close()


def test_they_are_counted_once_and_come_in_when_the_package_is_there(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.MonkeyPatch.context() as without, library.writing():
        without.setitem(sys.modules, "rawpy", None)
        report = library.rebuild()
        assert (report.embedded, report.failed) == (1, 2)
        status = library.status()
        assert library.rebuild().failed == 0  # they are not read again
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        f"2 files failed, each {package_needed(RAW)}"
    ]
    assert status.missing_readers == (MissingReader("RAW", "raw", 2),)
    line = "2 RAW files need a package: pip install 'recollect-photos[raw]'"
    assert line in "\n".join(status_text(status))
    assert status_document(status)["missing_readers"] == [
        {"format": "RAW", "extra": "raw", "files": 2}
    ]
    with library.writing():
        report = library.rebuild()
    assert (report.embedded, report.failed) == (2, 0)
    assert library.status().missing_readers == ()


def test_only_the_want_of_a_package_can_be_met() -> None:
    assert is_met(package_needed(RAW))
    assert is_met(literal(MessageId(OF_OLD)))
    assert not is_met(literal("damaged"))
    with pytest.MonkeyPatch.context() as without:
        without.setitem(sys.modules, "rawpy", None)
        assert not is_met(package_needed(RAW))

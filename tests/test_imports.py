"""Imports go one way, app -> indexer -> clipcore, and cost nothing before they are needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {"clipcore": set(), "indexer": {"clipcore"}, "app": {"indexer", "clipcore"}}
ONLY_IN = {
    "faiss": {"indexer/vector_index.py"},
    "ray": {f"indexer/ray_{name}.py" for name in ("cluster", "crew", "worker")},
    "psycopg": {"indexer/postgres.py"},
    "sqlalchemy": {
        f"indexer/{name}.py"
        for name in (
            "store",
            "statements",
            "conditions",
            "facets",
            "rows",
            "recording",
            "root_rows",
            "prune",
            "schema",
            "shared_schema",
            "column_types",
            "dialects",
            "faults",
            "schema_version",
            "database",
            "postgres",
            "bulk",
            "pg_index",
            "postgres_url",
            "home",
            "shared_home",
            "shared_desk",
            "sharing",
            "copying",
        )
    },
}


def imported(module: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_one_way(package: str) -> None:
    ours = set(MAY_IMPORT) - {package}
    for module in (ROOT / package).rglob("*.py"):
        assert imported(module) & ours <= MAY_IMPORT[package], module


@pytest.mark.parametrize("library", ONLY_IN)
def test_database_and_index_stay_behind_their_modules(library: str) -> None:
    for package in MAY_IMPORT:
        for module in (ROOT / package).rglob("*.py"):
            name = module.relative_to(ROOT).as_posix()
            if name.startswith("indexer/migrations/") or name in ONLY_IN[library]:
                continue
            assert library not in imported(module), module


def test_page_knows_neither_torch_nor_sql() -> None:
    for module in (ROOT / "app").rglob("*.py"):
        assert not imported(module) & {"torch", "faiss", "sqlalchemy", "sqlite3"}, module


@pytest.mark.parametrize("module", ["clipcore", "indexer.cli.main", "indexer.library.library"])
def test_importing_loads_no_model_runtime(module: str) -> None:
    heavy = ["torch", "faiss", "streamlit", "ray"]
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""What a module says that it does not know is true: it imports nothing of that."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = [path for top in ("app", "indexer", "clipcore") for path in (ROOT / top).rglob("*.py")]
DENIAL = re.compile(r"\b(?:knows?|imports?) (?:nothing|neither|no)\b[^.;:]*|; nothing of [^.;:]*")
# of a thing it may know all but this
ASPECT = re.compile(r"\b(?:how|what|names of) [^.;,]*")
# the words by which modules name what others import under these names
NAMES = {
    "SQL": ("sqlalchemy", "sqlite3", "psycopg"),
    "rows": ("sqlalchemy", "indexer.store"),
    "torch": ("torch",),
    "FAISS": ("faiss",),
    "models": ("torch", "clipcore.model"),
    "indexes": ("faiss", "indexer.index"),
    "the index": ("faiss", "indexer.index"),
    "vectors": ("faiss", "numpy"),
    "images": ("PIL",),
    "HTTP": ("http", "starlette"),
    "Streamlit": ("streamlit",),
    "the page": ("app.views", "streamlit"),
    "the library": ("indexer.library",),
    "queries": ("indexer.query",),
    "tables": ("indexer.store.schema",),
}


def denials() -> Iterator[tuple[Path, str]]:
    for path in MODULES:
        text = " ".join((ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split())
        for denial in re.findall(DENIAL, text.replace("Knows", "knows")):
            whole = ASPECT.sub("", denial)
            yield from ((path, noun) for noun in NAMES if re.search(rf"\b{noun}\b", whole))


def imported(path: Path) -> set[str]:
    """The modules that it imports, wherever in it; `from a import b` counts as a and a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    return found


@pytest.mark.parametrize(
    ("path", "noun"),
    list(denials()),
    ids=lambda one: str(one.relative_to(ROOT)) if isinstance(one, Path) else one,
)
def test_what_a_module_does_not_know_it_does_not_import(path: Path, noun: str) -> None:
    known = [f"{name}." for name in NAMES[noun]]
    assert [name for name in imported(path) if f"{name}.".startswith(tuple(known))] == []

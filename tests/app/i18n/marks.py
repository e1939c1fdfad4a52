"""What the code marks for the catalogues, read off its syntax."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
APP = ROOT / "app"
PACKAGES = (APP, ROOT / "indexer", ROOT / "clipcore")

Msgid = str | tuple[str, ...]


@cache
def calls() -> tuple[tuple[Path, ast.Call], ...]:
    """Each call in the packages, those within f-strings too."""
    return tuple(
        (path.relative_to(ROOT), node)
        for package in PACKAGES
        for path in sorted(package.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    )


@cache
def marked() -> frozenset[Msgid]:
    """Each sentence for the catalogues."""
    found: set[Msgid] = set()
    for _, call in calls():
        match call:
            case ast.Call(func=ast.Name(id="_" | "N_"), args=[ast.Constant(value=str(one))]):
                found.add(one)
            case ast.Call(
                func=ast.Name(id="ngettext"),
                args=[ast.Constant(value=str(one)), ast.Constant(value=str(many)), _],
            ):
                found.add((one, many))
    return frozenset(found)

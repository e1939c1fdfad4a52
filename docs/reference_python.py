"""What other programs import, as Markdown, from signatures and docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import clipcore
from clipcore.encoder import Encoder
from docs.markdown_table import table
from indexer.library import indexing, library
from indexer.records import photos, results


def python_reference() -> str:
    """The functions and classes that other programs use."""
    parts = ["## clipcore"]
    parts += [_callable(getattr(clipcore, name)) for name in functions_of(clipcore)]
    parts.append(_class(Encoder))
    parts += [
        "## indexer.library.library",
        _callable(library.open_library),
        _class(library.Library),
    ]
    parts += ["## indexer.library.indexing", _class(indexing.RebuildOptions)]
    parts += ["## indexer.records", *map(_class, (results.SearchResult, results.Hit))]
    parts += map(_class, (photos.Photo, photos.Facts, photos.Root))
    return "\n\n".join(parts)


def functions_of(module: Any) -> list[str]:
    """The public functions of a package."""
    return [name for name in module.__all__ if inspect.isfunction(getattr(module, name))]


def _callable(function: Callable[..., Any]) -> str:
    doc = inspect.getdoc(function) or ""
    return f"### {function.__name__}\n\n```text\n{_signature(function)}\n```\n\n{doc}"


def _signature(function: Callable[..., Any]) -> str:
    """Its names and types, a parameter a line where they are many."""
    source = inspect.signature(function)
    shown = [_parameter(one) for one in source.parameters.values()]
    returned = "" if source.return_annotation is source.empty else f" -> {source.return_annotation}"
    whole = f"{function.__name__}({', '.join(shown)}){returned}"
    if len(whole) <= 90:
        return whole
    inner = ",\n    ".join(shown)
    return f"{function.__name__}(\n    {inner},\n){returned}"


def _parameter(one: inspect.Parameter) -> str:
    typed = f"{one.name}: {one.annotation}"
    if one.default is one.empty:
        return typed
    plain = isinstance(one.default, str | int | float | tuple | None)
    return f"{typed} = {one.default!r}" if plain else f"{typed} = ..."


def _short_signature(function: Callable[..., Any]) -> str:
    """Its names alone."""
    given = [one for one in inspect.signature(function).parameters.values() if one.name != "self"]
    shown = [one.name if one.default is one.empty else f"{one.name}=..." for one in given]
    return f"{function.__name__}({', '.join(shown)})"


def _class(kind: type) -> str:
    doc = inspect.getdoc(kind) or ""
    head = f"### {kind.__name__}\n\n{doc}"
    if is_dataclass(kind):
        rows = [(f"`{one.name}`", f"`{one.type}`") for one in fields(kind)]
        return f"{head}\n\n{table(('field', 'type'), rows)}"
    rows = [(f"`{_member(name, one)}`", _summary(one)) for name, one in members(kind)]
    return f"{head}\n\n{table(('member', 'meaning'), rows)}"


def members(kind: type) -> list[tuple[str, Any]]:
    """Its public members, in the order of the source."""
    return [(name, one) for name, one in vars(kind).items() if _is_public(name, one)]


def _is_public(name: str, one: Any) -> bool:
    own = inspect.isfunction(one) or isinstance(one, property) or hasattr(one, "func")
    return own and not name.startswith("_")


def _member(name: str, one: Any) -> str:
    return _short_signature(one) if inspect.isfunction(one) else name


def _summary(one: Any) -> str:
    return (inspect.getdoc(getattr(one, "func", one)) or "").split("\n\n")[0]

"""The commands of `indexer` as Markdown, from what typer has of them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from enum import Enum
from typing import Any

import typer.main

from docs.markdown_table import table
from indexer.cli.main import app


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by its name, those of groups below their group's."""

    def below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        yield name, command
        for part, one in sorted(getattr(command, "commands", {}).items()):
            yield from below(f"{name} {part}", one)

    for name, command in sorted(typer.main.get_command(app).commands.items()):  # type: ignore[attr-defined]
        yield from below(name, command)


def options(command: Any) -> list[Any]:
    """Its options, without --help."""
    found = [
        one
        for one in command.params
        if one.param_type_name == "option" and not getattr(one, "hidden", False)
    ]
    return [one for one in found if "--help" not in one.opts]


def arguments(command: Any) -> list[Any]:
    """What stands behind its name."""
    return [one for one in command.params if one.param_type_name == "argument"]


def command_reference() -> str:
    """Every command with its help, its arguments and its options."""
    return "\n\n".join(_command(name, command) for name, command in commands())


def _command(name: str, command: Any) -> str:
    usage = " ".join(
        [f"indexer {name}", *filter(None, map(_metavar, arguments(command))), "[OPTIONS]"]
    )
    if hasattr(command, "commands"):
        usage += " [COMMAND]"
    parts = [f"## indexer {name}" if " " not in name else f"### indexer {name}", _help(command)]
    parts.append(f"```text\n{usage}\n```")
    takes = [(f"`{_metavar(one)}`", one.help or "") for one in arguments(command) if one.help]
    if takes:
        parts.append(table(("argument", "meaning"), takes))
    if own := options(command):
        parts.append(table(("option", "meaning", "default"), map(_option, own)))
    return "\n\n".join(parts)


def _help(command: Any) -> str:
    """The help; what stands behind \\b is a table of lines."""
    text, _, lines = inspect.cleandoc(command.help or "").partition("\b")
    parts = [text.strip()]
    if lines:
        parts.append(f"```text\n{lines.strip()}\n```")
    return "\n\n".join(parts)


def _metavar(one: Any) -> str:
    name = one.metavar or one.name.upper()
    return f"{name}..." if one.nargs == -1 and not name.endswith("...") else str(name)


def _option(one: Any) -> tuple[str, str, str]:
    value = "" if one.is_flag else f" {_value_name(one)}"
    names = ", ".join(f"`{name}`" for name in one.opts)
    return f"{names}{f' `{value.strip()}`' if value else ''}", one.help or "", _default(one)


def _value_name(one: Any) -> str:
    if one.metavar:
        return str(one.metavar)
    taken = one.type_descriptor.annotation
    if isinstance(taken, type) and issubclass(taken, Enum):
        return "|".join(str(choice.value) for choice in taken)
    return {int: "N", float: "X"}.get(taken, "TEXT")


def _default(one: Any) -> str:
    if isinstance(one.show_default, str):
        return one.show_default
    if one.required:
        return "required"
    if one.is_flag or callable(one.default) or one.default in (None, (), []):
        return ""
    return f"`{getattr(one.default, 'value', one.default)}`"

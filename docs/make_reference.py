"""Writes the parts of the documentation that list what the code has: `make reference`.

A page has `<!-- generated: NAME -->`, then the text, then `<!-- end -->`; BLOCKS has the function
that makes the text of each NAME. Knows nothing of the site.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import tomllib
import types
import typing
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from sqlalchemy.dialects import sqlite

from app.selection.exports import as_csv
from docs.markdown_table import table
from docs.reference_commands import command_reference
from docs.reference_python import python_reference
from indexer import environment
from indexer.cli.documents import DOCUMENTS, HitDocument
from indexer.daemon import metrics
from indexer.formats import COUNTED, FORMATS, Format
from indexer.query import help as query_help
from indexer.query.filter_spec import FilterSpec
from indexer.query.filters import FILTERS
from indexer.store import schema, shared_schema

ROOT: Final = Path(__file__).parents[1]
TOP: Final = ("app", "indexer", "clipcore")
BLOCK: Final = re.compile(
    r"(?P<begin><!-- generated: (?P<name>[a-z-]+) -->\n).*?(?P<end><!-- end -->)", re.S
)
TYPES: Final = {
    "str": "text",
    "int": "integer",
    "float": "number",
    "bool": "true or false",
    "NoneType": "null",
    "dict": "object",
    "list": "list",
}


# --- the query language ---------------------------------------------------------------------------


def query_in_short() -> str:
    """What a query may hold besides filters."""
    return _typed((*query_help.TERMS, *query_help.OF_ALL))


def manual() -> str:
    """What a person types for each filter, in the order of the help."""
    return f"| you type | you get photos |\n| --- | --- |\n{query_help.manual()}"


def filters() -> str:
    """Every filter by its name."""
    rows = [
        (
            f"`{name}:`",
            _examples("  ".join((*spec.help.examples, *spec.help.more))),
            spec.help.details or spec.help.meaning,
            _alternatives(spec),
        )
        for name, spec in sorted(FILTERS.items())
    ]
    return table(("filter", "examples", "asks for", "takes"), rows)


def _alternatives(spec: FilterSpec[Any]) -> str:
    return "one value" if spec.is_single else "one or more"


def _typed(rows: Iterable[tuple[str, str]]) -> str:
    return table(("you type", "you get"), [(_examples(one), meaning) for one, meaning in rows])


def _examples(typed: str) -> str:
    return ", ".join(f"`{part}`" for part in typed.split("  "))


# --- JSON -----------------------------------------------------------------------------------------


def json_reference() -> str:
    """The fields of every document."""
    parts = []
    for form in DOCUMENTS:
        rows = [
            (f"`{name}`", _type_name(hint), meaning)
            for name, (hint, meaning) in documented_fields(form).items()
        ]
        title = form.__name__.removesuffix("Document")
        parts.append(
            f"## {title}\n\n{inspect.getdoc(form)}\n\n" + table(("field", "type", "meaning"), rows)
        )
    return "\n\n".join(parts)


def documented_fields(form: Any) -> dict[str, tuple[Any, str]]:
    """The type and the meaning of each field of a document."""
    hints = typing.get_type_hints(form, include_extras=True)
    return {name: (hint.__origin__, hint.__metadata__[0]) for name, hint in hints.items()}


def _type_name(hint: Any) -> str:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return ", ".join(f'"{one}"' for one in inner)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(map(_type_name, inner))
    if origin is list:
        return f"list of {_type_name(inner[0])}"
    if origin is dict:
        return f"object: {_type_name(inner[1])} by {_type_name(inner[0])}"
    name = hint.__name__
    if name.endswith("Document"):
        title = name.removesuffix("Document")
        return f"[{title}](#{title.lower()})"
    return TYPES[name]


def exports() -> str:
    """The fields of what the page exports."""
    of_hits = {name: meaning for name, (_, meaning) in documented_fields(HitDocument).items()}
    of_filters = {
        quantity.name: f"what `{name}:` asks for"
        for name, spec in FILTERS.items()
        for quantity in spec.exported
    }
    meanings = of_hits | of_filters | {"size_bytes": "of the file"}
    columns = as_csv([]).decode("utf-8-sig").strip().split(",")
    return table(("field", "meaning"), [(f"`{name}`", meanings[name]) for name in columns])


# --- environment, formats, metrics ----------------------------------------------------------------


def environment_variables() -> str:
    """Recollect's own variables."""
    return _variables(environment.MEANINGS)


def internal_variables() -> str:
    """Those that one process sets for another."""
    return _variables(environment.INTERNAL)


def other_variables() -> str:
    """Those of other programs."""
    return _variables(environment.OTHERS)


def _variables(meanings: typing.Mapping[str, str]) -> str:
    rows = [(f"`{name}`", meaning) for name, meaning in meanings.items()]
    return table(("variable", "meaning"), rows)


def formats() -> str:
    """The formats that are read, with their suffixes, and what must be installed."""
    read = sorted(
        (one for one in FORMATS if one.is_read and one.suffixes), key=lambda one: one.shown.lower()
    )
    return table(("format", "suffixes", "extra"), [_format_row(one) for one in read])


def counted_formats() -> str:
    """The suffixes of the files that are counted."""
    return ", ".join(f"`{suffix}`" for suffix in COUNTED)


def _format_row(format: Format) -> tuple[str, str, str]:
    suffixes = ", ".join(f"`{suffix}`" for suffix in format.suffixes)
    return format.shown, suffixes, f"`{format.extra}`" if format.extra else ""


def metrics_reference() -> str:
    """Every gauge, with what it says of itself."""
    calls = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(metrics)))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_gauge"
    ]
    told = [tuple(ast.literal_eval(one) for one in call.args[:2]) for call in calls]
    return table(("metric", "meaning"), [(f"`recollect_{name}`", text) for name, text in told])


# --- the library, the code, the targets -----------------------------------------------------------


def tables() -> str:
    """The tables of a library, with types as SQLite has them."""
    return "\n\n".join(_table(one) for one in schema.metadata.sorted_tables)


def shared_tables() -> str:
    """The tables that a library has on PostgreSQL only."""
    return "\n\n".join(_table(one) for one in shared_schema.metadata.sorted_tables)


def _table(one: Any) -> str:
    dialect = sqlite.dialect()
    rows = [
        (f"`{column.name}`", column.type.compile(dialect), _key(column), column.doc or "")
        for column in one.columns
    ]
    return f"### {one.name}\n\n" + table(("column", "type", "key", "meaning"), rows)


def _key(column: Any) -> str:
    targets = [f"→ {key.target_fullname}" for key in column.foreign_keys]
    words = ["primary"] * column.primary_key + ["unique"] * bool(column.unique) + targets
    return ", ".join(words)


def schema_head() -> str:
    """The newest migration."""
    return f"The schema is {schema.HEAD}."


def packages() -> str:
    """The packages with their docstrings, from the top layer to the bottom."""
    return "\n\n".join(f"## {name}\n\n{_packages_of(name)}" for name in TOP)


def _packages_of(name: str) -> str:
    package = importlib.import_module(name)
    below = {one.name for one in pkgutil.iter_modules(package.__path__) if one.ispkg}
    rows = [
        (f"`{one}/`", (importlib.import_module(f"{name}.{one}").__doc__ or "").strip())
        for one in sorted(below, key=layers(name).index)
    ]
    return table(("package", "what it is"), rows)


def layers(package: str) -> list[str]:
    """The names of what is below a package, in the order of its contract."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    lines = [line for one in contracts if one["type"] == "layers" for line in one["layers"]]
    names = [name.strip() for line in lines for name in line.split("|")]
    start = f"{package}."
    return [name.removeprefix(start) for name in names if name.startswith(start)]


def targets() -> str:
    """The targets of the Makefile."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    rows = [
        (f"`make {name}`", meaning)
        for name, meaning in re.findall(r"^([a-z-]+):.*## (.*)$", makefile, re.M)
    ]
    return table(("target", "what it does"), rows)


BLOCKS: Final[dict[str, Callable[[], str]]] = {
    "commands": command_reference,
    "query": query_in_short,
    "filters": filters,
    "manual": manual,
    "json": json_reference,
    "exports": exports,
    "environment": environment_variables,
    "internal": internal_variables,
    "others": other_variables,
    "formats": formats,
    "counted": counted_formats,
    "metrics": metrics_reference,
    "python": python_reference,
    "tables": tables,
    "shared-tables": shared_tables,
    "head": schema_head,
    "packages": packages,
    "targets": targets,
}


def written(page: str) -> str:
    """A page with each of its blocks made again."""
    return BLOCK.sub(
        lambda match: f"{match['begin']}\n{BLOCKS[match['name']]()}\n\n{match['end']}", page
    )


def pages() -> list[Path]:
    """Those that have blocks."""
    found = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    return sorted(page for page in found if BLOCK.search(page.read_text("utf-8")))


def main() -> None:
    """Write the pages whose blocks have changed."""
    for page in pages():
        before = page.read_text("utf-8")
        if (after := written(before)) != before:
            page.write_text(after, "utf-8")


if __name__ == "__main__":
    main()

"""The reference is complete: it has every command, option, filter, variable, field and file."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from docs import make_reference, reference_commands
from docs.check_words import problems, rejected
from indexer import environment
from indexer.cli import documents
from indexer.daemon.metrics import metrics_served
from indexer.formats import SUFFIXES
from indexer.library.library import open_library
from indexer.query.filters import FILTERS
from indexer.query.help import rows, table
from indexer.query.query import parse
from indexer.records.status import Activity, Work
from indexer.store import schema, shared_schema
from tests.commands import run_indexer
from tests.documents import ROOT, examples

REFERENCE = ROOT / "docs" / "reference"
SOURCES = [path for top in ("app", "indexer", "clipcore") for path in (ROOT / top).rglob("*.py")]


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize(
    "path", make_reference.pages(), ids=lambda path: str(path.relative_to(ROOT))
)
def test_what_comes_from_the_code_is_up_to_date(path: Path) -> None:
    text = path.read_text("utf-8")
    assert make_reference.written(text) == text, "make reference writes it"


@pytest.mark.parametrize(("name", "command"), list(reference_commands.commands()), ids=str)
def test_every_command_has_a_section_with_all_its_options(name: str, command: Any) -> None:
    sections = re.split(r"^##+ ", page("command-line"), flags=re.M)
    (section,) = [one for one in sections if one.startswith(f"indexer {name}\n")]
    for option in reference_commands.options(command):
        for flag in option.opts:
            assert f"`{flag}`" in section
    assert all(option.help for option in reference_commands.options(command))


@pytest.mark.parametrize("name", [*FILTERS, "sort"])
def test_every_filter_is_in_reference_guide_and_help(name: str) -> None:
    guide = (ROOT / "docs" / "guides" / "search-syntax.md").read_text("utf-8")
    assert f"`{name}:" in page("query-language")
    assert f"`{name}:" in guide
    assert f"{name}:" in table()


@pytest.mark.parametrize("query", examples())
def test_every_example_can_be_asked(query: str) -> None:
    assert parse(query)


def test_every_example_of_the_help_can_be_asked() -> None:
    for typed, _meaning in rows():
        for example in typed.split("  "):
            assert parse(example)


def test_every_environment_variable_is_listed() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in SOURCES)
    own = set(re.findall(r"RECOLLECT_[A-Z]+", sources))
    assert own == {*environment.MEANINGS, *environment.INTERNAL}
    read = set(re.findall(r'environ(?:\.get\(|\.setdefault\(|\[)"([A-Z_]+)"', sources))
    assert read <= {*environment.OTHERS}
    for name in (*own, *environment.OTHERS):
        assert f"`{name}`" in page("environment")


PRINTED = {
    "search": (["search", "a bear"], documents.SearchDocument),
    "status": (["status"], documents.StatusDocument),
    "failures": (["failures"], documents.FailureDocument),
    "models": (["models"], documents.ModelDocument),
    "roots": (["roots"], documents.RootDocument),
    "prune": (["prune", "--older-than", "30d", "--dry-run"], documents.PruneDocument),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PRINTED)
def test_every_field_that_is_printed_is_in_the_reference(name: str, sample_library: Path) -> None:
    arguments, form = PRINTED[name]
    done = run_indexer(*arguments, "--json", "--library", sample_library)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    for one in printed if isinstance(printed, list) else [printed]:
        assert list(one) == list(make_reference.documented_fields(form))
    for field in make_reference.documented_fields(form):
        assert f"| `{field}` |" in page("json")


def test_every_metric_that_is_served_is_in_the_reference(own_library: Path) -> None:
    library = open_library(own_library)
    with metrics_served(library, 0) as port, library.daemon() as daemon:
        starting = served_at(port)
        scanned = datetime(2026, 3, 11)
        daemon.set(work=Work(Activity.INDEXING), left_s=16, last_reconcile=scanned)
        at_work = served_at(port)
    library.close()
    of_work = {"recollect_left_seconds", "recollect_last_reconcile_time_seconds"}
    assert at_work - starting == of_work
    assert "recollect_photos" in starting
    assert at_work == set(re.findall(r"`(recollect_\w+)`", page("metrics")))


def served_at(port: int) -> set[str]:
    """The names of the metrics."""
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    return set(re.findall(r"^(recollect_\w+)", text, re.M))


def test_every_file_of_a_library_is_in_the_reference(sample_library: Path) -> None:
    listed = set(re.findall(r"`([\w.-]+)", page("library-format").partition("## Tables")[0]))
    found = (re.sub(r"-[0-9a-f]{16}\.bin$", "-", path.name) for path in sample_library.iterdir())
    unlisted = set(found) - listed  # a name ends where `<tower>` begins
    assert {name for name in unlisted if not name.startswith("library.db-")} == set()


def test_every_column_is_in_the_reference() -> None:
    for one in (*schema.metadata.sorted_tables, *shared_schema.metadata.sorted_tables):
        section = page("library-format").partition(f"### {one.name}\n")[2].partition("\n#")[0]
        assert [f"`{column.name}`" for column in one.columns] == re.findall(
            r"^\| (`\w+`)", section, re.M
        )


def test_every_suffix_is_in_the_reference() -> None:
    assert {suffix for suffix in SUFFIXES if f"`{suffix}`" not in page("file-formats")} == set()


def test_every_extra_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = set(project["project"]["optional-dependencies"]) - {"dev", "docs", "release"}
    install = (ROOT / "docs" / "install.md").read_text("utf-8")
    assert {name for name in extras if f"| `{name}` |" not in install} == set()


def test_every_make_target_explains_itself() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in re.findall(r"^([a-z-]+):.*## ", makefile, re.M):
        assert f"make {target} " in listed.stdout


def test_words_that_the_glossary_rejects_are_found_in_prose_and_not_in_code() -> None:
    words = rejected(
        "| word | meaning | not |\n|---|---|---|\n| request | to ask | wish, go over to |\n"
    )
    text = "# A\n\n`a wish`\n```sh\nwish\n```\nThey go\nover to it: a Wish; wishes.\n"
    assert list(problems(text, words)) == [
        (7, "go over to: write request"),
        (8, "wish: write request"),
    ]

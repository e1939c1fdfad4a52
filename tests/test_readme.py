"""The README is true: every command and target stands in it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from typer.main import get_command

from indexer.cli.main import app
from indexer.query.filters import FILTERS
from indexer.query.help import manual, rows
from indexer.query.query import parse

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_every_command_is_in_the_readme() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    missing = [name for name in commands if f"`indexer {name}" not in README]
    assert missing == []


def test_every_command_in_the_readme_exists() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    assert set(re.findall(r"`indexer ([a-z]+)", README)) <= set(commands)


def test_every_make_target_explains_itself() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in re.findall(r"^([a-z]+):.*## ", makefile, re.M):
        assert f"make {target} " in told.stdout


def test_pictures_and_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_readme_lists_the_filters_as_they_are() -> None:
    rows = manual()
    assert rows in README, f"these rows belong in the table of the query language:\n{rows}"


def test_every_example_of_the_help_can_be_asked() -> None:
    for typed, _meaning in rows():
        for example in typed.split("  "):
            assert parse(example)


def test_every_example_of_the_readme_can_be_asked() -> None:
    for spec in FILTERS.values():
        for example in (*spec.help.examples, *spec.help.more):
            assert [one.name for one in parse(example).filters] == [spec.name]

"""Ctrl-C ends every command alike; words become one query, names of engines are checked."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from indexer.cli.options import Commands, as_query, stops_with
from tests.commands import run_indexer

program = typer.Typer(cls=Commands)


@program.command()
def quiet() -> None:
    raise KeyboardInterrupt


@program.command()
def explained() -> None:
    with stops_with("half of it is done"):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("command", "text"),
    [("quiet", "indexer: stopped\n"), ("explained", "indexer: stopped: half of it is done\n")],
)
def test_ctrl_c_is_one_line_and_130(command: str, text: str) -> None:
    done = CliRunner().invoke(program, [command])
    assert (done.exit_code, done.stdout, done.stderr) == (130, "", text)


@pytest.mark.parametrize("path", ["/" + "a" * 5_000, "./a\0b"])
def test_what_can_be_no_file_is_a_part_of_the_query_as_it_is(path: str) -> None:
    assert as_query([path, "cat"]) == f"{path} cat"


@pytest.mark.parametrize(("engine", "code"), [("torch-float32", 1), ("abacus", 2)])
def test_only_a_name_that_is_no_engine_is_wrong_usage(
    tmp_path: Path, engine: str, code: int
) -> None:
    done = run_indexer("rebuild", "--engine", engine, "--library", tmp_path / "none")
    assert done.returncode == code
    assert ("there is no library" if code == 1 else "has no engine 'abacus'") in done.stderr

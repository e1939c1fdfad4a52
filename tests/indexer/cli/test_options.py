"""Ctrl-C ends every command alike."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from indexer.cli.options import Commands, stops_with

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

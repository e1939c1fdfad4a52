"""Every command, found in the program itself: nonsense and broken output end in one line.

A new command is tested here by itself; an argument that it requires needs a value in VALUES.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from indexer.cli.main import app
from indexer.library.directory import WATCHED_BY
from indexer.locking import held
from tests.commands import run_indexer
from tests.depth import DEPTH
from tests.forking import OUTPUTS, Forking, forking
from tests.photos import make_photo

pytestmark = pytest.mark.slow

NONSENSE = ("nonsense", "-1", "99999", "\udce9\x1b[2J")[0 if DEPTH > 1 else -1 :]


def commands(group: Any, *above: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each command with the words that name it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *above, name)
            if command.invoke_without_command:
                yield (*above, name), command
        else:
            yield (*above, name), command


EVERY = dict(commands(get_command(app)))
NAMES = [pytest.param(name, id=" ".join(name)) for name in EVERY]


def options(command: Any) -> list[Any]:
    return [one for one in command.params if one.param_type_name == "option" and one.expose_value]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forking]:
    with forking(tmp_path_factory.mktemp("forking")) as program:
        yield program


@pytest.fixture(scope="module")
def small_library(tmp_path_factory: pytest.TempPathFactory, sample_library: Path) -> Path:
    """One photo; by the sample's fixture the engines have been tried."""
    place = tmp_path_factory.mktemp("every")
    make_photo(place / "photos" / "r\x1b[2J\x9be\nd.png", "red")
    done = run_indexer(
        "rebuild", place / "photos", "--library", place / "library", "--model", "starter"
    )
    assert done.returncode == 0, done.stderr
    return place / "library"


class Setting:
    """A library of its own for one command, and what the command is to be called with."""

    def __init__(self, library: Path, directory: Path, taken_port: int) -> None:
        self.library = library
        self.directory = directory
        photos = next((library.parent / "photos").iterdir()).parent
        self.values = {
            "words": "year:2020",  # no model is needed for it
            "name": "starter",
            "directory": str(photos),
            "source": str(library),
            "target": str(directory / "copy"),
            "older_than": "30d",
            "model": "starter",
            "port": str(taken_port),  # no page is served
            "library": str(library),
        }
        self.environment = {"PATH": str(directory), "HOME": str(directory)}  # no systemd here

    def arguments(self, command: Any, **other: str) -> list[str]:
        """All that is required, and what keeps a command from running on."""
        values = self.values | other
        given: list[str] = []
        for one in command.params:
            if one.param_type_name == "argument" and (one.required or one.name in other):
                given.append(values[one.name])
            elif one.param_type_name == "option" and one.name in values:
                given.append(f"{max(one.opts, key=len)}={values[one.name]}")
        return given


@pytest.fixture
def setting(small_library: Path, tmp_path: Path) -> Iterator[Setting]:
    library = Path(shutil.copytree(small_library, tmp_path / "library"))
    shutil.copytree(small_library.parent / "photos", tmp_path / "photos")
    with socket.socket() as taken, held(library, "daemon", WATCHED_BY):  # no daemon runs on
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield Setting(library, tmp_path, taken.getsockname()[1])


@pytest.mark.parametrize("name", NAMES)
def test_nonsense_is_one_line_and_no_traceback(
    program: Forking, setting: Setting, name: tuple[str, ...]
) -> None:
    command = EVERY[name]
    for option in command.params:
        values = ["nonsense"] if getattr(option, "is_flag", False) else NONSENSE
        for value in values:
            if getattr(option, "is_flag", False):
                arguments = [*setting.arguments(command), f"{max(option.opts, key=len)}={value}"]
            else:
                arguments = setting.arguments(command, **{option.name: value})
            done = program.run(
                *name, *arguments, cwd=setting.directory, environment=setting.environment
            )
            text = f"{name} {arguments}: {done}"
            assert "Traceback" not in done.stderr, text
            assert done.code in (0, 1, 2), text
            if done.code == 1:
                assert done.stderr.splitlines()[-1].startswith("indexer: "), text


SLOW = {("doctor",), ("explore",)}  # these compute before they print: one broken output is enough
BROKEN = [
    pytest.param(
        name,
        output,
        id=f"{' '.join(name)}-{output}",
        marks=pytest.mark.long if name in SLOW else (),
    )
    for name in EVERY
    for output in (OUTPUTS if name not in SLOW else ["full"])
]


@pytest.mark.parametrize(("name", "output"), BROKEN)
def test_broken_output_is_one_line_and_no_traceback(
    program: Forking, setting: Setting, name: tuple[str, ...], output: str
) -> None:
    arguments = setting.arguments(EVERY[name])
    done = program.run(
        *name, *arguments, output=output, cwd=setting.directory, environment=setting.environment
    )
    assert "Traceback" not in done.stderr, done
    assert done.code in (0, 1), done
    if done.code == 1 and output != "pipe":
        assert done.stderr.splitlines()[-1].startswith("indexer: "), done


def test_a_damaged_page_is_one_line_that_says_how_to_make_the_library_again(
    program: Forking, setting: Setting
) -> None:
    database = setting.library / "library.db"
    whole, page = database.read_bytes(), 4096
    found = set()
    for start in range(page, len(whole), 3 * page):
        database.write_bytes(whole[:start] + bytes(page) + whole[start + page :])
        for command in ("search", "year:2020"), ("status",), ("failures",):
            done = program.run(*command, "--library", setting.library)
            assert "Traceback" not in done.stderr, done
            assert done.code == 0 or done.stderr.count("\n") == 1, done
            found.add(done.stderr)
    text = f"indexer: the database {database} is damaged"
    assert any(line.startswith(text) and "indexer rebuild DIR" in line for line in found), found
    database.rename(database.with_name("away"))
    photos = setting.directory / "photos"
    again = program.run("rebuild", photos, "--library", setting.library, "--model", "starter")
    assert again.stdout.startswith(b"1 embedded, 0 failed"), again
    assert program.run("status", "--library", setting.library).code == 0

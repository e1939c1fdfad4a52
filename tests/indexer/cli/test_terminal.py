"""Names on a terminal and in a pipe, in each encoding, and output that cannot be written."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from indexer.cli.terminal import (
    AS_BYTES,
    OneLine,
    prepare_streams,
    print_csv,
    print_json,
    print_lines,
    print_paths,
    shown,
)
from tests.commands import run_indexer, run_on_terminal
from tests.photos import make_photo

EVIL = "r\x1b[2J\x9b31m\u202egpj.\ne\td é \u200d.png"  # a zero-width joiner is no danger
SHOWN = r"r\x1b[2J\u009b31m\u202egpj.\ne\td é " + "\u200d.png"


class Terminal(io.TextIOWrapper):
    """Standard output that says that it is one."""

    def isatty(self) -> bool:
        return True


@contextmanager
def standard_output(
    encoding: str = "utf-8", errors: str = "surrogateescape", *, terminal: bool = False
) -> Iterator[io.BytesIO]:
    """What is written to standard output meanwhile."""
    written = io.BytesIO()
    kind = Terminal if terminal else io.TextIOWrapper
    with pytest.MonkeyPatch.context() as patch:
        stream = kind(written, encoding, errors)
        patch.setattr(sys, "stdout", stream)
        yield written
        stream.detach()  # it would close what was written


def test_a_terminal_gets_no_control_character_of_a_name() -> None:
    with standard_output(terminal=True) as terminal:
        print_lines([EVIL])
        print_paths([EVIL])
        print_csv(["path"], [[EVIL]])
    assert terminal.getvalue().decode() == f"{SHOWN}\n{SHOWN}\npath\n{SHOWN}\n"


def test_every_unsafe_character_is_escaped_and_no_letter_is() -> None:
    for number in range(0x3000):
        char = chr(number)
        escaped = number < 0x20 or 0x7F <= number < 0xA0 or char in "\u061c\u200e\u200f\u2028\u2029"
        escaped |= 0x202A <= number <= 0x202E or 0x2066 <= number <= 0x2069
        assert (shown(char) != char) == escaped, hex(number)
    assert shown("a\udce9") == r"a\xe9"


def test_json_on_a_terminal_is_safe_and_the_same() -> None:
    with standard_output(terminal=True) as terminal:
        print_json({"path": EVIL})
    text = terminal.getvalue().decode()
    assert shown(text.replace("\n", "")) == text.replace("\n", "")
    assert json.loads(text) == {"path": EVIL}


def test_a_pipe_gets_names_as_they_are() -> None:
    with standard_output() as pipe:
        print_lines([EVIL])
        print_paths([EVIL, EVIL], null=True)
    assert pipe.getvalue().decode() == f"{EVIL}\n{EVIL}\0{EVIL}\0"


def test_a_name_that_is_not_utf_8_is_piped_as_its_bytes() -> None:
    name = os.fsdecode(b"caf\xe9.png")
    with standard_output() as pipe:
        print_lines([name])
        print_paths([name])
    assert pipe.getvalue() == 2 * b"caf\xe9.png\n"


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252"])
def test_a_path_is_piped_as_its_bytes_whatever_the_encoding(encoding: str) -> None:
    path = "/photos/é/भारत/熊猫.png"
    with standard_output(encoding, "strict") as pipe:
        print_lines([path])
        print_paths([path])
        print_csv(["path"], [[path]])
    assert pipe.getvalue() == 2 * os.fsencode(f"{path}\n") + os.fsencode(f"path\n{path}\n")


def test_text_that_an_encoding_lacks_is_escaped_and_bytes_stay_bytes() -> None:
    with standard_output("ascii", "strict") as pipe:
        prepare_streams()
        sys.stdout.write("é " + os.fsdecode(b"\xe9"))
        sys.stdout.flush()
    assert pipe.getvalue() == rb"\xe9 " + b"\xe9"


def test_bytes_that_are_no_text_are_refused_as_ever() -> None:
    with pytest.raises(UnicodeDecodeError):
        b"\xe9".decode("ascii", AS_BYTES)


def test_streams_that_are_no_files_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = {name: io.StringIO() for name in ("stdin", "stdout", "stderr")}
    for name, stream in streams.items():
        monkeypatch.setattr(sys, name, stream)
    prepare_streams()
    assert {name: getattr(sys, name) for name in streams} == streams


def test_closed_streams_read_nothing_and_take_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stderr"):
        monkeypatch.setattr(sys, name, None)
    prepare_streams()
    with sys.stdin, sys.stderr:
        assert sys.stdin.read() == ""
        assert sys.stderr.write("a message\n")


@pytest.mark.parametrize(("is_terminal", "line"), [(True, SHOWN), (False, EVIL)])
def test_what_is_logged_is_one_safe_line_on_a_terminal(is_terminal: bool, line: str) -> None:
    form = OneLine("%(levelname)s %(message)s", lambda: is_terminal)
    record = logging.LogRecord("indexer", logging.INFO, "", 0, "%s", (EVIL,), None)
    assert form.format(record) == f"INFO {line}"


def test_json_of_a_name_that_is_not_utf_8_is_utf_8_and_gives_the_name_back() -> None:
    with standard_output() as pipe:
        print_json([os.fsdecode(b"caf\xe9 \xc3\xa9")])
    assert os.fsencode(json.loads(pipe.getvalue().decode("utf-8"))[0]) == b"caf\xe9 \xc3\xa9"


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_json_in_another_encoding_gives_the_name_back(
    encoding: str,
) -> None:
    with standard_output(encoding, "strict") as pipe:
        print_json([EVIL, "熊猫"])
    assert json.loads(pipe.getvalue().decode(encoding)) == [EVIL, "熊猫"]


def test_a_table_keeps_a_name_with_a_line_break_in_its_cell() -> None:
    with standard_output() as pipe:
        print_csv(["a", "b"], [[1.5, 'x\n"y"'], [-1, None]])
    rows = list(csv.reader(io.StringIO(pipe.getvalue().decode())))
    assert rows == [["a", "b"], ["1.5", 'x\n"y"'], ["-1", ""]]


@pytest.fixture(scope="module")
def evil_library(
    tmp_path_factory: pytest.TempPathFactory,
    sample_library: Path,  # its fixture has tried the engines
) -> Path:
    place = tmp_path_factory.mktemp("evil")
    make_photo(place / EVIL, "red")
    (place / f"no photo {EVIL}").write_text("hello")
    started = ("rebuild", place, "--library", place / ".library", "--model", "starter")
    assert run_indexer(*started).returncode == 0
    return place / ".library"


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("search", "after:2000"),
        ("search", "after:2000", "--json"),
        ("search", "after:2000", "--paths"),
        ("failures",),
        ("failures", "--retry"),
        ("rebuild", "--reembed"),
        ("roots", "remove", EVIL),
    ],
    ids=" ".join,
)
def test_commands_escape_names_on_a_terminal(evil_library: Path, command: tuple[str, ...]) -> None:
    printed = run_on_terminal(*command, "--library", evil_library)
    assert "r\\x1b[2J" in printed or "r\\u001b[2J" in printed or "rebuild" in command
    for sequence in ("\x1b[2J", "\x9b", "\u202e", ".\ne\td", ".\r\ne\td"):
        assert sequence not in printed


def test_commands_pipe_names_as_they_are(evil_library: Path) -> None:
    path = str(evil_library.parent / EVIL)
    found = run_indexer("search", "after:2000", "--library", evil_library, "-0")
    assert found.stdout == f"{path}\0"
    failed = run_indexer("failures", "--library", evil_library, "--print0")
    assert failed.stdout == f"{evil_library.parent / f'no photo {EVIL}'}\0"
    assert Path(failed.stdout[:-1]).exists()
    assert path in run_indexer("search", "after:2000", "--library", evil_library).stdout

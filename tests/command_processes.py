"""Runs `indexer` commands as processes, for signals, exit codes and what they leave behind.

Each is a fork of one process that has imported what commands import: a new interpreter takes two
seconds for that.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TextIO

from tests import forks

ENCODING: Final = "utf-8"
LIMIT_S: Final = 600


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended."""

    returncode: int
    stdout: str
    stderr: str


class Running:
    """A command in a process. `stdout`: its lines, those of standard error among them."""

    def __init__(self, process: BaseProcess, stdout: TextIO) -> None:
        self._process = process
        self.stdout = stdout
        assert process.pid
        self.pid = process.pid

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def wait(self, limit_s: float) -> int:
        """The exit code; negative for a signal. Raises TimeoutError."""
        self._process.join(limit_s)
        if self._process.exitcode is None:
            raise TimeoutError(f"the command goes on after {limit_s} s")
        return self._process.exitcode


@contextmanager
def running(*arguments: object) -> Iterator[Running]:
    """The command while it runs; what still runs at the end is killed."""
    reader, writer = forks.context.Pipe(duplex=False)
    process = _process(arguments, writer, writer)
    writer.close()
    with os.fdopen(os.dup(reader.fileno()), encoding=ENCODING) as stdout:
        reader.close()
        command = Running(process, stdout)
        try:
            yield command
        finally:
            command.kill()


def indexer_process(*arguments: object) -> Ended:
    """Run the command in a process until it ends."""
    with TemporaryDirectory() as directory:
        files = [Path(directory, name) for name in ("stdout", "stderr")]
        process = _process(arguments, *files)
        process.join(LIMIT_S)
        process.kill()
        process.join()
        assert process.exitcode is not None
        return Ended(process.exitcode, *(file.read_text(ENCODING) for file in files))


def _process(
    arguments: Sequence[object], stdout: Path | Connection, stderr: Path | Connection
) -> BaseProcess:
    process = forks.context.Process(
        target=_be_the_command,
        args=(list(map(str, arguments)), dict(os.environ), stdout, stderr),
    )
    process.start()
    return process


def _be_the_command(
    arguments: list[str],
    environment: Mapping[str, str],
    stdout: Path | Connection,
    stderr: Path | Connection,
) -> None:
    """Standard output and error as those of a new interpreter; input is empty already."""
    for number, output in enumerate((stdout, stderr), 1):
        os.dup2(_descriptor(output), number)
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w")), ENCODING)
    sys.stderr = io.TextIOWrapper(
        io.FileIO(2, "w"), ENCODING, "backslashreplace", write_through=True
    )
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["indexer", *arguments]

    from indexer.cli.main import main

    main()


def _descriptor(output: Path | Connection) -> int:
    if isinstance(output, Path):
        return os.open(output, os.O_WRONLY | os.O_CREAT)
    return output.fileno()

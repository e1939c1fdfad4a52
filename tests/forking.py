"""Runs the `indexer` command many times, each in a fork of a process that has imported it already.

A command ends its process, changes signal handlers and streams: it needs one of its own. A fork
takes milliseconds, a new interpreter a second.
"""

from __future__ import annotations

import gc
import io
import json
import os
import pkgutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

OUTPUTS: Final = ("file", "closed", "full", "pipe", "latin-1")
LIMIT_S: Final = 300
WRONG_USAGE: Final = 2
LATE: Final = ("alembic.command", "faiss", "huggingface_hub", "torch")  # seconds, all together


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a command; `code` is negative for a signal."""

    code: int
    stdout: bytes
    stderr: str


class Forking:
    """A process that runs commands in forks of itself, one after the other."""

    def __init__(self, process: subprocess.Popen[str], directory: Path) -> None:
        self._process = process
        self._directory = directory

    def run(
        self,
        *arguments: object,
        output: str = "file",
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Ended:
        """Run the command with standard output as `output` says, one of OUTPUTS."""
        request = {
            "arguments": list(map(str, arguments)),
            "output": output,
            "cwd": str(cwd or self._directory),
            "environment": dict(environment or {}),
        }
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the forking process has died"
        stdout, stderr = (self._directory / name for name in ("stdout", "stderr"))
        return Ended(int(answer), stdout.read_bytes(), stderr.read_text("utf-8", "replace"))


@contextmanager
def forking(directory: Path) -> Iterator[Forking]:
    """A process to fork from; its files, and the directory where commands run, are here."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.forking", str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # no terminal: a prompt for a password must not wait for one
    )
    try:
        yield Forking(process, directory)
    finally:
        process.communicate()


def _serve(directory: Path) -> None:
    _import_what_commands_import()
    gc.freeze()  # a collection in a fork would copy all that this process has
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _be_the_command(json.loads(line), directory)
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _import_what_commands_import() -> None:
    """Each module of ours, what they import late, and what the first command line imports.

    The commands are built too: typer builds them again for each command line.
    """
    import clipcore
    import indexer
    from indexer.cli.main import run
    from tests.commands import built_once

    patch("typer.main.get_command", built_once).start()
    for package in clipcore, indexer:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                import_module(module.name)
    for name in LATE:
        import_module(name)
    with (
        redirect_stderr(io.StringIO()),
        patch.object(sys, "argv", ["indexer", "prune", "--older-than=nonsense"]),
    ):
        assert run() == WRONG_USAGE  # before anything is opened or logged


def _be_the_command(request: dict[str, Any], directory: Path) -> None:
    signal.alarm(LIMIT_S)
    os.chdir(request["cwd"])
    os.environ.update(request["environment"])
    _redirect(request["output"], directory)
    sys.argv = ["indexer", *request["arguments"]]
    os._exit(_flushed(_exit_code()))


def _exit_code() -> int:
    from indexer.cli.main import main

    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        return 1
    return 0


def _flushed(code: int) -> int:
    """The exit code after the flush that ends an interpreter."""
    try:
        sys.stdout.flush()
    except OSError:
        sys.stderr.write("Traceback: at the end standard output cannot be flushed\n")
        code = 120
    sys.stderr.flush()
    return code


def _redirect(output: str, directory: Path) -> None:
    """The three standard streams as a new interpreter would have them."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    written = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    os.dup2(os.open(directory / "stderr", written), 2)
    os.dup2(os.open(directory / "stdout", written), 1)
    if output == "full":
        os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
    elif output == "pipe":
        reading, writing = os.pipe()
        os.close(reading)
        os.dup2(writing, 1)
    encoding = "latin-1" if output == "latin-1" else "utf-8"
    sys.stdin = io.TextIOWrapper(io.FileIO(0))
    sys.stderr = io.TextIOWrapper(
        io.FileIO(2, "w"), encoding, "backslashreplace", write_through=True
    )
    if output == "closed":
        os.close(1)
        sys.stdout = None  # type: ignore[assignment]
    else:
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w")), encoding)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))

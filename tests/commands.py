"""Runs the `indexer` command within this process, as far as that can be."""

from __future__ import annotations

import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from functools import cache
from pathlib import Path
from typing import IO, Final, TextIO
from unittest.mock import patch

from typer.main import get_command

import clipcore
from clipcore import Encoder
from clipcore.arrays import FloatArray
from indexer.cli.main import run
from indexer.cli.terminal import prepare_streams
from indexer.library.library import Library, open_library
from tests.command_processes import Ended, indexer_process

built_once: Final = cache(get_command)  # typer builds all commands again for each command line
LOWER_PRIORITY: Final = ("explore", "serve", "watch")


@contextmanager
def _logging_of_a_new_process() -> Iterator[None]:
    """A command logs to its standard error, and leaves the levels as they were."""
    loggers = [logging.root, *map(logging.getLogger, ("app", "indexer", "clipcore"))]
    levels = [logger.level for logger in loggers]
    with patch.object(logging.root, "handlers", []):
        yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def run_indexer(*arguments: object) -> Ended:
    """Run the command here: its models stay loaded for the next one.

    Signals and exit codes need command_processes.py. Commands that lower the priority of their
    process get one from there, unless `--nice` says otherwise.
    """
    if arguments[0] in LOWER_PRIORITY and "--nice" not in arguments:
        return indexer_process(*arguments)
    streams = _Stream(), _Stream()
    code = _run_here(arguments, io.StringIO(), *streams)
    return Ended(code, *(stream.written() for stream in streams))


def run_on_terminal(*arguments: object) -> str:
    """What the command writes where its three streams are a terminal; it runs here, as above."""
    ours, theirs = os.openpty()
    with ThreadPoolExecutor(1) as reader, os.fdopen(ours, "rb", 0) as screen:
        written = reader.submit(_read_all, screen)
        with (
            os.fdopen(theirs, encoding="utf-8") as keyboard,
            os.fdopen(theirs, "w", encoding="utf-8", closefd=False) as output,
        ):
            _run_here(arguments, keyboard, output, output)
        return written.result().decode()


def _read_all(terminal: IO[bytes]) -> bytes:
    written = b""
    with suppress(OSError):  # EIO: the other end is closed
        while part := terminal.read(4096):
            written += part
    return written


def _run_here(arguments: Sequence[object], stdin: TextIO, stdout: TextIO, stderr: TextIO) -> int:
    with (
        patch.object(sys, "argv", ["indexer", *map(str, arguments)]),
        patch.object(sys, "stdin", stdin),
        patch("clipcore.open_encoder", _kept_encoder),
        patch("typer.main.get_command", built_once),
        redirect_stdout(stdout),
        redirect_stderr(stderr),
        _logging_of_a_new_process(),
        warnings.catch_warnings(),
    ):
        prepare_streams()
        return run()


class _Stream(io.TextIOWrapper):
    """An output in memory that takes what a file takes."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")

    def written(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined]


_open_encoder = clipcore.open_encoder


@cache
def _starter(engine: str | None) -> Encoder:
    """It remembers what it has embedded: each new library embeds the same generic texts."""
    encoder = _open_encoder("starter", engine=engine)
    embed, remembered = encoder.embed_texts, dict[tuple[str, ...], FloatArray]()

    def embed_texts(texts: Sequence[str]) -> FloatArray:
        if (key := tuple(texts)) not in remembered:
            remembered[key] = embed(texts)
        return remembered[key].copy()

    encoder.embed_texts = embed_texts  # type: ignore[method-assign]
    return encoder


def forget_encoders() -> None:
    """Let the next command load its encoder: for tests that change what encoders consist of."""
    _starter.cache_clear()


def _kept_encoder(source: str, device: str | None = None, engine: str | None = None) -> Encoder:
    """The starter loads once in a process; all else may change between two commands."""
    if source == "starter" and device is None:
        return _starter(engine)
    return _open_encoder(source, device, engine)


def starter_library(directory: Path) -> Library:
    """A new library for the starter, which stays loaded for the next one."""
    return open_library(directory, create=True, model="starter", open_encoder=_kept_encoder)

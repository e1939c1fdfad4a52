"""Standard output and standard error: text arrives as it should, or the command says why not.

On a terminal the control characters of a name are shown escaped: a terminal obeys them. Everywhere
else a name is printed as it is, and a name that is not UTF-8 as its bytes. Knows nothing of what
the commands print.
"""

from __future__ import annotations

import codecs
import csv
import errno
import io
import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, Final, TextIO

from clipcore.messages import N_
from indexer.errors import OutputError

# C0, DEL, C1, line and paragraph separators, bidirectional controls (UAX #9), and the surrogates
# that stand for bytes which are not UTF-8
UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
UNSAFE_IN_JSON: Final = re.compile(f"(?!\n){UNSAFE.pattern}")
SURROGATE: Final = re.compile("[\ud800-\udfff]")
SHORT: Final = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}
AS_BYTES: Final = "recollect.as_bytes"  # the name of the error handler below


def prepare_streams() -> None:
    """Make the standard streams fit for names; call this once, before the first output.

    A stream that is closed gets a descriptor of its own. Otherwise the database would get the
    number of standard output, and other output would go into it.
    """
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115 - a descriptor for the whole process
    if sys.stdout is None:  # a write fails as a write to a closed descriptor does
        sys.stdout = open(os.open(os.devnull, os.O_RDONLY), "w")  # noqa: PTH123, SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=AS_BYTES)


def _as_bytes(error: UnicodeError) -> tuple[bytes, int]:
    """What an encoding lacks: bytes that were not UTF-8 as they were, all else escaped."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    part = error.object[error.start : error.end]
    return b"".join(map(_byte_or_escape, part)), error.end


def _byte_or_escape(char: str) -> bytes:
    if "\udc80" <= char <= "\udcff":  # PEP 383
        return bytes((ord(char) - 0xDC00,))
    return char.encode("ascii", "backslashreplace")


codecs.register_error(AS_BYTES, _as_bytes)


def shown(text: str) -> str:
    """The text in one line that no terminal obeys."""
    return UNSAFE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    char = match[0]
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return SHORT.get(char) or (f"\\x{ord(char):02x}" if char < "\x80" else f"\\u{ord(char):04x}")


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on standard output. Raises OutputError."""
    _write("".join(f"{_for(sys.stdout, line)}\n" for line in lines))


def print_json(document: Any) -> None:
    """Print one JSON document, in ASCII where the encoding lacks a character.

    Raises OutputError.
    """
    text = json.dumps(document, ensure_ascii=False, indent=2)
    unsafe = UNSAFE_IN_JSON if sys.stdout.isatty() else SURROGATE
    text = unsafe.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        text = json.dumps(document, indent=2)
    with _output() as stream:
        stream.write(f"{text}\n")


def print_paths(paths: Iterable[str], *, null: bool = False) -> None:
    """Print a path a line; with `null` each one ends with a NUL instead. Raises OutputError.

    The bytes are those that the file system has, whatever the encoding of standard output.
    """
    if not null and sys.stdout.isatty():
        print_lines(paths)
        return
    end = b"\0" if null else b"\n"
    written = b"".join(os.fsencode(path) + end for path in paths)
    with _output() as stream:
        stream.flush()
        stream.buffer.write(written)


def print_csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table below the names of its columns. Raises OutputError."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    if sys.stdout.isatty():
        rows = ([shown(one) if isinstance(one, str) else one for one in row] for row in rows)
    writer.writerows([names, *rows])
    _write(written.getvalue())


def _write(text: str) -> None:
    """Write text in which there are paths: elsewhere than on a terminal they keep their bytes."""
    if sys.stdout.isatty():
        with _output() as stream:
            stream.write(text)
        return
    written = text.encode(sys.getfilesystemencoding(), AS_BYTES)
    with _output() as stream:
        stream.flush()
        stream.buffer.write(written)


def complain(line: str) -> None:
    """Print a line on standard error, with the program's name before it."""
    say(f"indexer: {line}")


def say(line: str) -> None:
    """Print a line on standard error."""
    try:
        sys.stderr.write(f"{_for(sys.stderr, line)}\n")
        sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)  # nobody reads it, and there is no other place to say so


def _for(stream: IO[str], line: str) -> str:
    return shown(line) if stream.isatty() else line


@contextmanager
def _output() -> Iterator[TextIO]:
    """Standard output; what was written is handed over at the end. Raises OutputError."""
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has enough: no error
        raise
    except OSError as error:
        raise OutputError(
            N_("standard output cannot be written: {why}"), why=_why(error)
        ) from error


def _why(error: OSError) -> str:
    return "it is closed" if error.errno == errno.EBADF else str(error.strerror or error)


def give_up_output() -> None:
    """Write no more to standard output, not even what waits in its buffer."""
    _discard(sys.stdout)


def _discard(stream: IO[str]) -> None:
    try:
        number = stream.fileno()
    except (OSError, ValueError):  # a stream of a test
        return
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)


class OneLine(logging.Formatter):
    """Formats what is logged on standard error: on a terminal the message is one safe line."""

    def __init__(self, form: str, is_terminal: Callable[[], bool]) -> None:
        super().__init__(form)
        self._is_terminal = is_terminal

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        if self._is_terminal():
            record.message = shown(record.message)
        return super().formatMessage(record)

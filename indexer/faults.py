"""Whose fault an exception is: that of one file, which is recorded, or that of the whole run.

Knows no file and runs no query.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import DatabaseError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from clipcore.errors import ClipcoreError
from clipcore.messages import Message, MessageId
from indexer.errors import IndexerError, Undecodable

LONGEST: Final = 500  # characters of a reason: some decoders print the bytes they choke on
# Locked, lost, damaged, full. The other kinds of DatabaseError blame the values of a row.
DATABASE: Final = (OperationalError, InternalError, InterfaceError, NoConnection)


def ends_the_run(error: Exception) -> bool:
    """Whether the next file would fail too: library, disk, database, model or cluster failed."""
    if isinstance(error, Undecodable):
        return False
    if isinstance(error, IndexerError | ClipcoreError):
        return True
    return isinstance(error, DATABASE) or type(error) is DatabaseError


def reason(error: Exception, sentence: MessageId) -> Message:
    """Why one file fails, as the library stores it. Raises an error of the run.

    `sentence` has a field, {why}, for the text of an unexpected error; an Undecodable needs none.
    """
    if ends_the_run(error):
        raise error
    if isinstance(error, Undecodable):
        return storable(error.message)
    name = type(error).__name__
    return storable(Message(sentence, why=f"{name}: {error}" if str(error) else name))


def storable(message: Message) -> Message:
    """The message, its fields in lines that every database takes."""
    return message.mapped(_line)


def _line(text: str) -> str:
    """One line without NUL or half of a surrogate pair, which PostgreSQL refuses; not a page."""
    line = " ".join(text.split()).replace("\0", "\\x00")
    return line.encode(errors="backslashreplace").decode()[:LONGEST]

"""Messages for people: a sentence, named by its English text, and its fields.

English is the sentence itself. Another language is a function from the English to its own
sentence; the page has one. Messages compare, pickle, and go to JSON and back. Knows no language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import isfinite
from typing import Final, NewType, Self

import msgspec

MessageId = NewType("MessageId", str)

FIELD: Final = re.compile(r"\{(\w+)\}")
JSON_NUMBERS: Final = 2**63  # whole ones below it are read as they were written


def N_(sentence: str) -> MessageId:  # noqa: N802 - so gettext calls it
    """`sentence` as it is: marks it for the catalogues. It is a literal; {fields} are filled in."""
    return MessageId(sentence)


@dataclass(frozen=True, init=False)
class Message:
    """One sentence and its fields. A field may be a message, or several, joined with commas.

    An error of ours counts as its message. What is no number either is stored as text: a path.
    """

    id: str
    fields: Mapping[str, Field]

    def __init__(self, id: MessageId, /, **fields: object) -> None:
        object.__setattr__(self, "id", str(id))
        object.__setattr__(self, "fields", {name: _field(one) for name, one in fields.items()})

    def __hash__(self) -> int:
        return hash((self.id, tuple(sorted(self.fields))))

    def __str__(self) -> str:
        return self.text(str)

    def text(self, translate: Callable[[str], str]) -> str:
        """The sentence in a language, its fields filled in. Without fields it may hold braces."""
        sentence = translate(self.id)
        if not self.fields:
            return sentence
        written = {name: _written(one, translate) for name, one in self.fields.items()}
        return FIELD.sub(lambda name: written.get(name[1], name[0]), sentence)

    def mapped(self, change: Callable[[str], str]) -> Message:
        """The same message, `change` applied to each field that is a string."""
        fields = {name: _mapped(one, change) for name, one in self.fields.items()}
        return Message(MessageId(self.id), **fields)

    def to_json(self) -> str:
        """{"id": ..., "fields": {...}}, for from_json()."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises ValueError where the text is no message."""
        return msgspec.json.decode(text, type=cls)


One = str | int | float | Message
Field = One | tuple[One, ...]


class MessageError(Exception):
    """An error whose text is a message: `raise QueryError(N_("no filter {name}"), name=name)`."""

    def __init__(self, message: MessageId | Message, /, **fields: object) -> None:
        self.message = message if isinstance(message, Message) else Message(message, **fields)
        super().__init__(self.message)  # so it is pickled


def joined(messages: Sequence[Message]) -> Message:
    """One message or more, with semicolons between them."""
    return reduce(lambda one, other: Message(N_("{one}; {other}"), one=one, other=other), messages)


def literal(text: str) -> Message:
    """Text that other programs say, as a message that is the same in each language."""
    return Message(MessageId(text))


def _field(value: object) -> Field:
    return tuple(map(_one, value)) if isinstance(value, tuple) else _one(value)


def _one(value: object) -> One:
    match value:
        case MessageError(message=message) | (Message() as message):
            return message
        case int() if abs(value) < JSON_NUMBERS:
            return int(value)
        case float() if isfinite(value):
            return float(value)
    return str(value)


def _mapped(field: Field, change: Callable[[str], str]) -> Field:
    if isinstance(field, tuple):
        return tuple(_mapped_one(one, change) for one in field)
    return _mapped_one(field, change)


def _mapped_one(field: One, change: Callable[[str], str]) -> One:
    match field:
        case str():
            return change(field)
        case Message():
            return field.mapped(change)
    return field


def _written(field: Field, translate: Callable[[str], str]) -> str:
    match field:
        case Message():
            return field.text(translate)
        case tuple():
            return ", ".join(_written(one, translate) for one in field)
    return str(field)

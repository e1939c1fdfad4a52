"""Failures and notices are messages: the id of a sentence and its fields, as JSON.

What the versions before this one wrote in English becomes the message that it was made of; a
sentence that none of these patterns fits becomes a message without fields.
"""

import json
import re
from collections.abc import Iterable
from functools import cache

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

# The sentences of schema 0007, by the column that has them. Those with fewer words come last.
FAILURES = (
    "the file is empty",
    "the file changed while it was read",
    "the file went away while it was read",
    "the image has no pixels",
    "not an image of a known format",
    "too large for this machine's memory",
    "{width} x {height} pixels are more than the limit of {limit} million",
    "its name is not valid UTF-8: rename the file",
    "a TIFF compressed with {method}, which Pillow cannot read: save it with another",
    "a TIFF with {kind}, which Pillow cannot read: save it as 8 or 16 bits, grey or RGB",
    "a JPEG with {kind}, which Pillow cannot read: convert it to PNG",
    "a BMP with {kind}, which Pillow cannot read: convert it to PNG",
    "a file of the format {format}: convert it to JPEG or PNG",
    "a film, not a picture",
    "an AVIF photo: pip install --upgrade pillow",
    'a HEIC photo, as iPhones take them: pip install "recollect-photos[heic]", '
    "then indexer failures --retry",
    "{count} workers of the cluster were lost while they had it",
    "cannot be scanned: its storage gives no size",
    "cannot be scanned: {why}",
    "cannot be scaled for the encoder: {why}",
    "the encoder failed: {why}",
    "its thumbnail cannot be written: {why}",
    "cannot be looked up: {why}",
    "cannot be recorded: {why}",
    "cannot be read: {why}",
    "damaged: {why}",
)
ODDITIES = (
    "the file lacks its end marker; all its pixels are there",
    "parts of the file that the picture can do without are damaged or too large, and were "
    "ignored: {parts}",
)
NOTICES = (
    "{path} looks unmounted: {kept}; if they are gone for good: indexer rebuild --accept-gone",
    "{path}: the folder {folder} cannot be read, its photos kept",
    "{path}: {count} folders cannot be read, their photos kept: {names}",
    "{path} cannot be read ({why}): {kept}",
    "{path} cannot be read ({why})",
)
RENAMED = {  # to what the program says now
    "the file went away while it was read": "the file disappeared while it was read",
    "a film, not a picture": "a video, not a picture",
    NOTICES[0]: "{path} looks unmounted: {kept}; if they were deleted: "
    "indexer rebuild --accept-missing",
}
WITHIN = {  # what these fields may hold
    "kept": ("1 photo kept", "{count} photos kept"),
    "names": ("{names} and {count} more",),
    "method": ("method {number}",),
    "kind": (
        "{bits}-bit {colour} in {samples} samples a pixel",
        "a JPEG in it",
        "a PNG in it",
        "{bits} bits a pixel",
        "lossless coding",
        "hierarchical coding",
        "{bits} bits a sample",
        "{channels} channels",
    ),
}
NUMBERS = frozenset(("width", "height", "limit", "count", "number", "bits", "samples", "channels"))
COLUMNS = (
    ("photos", "error", FAILURES),
    ("contents", "notice", ODDITIES),
    ("roots", "notice", NOTICES),
)


def upgrade() -> None:
    for name, column, sentences in COLUMNS:
        table = sa.table(name, sa.column("id", sa.BigInteger), sa.column(column, sa.String))
        stored = sa.select(table.c.id, table.c[column]).where(table.c[column].is_not(None))
        new = [
            {"row": row[0], "message": json.dumps(message(row[1], sentences), ensure_ascii=False)}
            for row in op.get_bind().execute(stored)
        ]
        if new:
            change = sa.update(table).where(table.c.id == sa.bindparam("row"))
            op.get_bind().execute(change.values({column: sa.bindparam("message")}), new)


def message(text: str, sentences: Iterable[str]) -> dict[str, object]:
    """The form of a stored message."""
    return parsed(text, sentences) or {"id": text, "fields": {}}


def parsed(text: str, sentences: Iterable[str]) -> dict[str, object] | None:
    """The message that the text was made of; None if it is none of these sentences."""
    for sentence in sentences:
        if match := pattern(sentence).fullmatch(text):
            fields = {name: value(name, part) for name, part in match.groupdict().items()}
            return {"id": RENAMED.get(sentence, sentence), "fields": fields}
    return None


def value(name: str, text: str) -> object:
    """What a field holds: a number, a message within the message, or text."""
    if name in NUMBERS and text.isdecimal():
        return int(text)
    return parsed(text, WITHIN.get(name, ())) or text


@cache
def pattern(sentence: str) -> re.Pattern[str]:
    """What fits this sentence, whatever its fields hold."""
    parts = re.split(r"\{(\w+)\}", sentence)
    texts, names = map(re.escape, parts[::2]), [f"(?P<{name}>.+)" for name in parts[1::2]]
    return re.compile("".join(map("".join, zip(texts, [*names, ""], strict=True))), re.DOTALL)

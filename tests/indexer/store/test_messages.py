"""Failures and notices in the database: messages, those of older versions too."""

from __future__ import annotations

import json
from importlib import import_module
from itertools import chain
from typing import Any

import pytest

from clipcore.messages import FIELD, N_, Message, MessageId
from tests.app.i18n.marks import marked

migration: Any = import_module("indexer.store.migrations.versions.0008_messages")

KEPT = Message(N_("{count} photos kept"), count=3)
KIND = Message(
    N_("{bits}-bit {colour} in {samples} samples a pixel"), bits=16, colour="CIE Lab", samples=3
)
NAMES = Message(N_("{names} and {count} more"), names="a, b, c", count=2)
UNMOUNTED = N_(
    "{path} looks unmounted: {kept}; if they were deleted: indexer rebuild --accept-missing"
)
UNSEEN = N_("{path}: {count} folders cannot be read, their photos kept: {names}")
TIFF = N_("a TIFF with {kind}, which Pillow cannot read: save it as 8 or 16 bits, grey or RGB")
PIXELS = N_("{width} x {height} pixels are more than the limit of {limit} million")


def sentences() -> list[str]:
    lists = (migration.FAILURES, migration.ODDITIES, migration.NOTICES)
    return list(chain(*lists, *migration.WITHIN.values()))


@pytest.mark.parametrize(
    ("message", "known"),
    [
        (Message(N_("the file is empty")), migration.FAILURES),
        (Message(N_("damaged: {why}"), why="broken data stream"), migration.FAILURES),
        (Message(N_("cannot be read: {why}"), why="cannot be read: {why}"), migration.FAILURES),
        (Message(N_("cannot be scanned: its storage gives no size")), migration.FAILURES),
        (Message(PIXELS, width=70000, height=70000, limit=500), migration.FAILURES),
        (Message(TIFF, kind=KIND), migration.FAILURES),
        (Message(N_("{path} cannot be read ({why}): {kept}"), path="s3://a", why="x", kept=KEPT),
         migration.NOTICES),
        (Message(N_("{path} cannot be read ({why})"), path="/a", why="x"), migration.NOTICES),
        (Message(UNSEEN, path="/a", count=5, names=NAMES), migration.NOTICES),
        (Message(UNSEEN, path="/a", count=2, names="a, b"), migration.NOTICES),
    ],
    ids=lambda value: value.id if isinstance(value, Message) else "",
)  # fmt: skip
def test_an_old_sentence_is_the_message_that_is_made_today(message: Message, known: Any) -> None:
    assert migration.message(str(message), known) == json.loads(message.to_json())


def test_a_sentence_with_other_words_now_becomes_the_message_of_today() -> None:
    old = "/a looks unmounted: 3 photos kept; if they are gone for good: "
    old += "indexer rebuild --accept-gone"
    today = Message(UNMOUNTED, path="/a", kept=KEPT)
    assert migration.message(old, migration.NOTICES) == json.loads(today.to_json())


@pytest.mark.parametrize("text", ["what nobody knows", "a {brace} and {why}", ""])
def test_a_sentence_that_is_not_known_stays_as_it_is(text: str) -> None:
    stored = json.dumps(migration.message(text, migration.FAILURES))
    assert str(Message.from_json(stored)) == text


@pytest.mark.parametrize("sentence", sentences())
def test_each_sentence_that_libraries_hold_is_read_and_translated(sentence: str) -> None:
    fields = dict.fromkeys(FIELD.findall(sentence), "7")
    text = str(Message(MessageId(sentence), **fields))
    now = migration.RENAMED.get(sentence, sentence)
    assert migration.parsed(text, [sentence])["id"] == now
    assert now in marked()  # whoever rewords it brings a migration

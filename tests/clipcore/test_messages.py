"""A message: one sentence and its fields, written, compared, sent and stored."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipcore.errors import CheckpointDamaged
from clipcore.messages import N_, Message, MessageId, joined, literal

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SINGLES = TEXTS | st.integers() | st.floats()
FIELDS = st.dictionaries(st.from_regex(r"[a-z_]+", fullmatch=True), SINGLES, max_size=3)
FLAT = st.builds(lambda text, fields: Message(MessageId(text), **fields), TEXTS, FIELDS)
MESSAGES = st.builds(
    lambda text, fields, inner, several: Message(
        MessageId(text), **{**fields, "inner": inner, "several": tuple(several)}
    ),
    TEXTS,
    FIELDS,
    FLAT,
    st.lists(SINGLES | FLAT, max_size=3),
)
EMPTY = Message(N_("the file is empty"))
DAMAGED = Message(N_("{path} is damaged: {why}"), path=Path("a.jpg"), why=EMPTY)
GERMAN = {"the file is empty": "die Datei ist leer", "{path} is damaged: {why}": "{why}: {path}"}


@given(MESSAGES)
def test_a_message_comes_back_from_json_and_from_a_pickle(message: Message) -> None:
    back = Message.from_json(message.to_json())
    assert back == pickle.loads(pickle.dumps(message)) == message
    assert hash(back) == hash(message)
    assert str(back) == str(message)


@pytest.mark.parametrize("text", ["", "7", "{}", '{"id": 7, "fields": {}}', '{"id": "a"}', "a"])
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Message.from_json(text)


def test_fields_are_filled_in() -> None:
    assert str(DAMAGED) == "a.jpg is damaged: the file is empty"


def test_a_language_has_the_sentences_and_their_order() -> None:
    assert DAMAGED.text(lambda text: GERMAN[text]) == "die Datei ist leer: a.jpg"


def test_a_field_is_no_sentence_with_fields() -> None:
    braces = Message(N_("{path} is damaged: {why}"), path="{why}", why="{path} {0} {")
    assert str(braces) == "{why} is damaged: {path} {0} {"


def test_a_text_without_fields_may_hold_braces() -> None:
    assert str(literal("a {strange} name")) == "a {strange} name"


def test_a_field_that_is_not_given_stays_visible() -> None:
    assert str(Message(N_("{path} is damaged: {why}"), path="a")) == "a is damaged: {why}"


def test_several_values_stand_between_commas_and_messages_between_semicolons() -> None:
    assert str(Message(N_("one of {choices}"), choices=("a", EMPTY))) == (
        "one of a, the file is empty"
    )
    assert str(joined([EMPTY, literal("a"), literal("b")])) == "the file is empty; a; b"
    assert joined([EMPTY]) == EMPTY


def test_each_text_of_a_message_is_changed() -> None:
    upper = Message(N_("{a} {b} {c}"), a="x", b=Message(N_("{d}"), d="y"), c=("z", 1))
    assert str(upper.mapped(str.upper)) == "X Y Z, 1"


def test_an_error_keeps_its_message_on_its_way_to_another_process() -> None:
    error = CheckpointDamaged(N_("{path} is damaged: {why}"), path="a.jpg", why=EMPTY)
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is CheckpointDamaged
    assert (back.message, str(back)) == (DAMAGED, "a.jpg is damaged: the file is empty")


def test_an_error_within_a_message_is_its_message() -> None:
    error = CheckpointDamaged(EMPTY)
    assert Message(N_("{path} is damaged: {why}"), path="a.jpg", why=error) == DAMAGED

"""The messages of the indexer and the models: marked, whole, in the visitor's language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.i18n.language import speaking, translated, translations
from clipcore.messages import FIELD, N_, Message, MessageError
from indexer.errors import QueryError
from indexer.query.query import parse
from tests.app.i18n.marks import calls, marked

OF_AN_ERROR = {"query", "column"}  # of a QueryError: no fields of its sentence


@pytest.mark.slow
def test_a_message_gets_the_fields_of_its_sentence() -> None:
    wrong = [
        f"{path}: {call.lineno}: {sentence}"
        for path, call, sentence in _messages()
        if all(one.arg for one in call.keywords)
        and {one.arg for one in call.keywords} - OF_AN_ERROR
        != set(FIELD.findall(sentence)) - OF_AN_ERROR
    ]
    assert wrong == []


def test_no_error_has_a_text_that_is_not_marked() -> None:
    wrong = [
        f"{path}: {call.lineno}"
        for path, call in calls()
        if _name(call) in {*_errors(), "Message"} and _has_literal(call)
    ]
    assert wrong == []


def test_what_is_marked_is_a_literal() -> None:
    wrong = [
        f"{path}: {call.lineno}"
        for path, call in calls()
        if _name(call) == "N_" and not isinstance(call.args[0], ast.Constant)
    ]
    assert wrong == []


def test_what_counts_as_an_unmarked_error() -> None:
    calls = [
        node
        for node in ast.walk(
            ast.parse(
                'Bad("a"); Bad(f"a {b}"); Bad(N_("a")); Bad(message); Bad("a" if b else N_("c"))'
            )
        )
        if isinstance(node, ast.Call) and _name(node) == "Bad"
    ]
    assert [_has_literal(call) for call in calls] == [True, True, False, False, True]


def in_chinese(sentence: str, **fields: object) -> str:
    """The catalogue's translation with these fields."""
    translation = translations("zh").gettext(sentence)
    assert translation != sentence
    return translation.format(**fields)


def test_a_message_within_a_message_is_translated() -> None:
    outer, inner = N_("{path} cannot be read ({why}): {kept}"), N_("{count} photos kept")
    with speaking("zh"):
        translation = translated(Message(outer, path="/a", why="x", kept=Message(inner, count=3)))
    assert translation == in_chinese(outer, path="/a", why="x", kept=in_chinese(inner, count=3))


def test_an_error_is_translated_with_its_column() -> None:
    with pytest.raises(QueryError) as raised:
        parse("a year:x")
    message = raised.value.message
    problem = message.fields["problem"]
    assert isinstance(problem, Message)
    with speaking("zh"):
        whole, part = translated(raised.value), translated(problem)
    assert part != str(problem)
    assert whole == in_chinese(message.id, problem=part, column=8)


WRONG_VALUES = (
    *("year:1700", "year:2020..2018", "month:13", "after:2019-02-30", "near:narnia"),
    *("near:91,200", "near:9,200", "near:9,9", "near:9,9,0km", "near:9..8,1..2"),
)
WRONG = ("", "a -", '"x', '""', "0:a", "colour:red", "near:x", "after:x", "month:13", "shape:x")


@pytest.mark.slow
@pytest.mark.parametrize("query", [*WRONG, *WRONG_VALUES, "year:20", "camera:,"])
def test_errors_of_the_query_are_known_sentences(query: str) -> None:
    with pytest.raises(QueryError) as raised:
        parse(query)
    ids = list(_ids(raised.value.message))
    assert ids
    assert set(ids) <= marked()
    assert translated(raised.value) == str(raised.value)


def _ids(message: Message) -> Iterator[str]:
    """The ids of a message and of those within it."""
    yield message.id
    for field in message.fields.values():
        for one in field if isinstance(field, tuple) else (field,):
            if isinstance(one, Message):
                yield from _ids(one)


def _messages() -> Iterator[tuple[Path, ast.Call, str]]:
    """Calls that make a message of a marked sentence, with the sentence."""
    for path, call in calls():
        match call:
            case ast.Call(
                args=[ast.Call(func=ast.Name(id="N_"), args=[ast.Constant(value=str(sentence))])]
            ):
                yield path, call, sentence


def _errors() -> set[str]:
    """The names of all errors that have a message."""
    found, todo = set[str](), [MessageError]
    while todo:
        kind = todo.pop()
        found.add(kind.__name__)
        todo += kind.__subclasses__()
    return found


def _name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _has_literal(call: ast.Call) -> bool:
    """Whether the first argument is text, or may be, that is not marked."""
    match call.args:
        case [ast.Constant() | ast.JoinedStr() | ast.BinOp(), *_]:
            return True
        case [ast.IfExp(body=body, orelse=orelse), *_]:
            return isinstance(body, ast.Constant) or isinstance(orelse, ast.Constant)
    return False

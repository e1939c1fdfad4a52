"""The languages of the page: each string is translated, and each translation is used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from app.i18n.language import (
    CATALOGUES,
    LANGUAGES,
    LOCALES,
    day,
    number,
    translations,
)
from indexer.explore.concepts import concepts
from tests.app.i18n.marks import APP, Msgid, marked

FIELD = re.compile(r"\{[^}]*\}")
TRANSLATED = sorted(set(LANGUAGES) - {"en"})
MARKS = {"_", "N_", "ngettext"}
KEYS = {"ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Enter", "Escape", "Home", "End"}
SAME = {"Recollect", "English", "Screenshots/\n*.gif"}  # in each language
UNITS = r"\b(?:px|mm|ms|kB|MB)\b"
TOLD = "goes through _() or ngettext() of app/i18n/language.py"


def test_a_word_has_its_translation() -> None:
    assert translations("zh").gettext("Search") == "搜索"


def test_english_is_what_the_code_says() -> None:
    assert translations("en").gettext("Search") == "Search"


def test_dates_and_numbers_without_a_visitor_are_english() -> None:
    assert day(datetime(2018, 5, 6)) == "6 May 2018"
    assert number(1234.5) == "1,234.5"


def test_each_language_has_a_way_to_write_dates() -> None:
    assert set(LOCALES) == set(LANGUAGES)


@pytest.mark.slow
@pytest.mark.parametrize("code", TRANSLATED)
def test_each_message_is_translated_and_no_translation_is_left_over(code: str) -> None:
    path = CATALOGUES / code / "LC_MESSAGES" / "page.po"
    translated = {message.id for message in _catalogue(code) if all(_strings(message))}
    marked_here = marked()
    missing, left_over = marked_here - translated, translated - marked_here
    assert not missing, f"{path} lacks these:\n{_entries(missing)}"
    assert not left_over, f"{path} has these, which nobody says any more:\n{_entries(left_over)}"


@pytest.mark.parametrize("code", TRANSLATED)
def test_each_concept_that_names_a_group_is_translated(code: str) -> None:
    found = {message.id for message in _catalogue(code, "concepts") if all(_strings(message))}
    assert found == set(concepts())


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_translation_has_the_fields_of_its_message(code: str) -> None:
    for message in _catalogue(code):
        many = message.id if isinstance(message.id, str) else message.id[1]
        for string in _strings(message):
            assert set(FIELD.findall(string)) == set(FIELD.findall(many)), many


@pytest.mark.parametrize("path", sorted(APP.rglob("*.py")), ids=lambda path: path.name)
def test_each_string_for_people_is_marked(path: Path) -> None:
    module = ast.parse(path.read_text("utf-8"))
    found = [f"line {line}: {text!r}" for line, text in _unmarked(module) if _for_people(text)]
    assert found == [], f"{path.name}: what a person reads {TOLD}"


@pytest.mark.parametrize("path", sorted(APP.rglob("*.js")), ids=lambda path: path.name)
def test_no_script_has_a_string_for_people(path: Path) -> None:
    code = re.sub(r"^\s*//.*| // .*", "", path.read_text("utf-8"), flags=re.M)
    strings = re.findall(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`', code)
    texts = {re.sub(r"\$\{[^}]*\}", "", one or other) for one, other in strings} - KEYS
    found = [text for text in texts if re.match(r"[A-Z][a-z]", text)]
    assert found == [], f"{path.name}: what a person reads {TOLD} and comes with the data"


def test_what_counts_as_a_string_for_people() -> None:
    module = ast.parse(
        'st.text("Two words"); st.text(_("Three words here")); log.info("not for people")\n'
        'st.text(f"{n} photos"); raise QueryError("it says this"); st.button(key="a_key")\n'
        'st.html(\'<p class="some name">\'); x = {"label": "Open"}'
    )
    found = [text for _, text in _unmarked(module) if _for_people(text)]
    assert found == ["Two words", "{} photos", "Open"]


def _catalogue(code: str, domain: str = "page") -> list[Message]:
    with (CATALOGUES / code / "LC_MESSAGES" / f"{domain}.po").open("rb") as file:
        return [message for message in read_po(file, locale=code) if message.id]


def _entries(messages: set[Msgid]) -> str:
    """The messages as the catalogue has them, without a translation."""
    catalogue = Catalog()
    for message in sorted(messages, key=str):
        catalogue.add(message)
    written = BytesIO()
    write_po(written, catalogue, omit_header=True)
    return written.getvalue().decode()


def _strings(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def _unmarked(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Strings of the code that neither a mark, a docstring, an error nor the log has."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Raise) or _is_docstring(child) or _is_quiet_call(child):
            continue
        if text := _text(child):
            yield child.lineno, text  # type: ignore[attr-defined]
        if not isinstance(child, ast.JoinedStr):
            yield from _unmarked(child)
            continue
        for value in child.values:
            if isinstance(value, ast.FormattedValue):
                yield from _unmarked(value)


def _text(node: ast.AST) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_text(value) or "{}" for value in values)
    return None


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_quiet_call(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return name in MARKS
        case ast.Call(func=ast.Attribute(value=ast.Name(id="log"))):
            return True
    return False


def _for_people(text: str) -> bool:
    """Whether it has words: a capital letter to begin with, or several of them in a row."""
    bare = re.sub(rf"<[^>]*>?|:material/\w+:|{UNITS}", "", text).strip()
    if bare in SAME or re.match(r"[a-z]+:\S", bare):  # an address, a filter
        return False
    return bool(re.match(r"[A-Z][a-z]", bare) or re.search(r"[a-z}] [a-z]{2}", bare))

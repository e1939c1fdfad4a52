"""The catalogues of the page: complete for what they hold, and quiet about what they do not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from app.language import CATALOGUES, LANGUAGES, translations

FIELD = re.compile(r"\{[^}]*\}")
TRANSLATED = sorted(set(LANGUAGES) - {"en"})


def test_a_word_has_its_translation() -> None:
    assert translations("zh").gettext("Search") == "搜索"


def test_english_is_what_the_code_says() -> None:
    assert translations("en").gettext("Search") == "Search"


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_translation_has_the_fields_of_its_message(code: str) -> None:
    for message in _messages(CATALOGUES / code / "LC_MESSAGES" / "page.po"):
        id_, string = message
        assert set(FIELD.findall(string)) == set(FIELD.findall(id_)), id_
        assert string, f"{id_} is not translated"


def _messages(path: Path) -> list[tuple[str, str]]:
    """Each message with each of its translations; the plural stands for both forms."""
    with path.open("rb") as file:
        catalogue = read_po(file)
    pairs = []
    for message in catalogue:
        if message.id == "":
            continue
        id_ = message.id if isinstance(message.id, str) else message.id[1]
        strings = (message.string,) if isinstance(message.string, str) else message.string
        pairs += [(id_, string) for string in strings]
    assert pairs
    return pairs

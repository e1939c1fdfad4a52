"""Which queries show that the model does not understand their language, and what would."""

from __future__ import annotations

import pytest

from clipcore.families.recommended import RECOMMENDED, Purpose
from clipcore.families.registry import Languages, find
from indexer.query.query import parse
from indexer.records.models import Model
from indexer.search.languages import NO_PACKAGE, OTHER_MODEL, TEXT_TOWER, notice

ENGLISH, CHINESE, MANY = Languages.ENGLISH, Languages.CHINESE, Languages.MANY
DEFAULT = Model(RECOMMENDED[Purpose.ENGLISH], f"{RECOMMENDED[Purpose.ENGLISH]}@12345678")


@pytest.mark.parametrize(
    ("query", "languages"),
    [
        ("a café in Zürich", ENGLISH),
        ("ｓｎｏｗ - 2:dog", ENGLISH),
        ("./雪.jpg + #12 folder:雪山", ENGLISH),
        ("雪山 snow", CHINESE),
        ("снег 雪", MANY),
        ("снег 雪", None),
    ],
)
def test_a_query_that_may_be_understood_is_left_alone(
    query: str, languages: Languages | None
) -> None:
    assert notice(parse(query), DEFAULT, lambda: languages) is None


@pytest.mark.parametrize(
    ("query", "languages", "purpose"),
    [
        ("雪山", ENGLISH, Purpose.CHINESE),
        ("dog - 2:雪山", ENGLISH, Purpose.CHINESE),
        ("雪の山", ENGLISH, Purpose.MANY_LANGUAGES),
        ("снег", ENGLISH, Purpose.MANY_LANGUAGES),
        ("снег", CHINESE, Purpose.MANY_LANGUAGES),
    ],
)
def test_another_script_names_the_model_that_suits(
    query: str, languages: Languages, purpose: Purpose
) -> None:
    message = notice(parse(query), DEFAULT, lambda: languages)
    assert message is not None
    assert (message.id, message.fields["other"]) == (OTHER_MODEL, RECOMMENDED[purpose])


def test_a_text_tower_for_the_vectors_that_are_there_goes_before_another_model() -> None:
    message = notice(parse("снег"), Model("ViT-B/32", "ViT-B-32/openai@12345678"), lambda: ENGLISH)
    assert message is not None
    assert message.id == TEXT_TOWER
    tower = find(str(message.fields["other"]))
    assert tower is not None
    assert tower.text_tower_of == "ViT-B-32/openai"


def test_of_the_starter_the_package_is_named() -> None:
    message = notice(parse("снег"), Model("starter", "starter-2"), lambda: ENGLISH)
    assert message is not None
    assert message.id == NO_PACKAGE

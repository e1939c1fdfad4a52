"""The models that are recommended exist, may be used by all, and are what they are said to be."""

from __future__ import annotations

import pytest

from clipcore.checkpoints.catalogue import default_name
from clipcore.families import registry
from clipcore.families.recommended import RECOMMENDED, Purpose, purposes_of
from clipcore.families.registry import KnownModel, Languages


def model_for(purpose: Purpose) -> KnownModel:
    model = registry.find(RECOMMENDED[purpose])
    assert model is not None
    return model


@pytest.mark.parametrize("purpose", RECOMMENDED)
def test_a_recommended_model_has_a_licence_for_all_uses(purpose: Purpose) -> None:
    model = model_for(purpose)
    assert model.licence
    assert not model.is_non_commercial
    assert purpose in purposes_of(model.source)


def test_the_default_is_the_one_for_english() -> None:
    assert RECOMMENDED[Purpose.ENGLISH] == default_name()


def test_the_ones_for_other_languages_understand_them() -> None:
    assert model_for(Purpose.MANY_LANGUAGES).languages == Languages.MANY
    assert model_for(Purpose.CHINESE).languages in (Languages.MANY, Languages.CHINESE)


def test_the_best_is_the_most_accurate_of_those_that_may_be_recommended() -> None:
    free = [one for one in registry.known_models() if one.licence and not one.is_non_commercial]
    best = max(one.accuracy or 0 for one in free)
    assert model_for(Purpose.BEST).accuracy == best


def test_the_one_for_a_small_machine_computes_least_for_a_photo() -> None:
    least = min(one.image_gflops for one in registry.known_models() if one.image_gflops)
    assert model_for(Purpose.SMALL_MACHINE).image_gflops == least


def test_licences_that_forbid_commercial_use_are_known_as_such() -> None:
    named = {one.licence: one.is_non_commercial for one in registry.known_models() if one.licence}
    for licence, is_non_commercial in named.items():
        assert is_non_commercial == ("NC" in licence or "AMLR" in licence)


def test_a_search_takes_no_more_memory_than_the_whole_model_in_two_precisions() -> None:
    for model in registry.known_models():
        assert isinstance(model.languages, Languages)
        if model.query_bytes and model.memory_bytes:
            assert 0 < model.query_bytes < 1.5 * model.memory_bytes, model.source

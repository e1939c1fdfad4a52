"""The languages of each model known by name are those that its vocabulary shows."""

from __future__ import annotations

from clipcore.checkpoints import catalogue, siglip_catalogue
from clipcore.families import registry
from clipcore.families.languages import languages_of


def test_the_vocabulary_shows_the_languages_that_the_catalogue_has() -> None:
    entries = (*catalogue.table(), *siglip_catalogue.table())
    for entry in entries:
        known = registry.find(entry.name)
        assert known is not None
        assert (entry.name, languages_of(entry.vocab_size)) == (entry.name, known.languages)

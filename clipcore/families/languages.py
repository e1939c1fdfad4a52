"""The languages that a text tower understands, by the size of its vocabulary."""

from __future__ import annotations

from typing import Final

from clipcore.families.registry import Languages

# the vocabularies of many languages: XLM-R's 250,002 pieces, mT5's 250,000, Gemma's 256,000,
# multilingual BERT's 119,547; those of English alone have 30,000 to 50,000
MANY_FROM: Final = 100_000
CHINESE: Final = 21_128  # characters of bert-base-chinese, which Chinese RoBERTa took over


def languages_of(vocab_size: int) -> Languages:
    """The languages of a vocabulary of so many pieces."""
    if vocab_size >= MANY_FROM:
        return Languages.MANY
    return Languages.CHINESE if vocab_size == CHINESE else Languages.ENGLISH

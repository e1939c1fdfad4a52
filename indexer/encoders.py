"""Opens the encoder that a library names."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Final

from clipcore import Encoder
from clipcore.messages import N_
from indexer.errors import ModelMismatch
from indexer.records.models import Model

AUTO: Final = "auto"


OpenEncoder = Callable[[str], Encoder]


def encoder_of(model: Model, open_encoder: OpenEncoder) -> Encoder:
    """The encoder of a library's model, its text tower swapped where the library wants that.

    Raises ModelMismatch if another one has its name now.
    """
    encoder = open_encoder(model.source)
    if encoder.model_id != model.id:
        raise ModelMismatch(
            N_(
                "the library was made with the model {old}, but {source} is {new} now: "
                "'indexer rebuild --model {source}' switches to it"
            ),
            old=model.id,
            source=model.source,
            new=encoder.model_id,
        )
    if model.text is None:
        return encoder
    from clipcore.families.text_tower import SwappedTexts, TextTower  # few libraries have one

    return SwappedTexts(encoder, cache(partial(TextTower, model.text)))


def texts_id(encoder: Encoder) -> str:
    """Names what embeds the texts: the encoder itself, or the text tower in place of its own."""
    texts = getattr(encoder, "open_texts", None)
    return encoder.model_id if texts is None else str(texts().tower_id)

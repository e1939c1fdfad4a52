"""Opens the encoder that a library names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from clipcore import Encoder
from clipcore.messages import N_
from indexer.errors import ModelMismatch
from indexer.records.models import Model

AUTO: Final = "auto"


OpenEncoder = Callable[[str], Encoder]


def encoder_of(model: Model, open_encoder: OpenEncoder) -> Encoder:
    """The encoder of a library's model. Raises ModelMismatch if another one has its name now."""
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
    return encoder

"""The store of a library, made where there is none yet, and the model that a new library gets."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from clipcore import Encoder
from clipcore.checkpoints import choose
from indexer.errors import LibraryNotFound
from indexer.home import WRITTEN_BY, Home
from indexer.lock import held
from indexer.records import Model
from indexer.store import Store

log = logging.getLogger(__name__)

AUTO: Final = "auto"

OpenEncoder = Callable[[str], Encoder]


def opened(home: Home, create: bool, model: str, open_encoder: OpenEncoder) -> Store:
    """The library's store, of a new library if there is none and `create` allows it."""
    try:
        return Store.open(home.database)
    except LibraryNotFound:
        if not create:
            raise
    home.make()
    asked = asked_model(_best_model() if model == AUTO else model, open_encoder)
    with held(home.directory, "writer", WRITTEN_BY), suppress(LibraryNotFound):
        return Store.open(home.database)  # another process was quicker
    return Store.create(home.database, asked)


def _best_model() -> str:
    choice = choose()
    if choice.warning:
        log.warning("%s", choice.warning)
    return choice.source


def asked_model(source: str, open_encoder: OpenEncoder) -> Model:
    """The model that a name or a path means; a path is kept absolute."""
    if Path(source).exists():
        source = str(Path(source).absolute())
    return Model(source, open_encoder(source).model_id)

"""The store of a library, made where there is none yet, and the model that a new library gets."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from clipcore.families.default import choose
from clipcore.messages import N_
from indexer.encoders import AUTO, OpenEncoder
from indexer.errors import LibraryNotFound, ModelMismatch
from indexer.library.backend import WRITTEN_BY, FileBackend
from indexer.library.roots import check_directory
from indexer.location import Location
from indexer.locking import held
from indexer.records.models import Model
from indexer.store.store import Store

log = logging.getLogger(__name__)


def opened(
    backend: FileBackend,
    create: bool,
    model: str,
    open_encoder: OpenEncoder,
    directories: Iterable[Location] = (),
) -> Store:
    """The library's store, of a new library if there is none and `create` allows it.

    Nothing is written for one that may not have those photo directories. Raises RootError.
    """
    try:
        store = Store.open(backend.database)
    except LibraryNotFound:
        if not create:
            raise
        store = _created(backend, model, open_encoder, directories)
    backend.close_to_others()
    return store


def _created(
    backend: FileBackend, model: str, open_encoder: OpenEncoder, directories: Iterable[Location]
) -> Store:
    for directory in directories:
        check_directory(backend.directory, directory, is_new=True)
    asked = asked_model(_best_model() if model == AUTO else model, open_encoder)
    backend.make()
    with held(backend.directory, "writer", WRITTEN_BY):
        try:
            return Store.open(backend.database)  # another process was quicker
        except LibraryNotFound:
            return Store.create(backend.database, asked)


def _best_model() -> str:
    choice = choose()
    if choice.warning:
        log.warning("%s", choice.warning)
    return choice.source


def asked_model(source: str, open_encoder: OpenEncoder) -> Model:
    """The model that a name or a path means."""
    source = absolute(source)
    return Model(source, open_encoder(source).model_id)


def absolute(source: str) -> str:
    """What opens the same model from any directory."""
    return str(Path(source).absolute()) if Path(source).exists() else source


def use_model(
    store: Store, name: str, source: str, open_encoder: OpenEncoder, *, switch: bool
) -> None:
    """Read and write that model's embeddings, of the library of this name.

    Closes the store where that fails. Raises ModelMismatch where it is not the library's and
    `switch` does not allow it.
    """
    try:
        asked = asked_model(source, open_encoder)
        if asked.id != store.model_id and not switch:
            raise ModelMismatch(
                N_(
                    "the library at {name} was made with the model {old}, not {new}: leave out "
                    "--model, or switch with 'indexer rebuild --model {source}'"
                ),
                name=name,
                old=store.model_id,
                new=asked.id,
                source=asked.source,
            )
    except BaseException:
        store.close()
        raise
    if asked.id != store.model_id:
        store.model = asked

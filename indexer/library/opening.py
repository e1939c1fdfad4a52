"""The store of a library, made where there is none yet, and the model that a new library gets."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from clipcore.messages import N_
from indexer.encoders import AUTO, OpenEncoder
from indexer.errors import LibraryNotFound, ModelMismatch
from indexer.library.directory import LibraryDirectory
from indexer.library.roots import check_directory
from indexer.location import Location
from indexer.records.models import Model
from indexer.store.store import Store

log = logging.getLogger(__name__)


def open_store(
    directory: LibraryDirectory,
    create: bool,
    model: str,
    open_encoder: OpenEncoder,
    roots: Iterable[Location] = (),
) -> Store:
    """The library's store, of a new library if there is none and `create` allows it.

    Nothing is written for one that may not have those photo directories. Raises RootError.
    """
    try:
        store = Store.open(directory.database)
    except LibraryNotFound:
        if not create:
            raise
        store = _created(directory, model, open_encoder, roots)
    directory.close_to_others()
    return store


def _created(
    directory: LibraryDirectory, model: str, open_encoder: OpenEncoder, roots: Iterable[Location]
) -> Store:
    for root in roots:
        check_directory(directory.path, root, is_new=True)
    requested = requested_model(_best_model() if model == AUTO else model, open_encoder)
    directory.make()
    with directory.writer_lock():
        try:
            return Store.open(directory.database)  # another process was quicker
        except LibraryNotFound:
            return Store.create(directory.database, requested)


def _best_model() -> str:
    from clipcore.families.default import choose  # a library that exists needs no catalogue

    choice = choose()
    if choice.warning:
        log.warning("%s", choice.warning)
    return choice.source


def requested_model(source: str, open_encoder: OpenEncoder) -> Model:
    """The model that a name or a path means."""
    source = absolute(source)
    return Model(source, open_encoder(source).model_id)


def absolute(source: str) -> str:
    """What opens the same model from any directory."""
    return str(Path(source).absolute()) if Path(source).exists() else source


def with_model(
    store: Store, name: str, source: str, open_encoder: OpenEncoder, *, switch: bool
) -> Store:
    """The store with that model's embeddings, of the library of this name.

    Closes the store where that fails. Raises ModelMismatch where it is not the library's and
    `switch` does not allow it.
    """
    try:
        model = requested_model(source, open_encoder)
        if model.id == store.model_id:
            return store
        if switch:
            return store.with_model(model)
        raise ModelMismatch(
            N_(
                "the library at {name} was made with the model {old}, not {new}: leave out "
                "--model, or switch with 'indexer rebuild --model {source}'"
            ),
            name=name,
            old=store.model_id,
            new=model.id,
            source=model.source,
        )
    except BaseException:
        store.close()
        raise

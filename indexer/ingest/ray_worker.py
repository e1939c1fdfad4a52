"""The actors on a Ray cluster: workers with the model, and the claims they share.

Plain classes, which ray_pool.py makes actors of. A worker's machine must reach the photo
directories under the same paths or URLs; of the library it knows what it asks for.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from clipcore.encoder import Encoder
from clipcore.messages import N_
from indexer.encoders import OpenEncoder, encoder_of
from indexer.errors import ClusterError, InFlight, RootError
from indexer.faults import ends_the_run
from indexer.imaging.memory_budget import Room, free_for_decoding
from indexer.ingest.shard import Done, Job, ShardWorker
from indexer.ingest.workers import Claims
from indexer.location import Location
from indexer.records.models import Model
from indexer.sources.originals import Originals
from indexer.store.database import DatabaseLocation
from indexer.store.outcomes import KnownContent
from indexer.store.store import Store

Thumbnails = dict[bytes, bytes]  # JPEGs by the hash of the photo's bytes


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Settings of every worker. `per_machine`: at most so many share a machine's memory."""

    model: Model
    open_encoder: OpenEncoder
    folders: Mapping[int, Location]
    per_machine: int


class SharedClaims:
    """Tells workers what the library has, and sees to it that equal bytes are embedded once.

    It runs where the library lies. A restarted one no longer knows what is in flight: then equal
    bytes may be embedded twice, and are kept once.
    """

    def __init__(self, location: DatabaseLocation, model: Model, reembed: bool) -> None:
        store = Store.open(location).with_model(model)
        self._claims = Claims(store.ingest.known, reembed=reembed)

    def known(self, sha256: bytes, shard: int) -> tuple[bool, KnownContent | None]:
        """(whether another shard has these bytes in hand, else what the library has of them)."""
        try:
            return False, self._claims.known(sha256, shard)
        except InFlight:
            return True, None

    def commit(self, claimed: Collection[bytes], embedded: Collection[bytes]) -> None:
        """Let go of what a shard had in hand; it has been committed, with these embeddings."""
        self._claims.commit(claimed, embedded)

    def release(self, shard: int) -> None:
        """Nobody works on this shard any more."""
        self._claims.release(shard)


class Worker:
    """Holds the model, and works shards off, from as many threads at once as it has cores."""

    def __init__(self, settings: WorkerSettings, cores: int) -> None:
        self._cores = cores
        self._settings = settings
        self._files = Originals(settings.folders)
        self._room = Room(free_for_decoding() // settings.per_machine)
        self._encoder: Encoder | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Load the model. Raises what hinders this machine."""
        self._loaded().load_images()

    def _loaded(self) -> Encoder:
        with self._lock:  # two threads that come first at once open it once
            if self._encoder is None:
                os.environ["OMP_NUM_THREADS"] = str(self._cores)  # others compute here as well
                self._encoder = encoder_of(self._settings.model, self._settings.open_encoder)
            return self._encoder

    def work(self, shard: int, jobs: Sequence[Job], claims: Any) -> tuple[Done, Thumbnails]:
        """The outcome of a shard, and its thumbnails to store.

        Raises RootError where this machine does not see the photos.
        """
        self._see({job.found.root_id for job in jobs})
        thumbnails: Thumbnails = {}
        work = ShardWorker(
            self._loaded(),  # one that Ray has restarted may not be prepared yet
            partial(_known, claims, shard),
            self._files,
            thumbnails.__setitem__,
            self._room,
        )
        return work(jobs), thumbnails

    def _see(self, root_ids: Collection[int]) -> None:
        """A directory that is missing or empty here is one that is not mounted."""
        for folder in (self._settings.folders[root_id] for root_id in root_ids):
            if isinstance(folder, Path) and not (folder.is_dir() and any(os.scandir(folder))):
                raise RootError(
                    N_(
                        "{folder} is not there or empty on {host}: every machine of the "
                        "cluster must see it under this path, or it must be on object storage"
                    ),
                    folder=folder,
                    host=socket.gethostname(),
                )


def _known(claims: Any, shard: int, sha256: bytes) -> KnownContent | None:
    import ray

    try:
        in_flight, known = ray.get(claims.known.remote(sha256, shard))
    except ray.exceptions.RayError as error:  # no file is at fault
        if ends_the_run(error):
            raise
        raise ClusterError(N_("the library does not answer: {why}"), why=error) from error
    if in_flight:
        raise InFlight(N_("another shard is embedding these bytes"))
    content: KnownContent | None = known
    return content

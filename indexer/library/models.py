"""The models that a library can be searched with: which there are, and what another one costs.

Who wishes for another one leaves word; the daemon switches to it, and searches use the old one
until it is done. Knows nothing of how photos are embedded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from clipcore.checkpoints.catalogue import default_name
from clipcore.checkpoints.hub import Progress
from clipcore.engines.choice import measured
from clipcore.families import registry
from clipcore.families.registry import KnownModel
from clipcore.messages import Message
from indexer.encoders import OpenEncoder
from indexer.library.model_request import ModelRequestFile
from indexer.library.opening import absolute
from indexer.records.models import ModelOffer, ModelRequest, SwitchCost
from indexer.store.store import Store

ROW_BYTES: Final = 64  # what SQLite needs for an embedding besides its vector
VALUE_BYTES: Final = 2  # vectors are stored as float16


class Models:
    """The models of one library, and the request for another one."""

    def __init__(self, store: Store, request: ModelRequestFile, open_encoder: OpenEncoder) -> None:
        self._store = store
        self._request = request
        self._open_encoder = open_encoder

    def offers(self) -> list[ModelOffer]:
        """The library's own first, then one of this machine that is requested, and those known by
        name. Asks no network.
        """
        known = known_offers()
        in_use, request = self._store.database.recorded_model().source, self.request()
        names = {offer.source for offer in known}
        named_here = dict.fromkeys((in_use, *([request.source] if request else [])))
        local = [ModelOffer(source, is_cached=True) for source in named_here if source not in names]
        return sorted([*local, *known], key=lambda offer: offer.source != in_use)

    def source_of(self, name: str) -> str:
        """What opens the model with this name; the id that the status shows is one too."""
        model = self._store.database.recorded_model()
        return model.source if name == model.id else registry.source_of(name)

    def pull(self, source: str, progress: Progress) -> None:
        """Download a model known by name; `progress` handlers of bytes here and bytes in all.

        Raises ModelNotFound, DownloadError or CheckpointDamaged.
        """
        registry.pull(source, progress)

    def cost(self, source: str) -> SwitchCost:
        """The cost of switching to that model; it must be on this machine.

        Raises ModelNotFound, DownloadError or a CheckpointError.
        """
        encoder = self._open_encoder(source)
        photos = self._store.ingest.count_unembedded(encoder.model_id)
        disk_bytes = photos * (VALUE_BYTES * encoder.dim + ROW_BYTES)
        rate = measured(f"{encoder.model_id} image")
        if rate is not None:
            return SwitchCost(photos, disk_bytes, rate, measured=True)
        return SwitchCost(photos, disk_bytes, self._estimated_rate(source))

    def _estimated_rate(self, source: str) -> float | None:
        """From what this machine does with the present model, by how much there is to compute."""
        model = self._store.database.recorded_model()
        rate = measured(f"{model.id} image")
        now, then = registry.find(model.source), registry.find(source)
        if rate is None or not (now and now.image_gflops and then and then.image_gflops):
            return None
        return rate * now.image_gflops / then.image_gflops

    def request(self) -> ModelRequest | None:
        """The model that the library is to switch to, and has not yet."""
        return self._request.read()

    def request_switch(self, source: str) -> None:
        """Let the daemon switch to that model, one that runs now or the next that does."""
        self._request.write(ModelRequest(absolute(source)))

    def refuse(self, source: str, why: Message) -> None:
        """Leave word why the library did not switch to that model."""
        self._request.write(ModelRequest(source, why))

    def cancel_request(self) -> None:
        """Let the model be the one it is; what has been embedded with another one stays."""
        self._request.cancel()


def known_offers() -> list[ModelOffer]:
    """The models known by name, of all families. Asks no network."""
    models = registry.known_models()
    best = best_for_their_cost(models)
    return [_offer(model, best) for model in models]


def best_for_their_cost(models: Iterable[KnownModel]) -> set[str]:
    """The names of those to which none that computes no more is equal on ImageNet."""
    best, names = 0.0, set()
    for model in sorted(models, key=lambda one: (one.image_gflops or math.inf, -_accuracy(one))):
        if _accuracy(model) > best:
            best = _accuracy(model)
            names.add(model.source)
    return names


def _accuracy(model: KnownModel) -> float:
    return model.accuracy or 0.0


def _offer(model: KnownModel, best: set[str]) -> ModelOffer:
    return ModelOffer(
        model.source,
        is_cached=model.is_cached,
        size_bytes=model.size_bytes,
        memory_bytes=model.memory_bytes,
        dim=model.dim,
        accuracy=model.accuracy,
        recall=model.recall,
        licence=model.licence,
        is_best=model.source in best,
        is_default=model.source == default_name(),
        needs_download=model.needs_download,
        understands_scenes=registry.family_of(model.source).understands_scenes,
    )

"""The models that a library can be searched with: which there are, and what another one costs.

Who wishes for another one leaves word; the daemon goes over to it, and searches use the old one
until it is done. Knows nothing of how photos are embedded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from typing import Final

from clipcore.checkpoints import catalogue
from clipcore.checkpoints.hub import Progress
from clipcore.engines.choice import measured
from clipcore.errors import MissingDependency
from indexer.encoders import OpenEncoder
from indexer.library.control import Control
from indexer.library.opening import absolute
from indexer.records.models import ModelOffer, ModelRequest, SwitchCost
from indexer.store.store import Store

ROW_BYTES: Final = 64  # what SQLite needs for an embedding beside its vector
VALUE_BYTES: Final = 2  # vectors are kept as float16


class Models:
    """The models of one library, and the wish to go over to another one."""

    def __init__(self, store: Store, control: Control, open_encoder: OpenEncoder) -> None:
        self._store = store
        self._control = control
        self._open_encoder = open_encoder

    def offers(self) -> list[ModelOffer]:
        """The library's own first, then one of this machine that was asked for, the starter, and
        those known by name. Asks no network.
        """
        known = known_offers()
        in_use, request = self._store.recorded_model().source, self.request()
        names = {offer.source for offer in known}
        named_here = dict.fromkeys((in_use, *([request.source] if request else [])))
        local = [ModelOffer(source, is_cached=True) for source in named_here if source not in names]
        return sorted([*local, *known], key=lambda offer: offer.source != in_use)

    def source_of(self, name: str) -> str:
        """What opens the model with this name; the id that the status shows is one too."""
        model = self._store.recorded_model()
        return model.source if name == model.id else catalogue.source_of(name)

    def pull(self, source: str, progress: Progress) -> None:
        """Download a model known by name; `progress` handlers of bytes here and bytes in all.

        Raises ModelNotFound, DownloadError or CheckpointDamaged.
        """
        catalogue.pull(source, progress)

    def cost(self, source: str) -> SwitchCost:
        """What going over to that model would take; it must be on this machine.

        Raises ModelNotFound, DownloadError or a CheckpointError.
        """
        encoder = self._open_encoder(source)
        photos = self._store.count_unembedded(encoder.model_id)
        disk_bytes = photos * (VALUE_BYTES * encoder.dim + ROW_BYTES)
        rate = measured(f"{encoder.model_id} image")
        if rate is not None:
            return SwitchCost(photos, disk_bytes, rate, measured=True)
        return SwitchCost(photos, disk_bytes, self._estimated_rate(source))

    def _estimated_rate(self, source: str) -> float | None:
        """From what this machine does with the present model, by how much there is to compute."""
        model = self._store.recorded_model()
        rate = measured(f"{model.id} image")
        now, then = catalogue.find(model.source), catalogue.find(source)
        if rate is None or not (now and now.image_gflops and then and then.image_gflops):
            return None
        return rate * now.image_gflops / then.image_gflops

    def request(self) -> ModelRequest | None:
        """The model that the library is to go over to, and has not yet."""
        return self._control.model_request()

    def ask_for(self, source: str) -> None:
        """Let the daemon go over to that model, one that runs now or the next that does."""
        self._control.request_model(ModelRequest(absolute(source)))

    def refuse(self, source: str, why: str) -> None:
        """Leave word why the library did not go over to that model."""
        self._control.request_model(ModelRequest(source, why))

    def cancel_request(self) -> None:
        """Let the model be the one it is; what has been embedded with another one stays."""
        self._control.cancel_request()


def known_offers() -> list[ModelOffer]:
    """The starter and the models known by name. Asks no network."""
    models = catalogue.list_models()
    best = best_for_their_cost([status.entry for status in models])
    return [*_starter(), *(_offer(status, best) for status in models)]


def best_for_their_cost(entries: Iterable[catalogue.Entry]) -> set[str]:
    """The names of those to which none that computes no more is equal on ImageNet."""
    best, names = 0.0, set()
    for entry in sorted(entries, key=lambda one: (one.image_gflops or math.inf, -_accuracy(one))):
        if _accuracy(entry) > best:
            best = _accuracy(entry)
            names.add(entry.name)
    return names


def _accuracy(entry: catalogue.Entry) -> float:
    return entry.imagenet_zero_shot_top1 or 0.0


def _offer(status: catalogue.Status, best: set[str]) -> ModelOffer:
    entry = status.entry
    return ModelOffer(
        entry.name,
        is_cached=status.cached,
        size_bytes=status.estimated_bytes,
        memory_bytes=entry.memory_bytes,
        dim=entry.embed_dim,
        accuracy=entry.imagenet_zero_shot_top1,
        recall=entry.coco_text_to_image_r_at_1,
        licence=entry.licence,
        is_best=entry.name in best,
        is_default=entry.name == catalogue.default_name(),
    )


@cache
def _starter() -> tuple[ModelOffer, ...]:
    """The starter, where its packages are installed."""
    from clipcore.families.starter.starter import StarterEncoder

    try:
        dim = StarterEncoder().dim
    except MissingDependency:
        return ()
    return (ModelOffer(catalogue.STARTER, is_cached=True, dim=dim),)

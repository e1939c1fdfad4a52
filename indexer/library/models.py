"""The models that a library can be searched with: which there are, and what another one costs.

Who wishes for another one leaves word; the daemon switches to it, and searches use the old one
until it is done. Knows nothing of how photos are embedded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from clipcore.checkpoints.hub import Progress
from clipcore.engines.choice import measured
from clipcore.families import registry
from clipcore.families.recommended import purposes_of
from clipcore.families.registry import KnownModel
from clipcore.messages import Message
from indexer.encoders import OpenEncoder
from indexer.library.model_request import ModelRequestFile
from indexer.library.opening import absolute
from indexer.records.models import ModelOffer, ModelRequest, SwitchCost
from indexer.search.relevance import generic_texts
from indexer.store.store import Store

ROW_BYTES: Final = 64  # what SQLite needs for an embedding besides its vector
VALUE_BYTES: Final = 2  # vectors are stored as float16
SEARCHING_BYTES: Final = 210_000_000  # of a process that searches, without the model
ROUNDED_TO: Final = 10_000_000
TEXTS_COMPARED: Final = 64  # of a text tower and the model's own: two seconds


class Models:
    """The models of one library, and the request for another one."""

    def __init__(self, store: Store, request: ModelRequestFile, open_encoder: OpenEncoder) -> None:
        self._store = store
        self._request = request
        self._open_encoder = open_encoder

    def offers(self) -> list[ModelOffer]:
        """The library's own first, then those of this machine that are requested or embed queries,
        and those known by name. Asks no network.
        """
        known = known_offers()
        model, request = self._store.database.recorded_model(), self.request()
        names = {offer.source for offer in known}
        named_here = dict.fromkeys((model.source, *([request.source] if request else [])))
        local = [ModelOffer(source, is_cached=True) for source in named_here if source not in names]
        if model.text is not None and model.text not in names:
            local.append(ModelOffer(model.text, is_cached=True, text_tower_of=model.source))
        return sorted([*local, *known], key=lambda offer: offer.source != model.source)

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

    def use_text_tower(self, name: str) -> None:
        """Let that text tower embed the queries from now on; the model's own name goes back.

        Nothing is embedded again. Raises ModelNotFound, DownloadError, or a CheckpointError where
        the tower was not trained for the vectors of the library's model.
        """
        from clipcore.families.text_tower import TextTower, check_fit

        model = self._store.database.recorded_model()
        if name in (model.source, model.id, registry.source_of(model.id)):
            self._store.database.record_text_tower(None)
            return
        source = absolute(name)
        own = self._open_encoder(model.source)
        check_fit(TextTower(source), own, generic_texts()[:TEXTS_COMPARED])
        self._store.database.record_text_tower(source)

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
    """The names of those to which none that computes no more is equal on ImageNet.

    Those whose licences forbid commercial use are left out.
    """
    best, names = 0.0, set()
    free = (model for model in models if not model.is_non_commercial)
    for model in sorted(free, key=lambda one: (one.image_gflops or math.inf, -_accuracy(one))):
        if _accuracy(model) > best:
            best = _accuracy(model)
            names.add(model.source)
    return names


def _search_bytes(model: KnownModel) -> int | None:
    """The most that a process which searches takes, rounded up as befits an estimate."""
    if model.query_bytes is None:
        return None
    return -(-(SEARCHING_BYTES + model.query_bytes) // ROUNDED_TO) * ROUNDED_TO


def _accuracy(model: KnownModel) -> float:
    return model.accuracy or 0.0


def _offer(model: KnownModel, best: set[str]) -> ModelOffer:
    return ModelOffer(
        model.source,
        is_cached=model.is_cached,
        size_bytes=model.size_bytes,
        memory_bytes=model.memory_bytes,
        search_bytes=_search_bytes(model),
        dim=model.dim,
        languages=model.languages,
        accuracy=model.accuracy,
        recall=model.recall,
        recall_english=model.recall_english,
        recall_chinese=model.recall_chinese,
        published_in=model.published_in,
        licence=model.licence,
        is_non_commercial=model.is_non_commercial,
        suits=purposes_of(model.source),
        is_best=model.source in best,
        needs_download=model.needs_download,
        understands_scenes=registry.family_of(model.source).understands_scenes,
        text_tower_of=model.text_tower_of,
    )

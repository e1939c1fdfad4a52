"""Going over to another model: by the daemon when it is asked to, and what it costs beforehand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import pytest

from clipcore.engines import choice
from clipcore.engines.choice import Trial
from clipcore.errors import CheckpointError, ClipcoreError, DownloadError
from clipcore.families.recommended import Purpose
from clipcore.messages import literal
from indexer.arrays import FloatArray
from indexer.daemon.daemon import Daemon
from indexer.library.library import Library, open_library
from indexer.records.models import Model, ModelRequest
from indexer.records.status import Activity
from tests.conftest import on_both_at_depth, on_sqlite
from tests.fakes import ColourEncoder
from tests.indexer.daemon.test_pause import running, state
from tests.photos import make_photo
from tests.stores import store_of
from tests.waiting import eventually

pytestmark = [pytest.mark.both, pytest.mark.slow]

COLOURS = ("red", "green", "blue")


class OtherEncoder(ColourEncoder):
    """The same under another name; embeds nothing before it may."""

    model_id = "other-1"

    def __init__(self) -> None:
        super().__init__()
        self.may = threading.Event()
        self.may.set()
        self.begun = threading.Event()

    def embed_images(self, pixels):  # type: ignore[no-untyped-def]
        self.begun.set()
        assert self.may.wait(30)
        return super().embed_images(pixels)


class Encoders:
    """Opens the two by name; `broken` is one whose weights are gone."""

    def __init__(self) -> None:
        self.by_name = {"colour": ColourEncoder(), "other": OtherEncoder()}

    def __call__(self, source: str) -> ColourEncoder:
        if source == "broken":
            raise DownloadError(literal("broken is not in the cache"))
        return self.by_name[source]


def held_back(encoders: Encoders) -> OtherEncoder:
    """The other model, which embeds nothing until it may."""
    other = encoders.by_name["other"]
    assert isinstance(other, OtherEncoder)
    other.may.clear()
    other.begun.clear()
    return other


@pytest.fixture
def encoders() -> Encoders:
    return Encoders()


@pytest.fixture
def library(place: Path, tmp_path: Path, encoders: Encoders) -> Iterator[Library]:
    for colour in COLOURS:
        make_photo(tmp_path / "photos" / f"{colour}.png", colour)
    opened = opened_at(place, encoders, create=True, model="colour")
    opened.add_root(tmp_path / "photos")
    with opened.writing():
        opened.rebuild()
    yield opened
    opened.close()


def opened_at(place: Path, encoders: Encoders, **how: object) -> Library:
    return open_library(place, open_encoder=encoders, **how)  # type: ignore[arg-type]


@pytest.fixture
def daemon(place: Path, library: Library, encoders: Encoders) -> Iterator[Daemon]:
    own = opened_at(place, encoders)
    yield Daemon(own)
    own.close()


def test_daemon_goes_over_to_the_model_while_searches_use_the_old_one(
    library: Library, daemon: Daemon, encoders: Encoders
) -> None:
    other = held_back(encoders)
    with running(daemon):
        eventually(lambda: state(library).doing is Activity.WATCHING)
        library.models.request_switch("other")
        eventually(lambda: state(library).doing is Activity.EMBEDDING)
        assert state(library).queue == len(COLOURS)
        assert library.status().request == ModelRequest("other")
        found = library.search("red", 1)
        assert (found.model_id, found.hits[0].photo.path.name) == ("colour-1", "red.png")
        other.may.set()
        eventually(lambda: library.status().request is None)
        eventually(lambda: library.search("red", 1).model_id == "other-1")
        assert library.search("red", 1).hits[0].photo.path.name == "red.png"
        eventually(lambda: state(library).doing is Activity.WATCHING)
    assert other.embedded == len(COLOURS)


@on_both_at_depth
def test_photos_that_come_afterwards_are_embedded_with_the_new_model(
    library: Library, daemon: Daemon, encoders: Encoders, tmp_path: Path
) -> None:
    library.models.request_switch("other")
    with running(daemon):
        eventually(lambda: library.search("red", 1).model_id == "other-1")
        before = encoders.by_name["colour"].embedded
        make_photo(tmp_path / "photos" / "lime.png", "lime")
        eventually(lambda: library.search("lime", 1).hits[0].photo.path.name == "lime.png")
    assert encoders.by_name["colour"].embedded == before
    assert library.model_id == "other-1"


@on_both_at_depth
def test_a_cancelled_request_leaves_the_model_and_what_was_embedded(
    library: Library, daemon: Daemon, encoders: Encoders
) -> None:
    other = held_back(encoders)
    library.models.request_switch("other")
    with running(daemon):
        eventually(lambda: state(library).doing is Activity.EMBEDDING)
        assert other.begun.wait(30)
        library.models.cancel_request()
        other.may.set()
        eventually(lambda: state(library).doing is Activity.WATCHING)
    assert library.search("red", 1).model_id == "colour-1"
    assert library.models.cost("other").photos < len(COLOURS)  # the shard in flight is kept


def test_daemon_that_was_stopped_goes_on_with_it(
    library: Library, daemon: Daemon, place: Path, encoders: Encoders
) -> None:
    other = held_back(encoders)
    library.models.request_switch("other")
    with running(daemon):
        eventually(lambda: state(library).doing is Activity.EMBEDDING)
        daemon.stop()
        other.may.set()
    assert library.status().request == ModelRequest("other")
    assert library.search("red", 1).model_id == "colour-1"
    again = opened_at(place, encoders)
    with running(Daemon(again)):
        eventually(lambda: library.search("red", 1).model_id == "other-1")
    again.close()
    assert other.embedded == len(COLOURS)


@on_both_at_depth
def test_model_that_cannot_be_opened_is_refused_and_the_daemon_goes_on(
    library: Library, daemon: Daemon, tmp_path: Path
) -> None:
    library.models.request_switch("broken")
    with running(daemon):
        refused = ModelRequest("broken", literal("broken is not in the cache"))
        eventually(lambda: library.status().request == refused)
        make_photo(tmp_path / "photos" / "lime.png", "lime")
        eventually(lambda: library.status().photos == len(COLOURS) + 1)
    assert library.search("red", 1).model_id == "colour-1"


def test_daemon_that_was_paused_keeps_the_model_that_a_rebuild_went_over_to(
    library: Library, daemon: Daemon, tmp_path: Path, encoders: Encoders
) -> None:
    with running(daemon):
        eventually(lambda: state(library).doing is Activity.WATCHING)
        library.control.pause()
        eventually(lambda: state(library).paused)
        with library.switching_to("other") as other, other.writing():
            other.rebuild()
        library.control.resume()
        make_photo(tmp_path / "photos" / "lime.png", "lime")
        eventually(lambda: library.status().photos == len(COLOURS) + 1)
        assert library.model_id == "other-1"
    assert encoders.by_name["other"].embedded == len(COLOURS) + 1


@on_both_at_depth
def test_cost_is_the_photos_to_embed_anew_and_the_room_for_their_vectors(
    library: Library, tmp_path: Path
) -> None:
    make_photo(tmp_path / "photos" / "copy of red.png", "red")
    (tmp_path / "photos" / "bad.png").write_text("no image")
    with library.writing():
        library.update()
    cost = library.models.cost("other")
    assert cost.photos == len(COLOURS)
    assert cost.disk_bytes == len(COLOURS) * (2 * ColourEncoder.dim + 64)
    assert (cost.photos_per_s, cost.seconds) == (None, None)
    assert library.models.cost("colour").photos == 0
    with pytest.raises(ClipcoreError):
        library.models.cost("broken")


def remember(
    directory: Path, monkeypatch: pytest.MonkeyPatch, photos_per_s: dict[str, float]
) -> None:
    """That this machine was measured before: so many photos, and ten times as many in int8."""
    measured = {
        name: [Trial("torch-float32", 1.0, rate), Trial("openvino-int8", 1.0, 10 * rate)]
        for name, rate in photos_per_s.items()
    }
    trials = {name: [asdict(trial) for trial in both] for name, both in measured.items()}
    memory = directory / "engines.json"
    memory.write_text(json.dumps({choice.machine(): trials}))
    monkeypatch.setattr(choice, "memory_path", lambda: memory)


@on_both_at_depth
def test_cost_tells_the_time_by_what_was_measured_on_this_machine(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(tmp_path, monkeypatch, {"other-1 image": 5.0})
    cost = library.models.cost("other")
    assert cost.measured
    assert cost.photos_per_s == 5.0  # int8 is used only where it is asked for
    assert cost.seconds == pytest.approx(len(COLOURS) / 5)


@on_sqlite
def test_cost_of_a_model_that_was_never_measured_is_estimated_by_what_it_computes(
    library: Library, encoders: Encoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = "ViT-B-32/openai", "ViT-L-14/openai"
    encoders.by_name |= {small: encoders.by_name["colour"], large: encoders.by_name["other"]}
    with store_of(library) as store:
        store.database.record_model(Model(small, "colour-1"))
    remember(tmp_path, monkeypatch, {"colour-1 image": 36.0})
    cost = library.models.cost(large)
    assert not cost.measured
    assert cost.photos_per_s == pytest.approx(2, rel=0.05)  # 9 and 162 GFLOPs
    assert library.models.cost("other").photos_per_s is None  # nobody knows what it computes


class Textless(ColourEncoder):
    """A model of which the text tower is broken."""

    model_id = "textless-1"

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        raise CheckpointError(literal("it has no text tower"))


@on_both_at_depth
def test_a_model_that_embeds_no_texts_is_none_to_switch_to(
    library: Library, encoders: Encoders
) -> None:
    encoders.by_name["textless"] = Textless()
    with (
        library.switching_to("textless") as switched,
        switched.writing(),
        pytest.raises(CheckpointError, match="no text tower"),
    ):
        switched.rebuild()
    assert library.search("red", 1).model_id == "colour-1"


@on_both_at_depth
def test_a_library_whose_model_embeds_no_texts_any_more_is_indexed_all_the_same(
    place: Path, encoders: Encoders, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_photo(tmp_path / "photos" / "red.png", "red")
    encoders.by_name["textless"] = Textless()
    library = opened_at(place, encoders, create=True, model="textless")
    library.add_root(tmp_path / "photos")
    with library.writing():
        assert library.rebuild().embedded == 1
    assert "cannot prepare the model for searches: it has no text tower" in caplog.text
    library.close()


def test_offers_begin_with_the_model_in_use_and_tell_what_is_here(library: Library) -> None:
    first, *others = library.models.offers()
    assert (first.source, first.is_cached) == ("colour", True)
    assert others[0].source == "starter"
    by_name = {offer.source: offer for offer in others}
    default = by_name["ViT-B-32-256/datacomp_s34b_b86k"]
    assert (default.dim, default.licence, default.is_cached) == (512, "MIT", False)
    assert default.accuracy == pytest.approx(0.728, abs=1e-3)
    assert len(by_name) == len(others)
    assert default.suits == (Purpose.ENGLISH,)
    assert by_name["ViT-B-32-SigLIP2-256/webli"].is_best  # of all that compute no more
    assert not by_name["ViT-B-32/openai"].is_best

"""The models of the library page in Streamlit's own test harness, with a hub on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.library.daemon_status import progress
from app.library.model_download import Pulling
from app.library.model_list import badges, card, facts, figures, pulling
from app.library.model_switch import CHOSEN, cost_rows
from clipcore import Encoder, open_encoder
from clipcore.checkpoints import catalogue
from clipcore.checkpoints.hub import Progress, cache_directory
from clipcore.families.registry import Languages
from indexer.daemon.daemon import Daemon
from indexer.library.library import Library, open_library
from indexer.records.models import ModelOffer, ModelRequest, SwitchCost
from tests.app.library.test_daemon_status import DAEMON, status_of
from tests.app.test_main import ingested
from tests.app.views.test_library import words
from tests.clipcore.checkpoints.test_catalogue import point_at
from tests.fakes import ColourEncoder
from tests.hub import Hub, hub_serving
from tests.indexer.daemon.test_pause import running
from tests.photos import make_photo
from tests.waiting import eventually

pytestmark = pytest.mark.slow

NAME = catalogue.default_name()
WEIGHTS = bytes(range(256)) * 4096 * 12  # more than the client's chunk of 10 MiB


class DefaultEncoder(ColourEncoder):
    """Stands for the default checkpoint."""

    model_id = f"{NAME}@1"


def encoder_of(source: str) -> ColourEncoder:
    return DefaultEncoder() if source == NAME else ColourEncoder()


def real_encoder_of(source: str) -> Encoder:
    """The library's own is a fake, all others are real."""
    return ColourEncoder() if source == "colour" else open_encoder(source)


@pytest.fixture(autouse=True)
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    pulling.clear()
    with hub_serving({"open_clip_model.safetensors": WEIGHTS}) as hub:
        point_at(monkeypatch, hub.url)
        yield hub


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    make_photo(tmp_path / "photos" / "red.jpg", "red")
    ingested(tmp_path).close()
    opened = open_library(tmp_path / "library", open_encoder=encoder_of)
    yield opened
    opened.close()


def models_over(library: Library) -> AppTest:
    def script(library: object) -> None:
        from app.ui.deferred_dialog import dialog_at_the_end
        from app.views.library import library_page

        with dialog_at_the_end():
            library_page(library)

    test = AppTest.from_function(script, kwargs={"library": library}, default_timeout=30)
    test.session_state["models_open"] = True
    test.run()
    assert not test.exception
    return test


def keys(test: AppTest) -> set[str | None]:
    return {button.key for button in test.button}


def until_pulled(library: Library) -> None:
    eventually(lambda: pulling(library).model is None)


def test_models_are_listed_with_their_facts_and_the_rest_is_a_click_away(library: Library) -> None:
    test = models_over(library)
    assert "In use" in words(test)
    assert "best for English</span>" in words(test)
    assert "understands English · licence MIT · 605.2 MB to download · a search" in words(test)
    assert "ImageNet 73% · COCO 40% · source: open_clip" in words(test)
    assert {f"pull_{NAME}", "use_starter"} <= keys(test)
    assert "pull_RN50/openai" not in keys(test)
    test.toggle(key="models_all").set_value(True).run()
    assert "pull_RN50/openai" in keys(test)


def test_nothing_is_listed_before_it_is_asked_for(library: Library) -> None:
    test = models_over(library)
    test.session_state["models_open"] = False
    assert f"pull_{NAME}" not in keys(test.run())


def test_model_is_downloaded_beside_the_page_one_at_a_time(library: Library, hub: Hub) -> None:
    hub.may_finish.clear()
    models_over(library).button(key=f"pull_{NAME}").click().run()
    eventually(lambda: pulling(library).share > 0.5)
    test = models_over(library)  # another visitor
    assert "Downloading: " in str(test.get("progress")[0].proto)
    others = [one for one in test.button if (one.key or "").startswith("pull_")]
    assert others
    assert all(button.disabled for button in others)
    hub.may_finish.set()
    until_pulled(library)
    assert f"use_{NAME}" in keys(test.run())
    assert catalogue.cached(catalogue.resolve(NAME)) is not None


def test_damaged_download_tells_why_and_may_be_tried_again(library: Library, hub: Hub) -> None:
    hub.damaged = True
    test = models_over(library)
    test.button(key=f"pull_{NAME}").click().run()
    until_pulled(library)
    assert "arrived damaged" in words(test.run())
    hub.damaged = False
    test.button(key=f"pull_{NAME}").click().run()
    until_pulled(library)
    assert f"use_{NAME}" in keys(test.run())


def test_unreachable_hub_is_told_in_words(library: Library, hub: Hub) -> None:
    hub.files.clear()
    test = models_over(library)
    test.button(key=f"pull_{NAME}").click().run()
    until_pulled(library)
    assert "has none of open_clip_model.safetensors" in words(test.run())


def test_download_is_broken_off_and_what_came_is_kept(library: Library, hub: Hub) -> None:
    hub.may_finish.clear()
    test = models_over(library)
    test.button(key=f"pull_{NAME}").click().run()
    eventually(lambda: pulling(library).share > 0.5)
    test.run().button(key=f"stop_{NAME}").click().run()
    hub.may_finish.set()
    until_pulled(library)
    assert pulling(library).failed == {}
    assert f"pull_{NAME}" in keys(test.run())
    assert list(Path(cache_directory()).rglob("*.part"))


def test_cost_is_told_and_the_daemon_goes_over_only_after_a_yes(
    library: Library, tmp_path: Path
) -> None:
    catalogue.pull(NAME)
    test = models_over(library)
    test.button(key=f"use_{NAME}").click().run()
    assert "1 photo" in words(test)
    assert library.models.request() is None
    test.button(key="switch").click().run()
    assert library.models.request() == ModelRequest(NAME)
    assert "It starts when the daemon runs." in words(test.run())
    own = open_library(tmp_path / "library", open_encoder=encoder_of)
    with running(Daemon(own)):
        eventually(lambda: library.models.request() is None)
        eventually(lambda: library.search("red", 1).model_id == f"{NAME}@1")
    own.close()


def test_cost_of_a_model_that_has_gone_is_told_as_such(library: Library, tmp_path: Path) -> None:
    own = open_library(library.path, open_encoder=real_encoder_of)
    test = models_over(own)
    test.session_state[CHOSEN] = str(tmp_path / "gone")  # the button was there a moment ago
    test.run()
    assert not test.exception
    assert "no model, file or directory is called" in words(test)
    assert "switch" not in keys(test)
    own.close()


def test_a_second_download_waits_for_a_click_after_the_first() -> None:
    begun: list[str] = []
    may_end = threading.Event()

    def pull(model: str, _progress: Progress) -> None:
        begun.append(model)
        may_end.wait()

    work = Pulling(pull)
    for model in ("one", "other"):  # clicks of two visitors at once
        work.start(model)
    model = work.model
    may_end.set()
    assert model == "one"
    eventually(lambda: work.model is None)
    assert begun == ["one"]


def test_wish_is_withdrawn_and_a_refused_one_told_and_tried_again(library: Library) -> None:
    library.models.request_switch(NAME)
    models_over(library).button(key="keep_model").click().run()
    assert library.models.request() is None
    library.models.refuse(NAME, "its weights are damaged")
    test = models_over(library)
    assert f"Could not switch to {NAME}: its weights are damaged" in words(test)
    test.button(key="ask_again").click().run()
    assert library.models.request() == ModelRequest(NAME)


def test_time_is_told_by_what_is_known_of_it() -> None:
    def time_of(cost: SwitchCost) -> str:
        return dict(cost_rows("m", cost))["Time"]

    assert time_of(SwitchCost(900, 0, 15.0, measured=True)).startswith("1 min, as measured")
    assert "15 photos/s" in time_of(SwitchCost(900, 0, 15.0, measured=True))
    assert time_of(SwitchCost(900, 0, 15.0)).startswith("about 1 min")
    assert "unknown until" in time_of(SwitchCost(900, 0))


def test_progress_of_a_switch_counts_from_the_first_photo() -> None:
    busy = replace(DAEMON, queue=240)
    assert progress(status_of(daemon=busy, request=ModelRequest("m"))) == pytest.approx(0.2)


def test_facts_that_are_not_known_are_left_out() -> None:
    assert card(ModelOffer("/some/model", is_cached=True)) == '<p class="named">/some/model</p>'


def test_a_licence_that_forbids_commercial_use_is_named_as_such() -> None:
    offer = ModelOffer("m", is_cached=False, licence="CC BY-NC 4.0", is_non_commercial=True)
    assert badges(offer) == [("not for commercial use", "warns")]
    assert facts(offer) == "licence CC BY-NC 4.0"


def test_figures_are_named_with_their_source() -> None:
    offer = ModelOffer(
        "m",
        is_cached=False,
        languages=Languages.MANY,
        recall_english=0.683,
        recall_chinese=0.725,
        published_in="open_clip",
    )
    assert facts(offer) == "understands many languages"
    assert figures(offer) == "English 68% · Chinese 72% · source: open_clip"

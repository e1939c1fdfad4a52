"""The library page offers a text tower where it suits, lets it embed the queries, and goes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import seeded
import seeded_bert

from clipcore import Encoder, open_encoder
from clipcore.checkpoints.sentence_tower import MULTILINGUAL
from clipcore.families import registry
from clipcore.families.clip import ClipEncoder
from indexer.library.library import Library, open_library
from indexer.search.relevance import generic_texts
from tests.app.library.test_models import keys, models_over
from tests.app.views.test_library import words
from tests.clipcore.checkpoints.test_catalogue import point_at
from tests.clipcore.families.test_text_tower import FILES
from tests.hub import Hub, hub_serving
from tests.photos import make_photo

pytestmark = pytest.mark.slow

NAME = MULTILINGUAL.name


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return seeded.write_open_clip(tmp_path / "model")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: Path) -> Iterator[Hub]:
    """A hub that has a fitting tower."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    texts = generic_texts()[:64]
    wanted = open_encoder(model, "cpu").embed_texts(texts)
    tower = seeded_bert.write_distil_for(tmp_path / "tower", texts, wanted)
    with hub_serving({name: (tower / name).read_bytes() for name in FILES}) as hub:
        point_at(monkeypatch, hub.url)
        yield hub


def library_of(
    tmp_path: Path, model: Path, source: str, open_model: Callable[[Path], Encoder] = open_encoder
) -> Library:
    """A library of one photo whose model has that name, and is the one in the directory."""

    def opened(_: str) -> Encoder:
        return open_model(model)

    make_photo(tmp_path / "photos" / "red.jpg", "red")
    library = open_library(tmp_path / "library", create=True, model=source, open_encoder=opened)
    library.add_root(tmp_path / "photos")
    with library.writing():
        library.rebuild()
    return library


def test_it_is_offered_used_and_given_up_again(hub: Hub, tmp_path: Path, model: Path) -> None:
    library = library_of(tmp_path, model, "ViT-B-32/openai")
    assert f"pull_{NAME}" in keys(models_over(library))
    registry.pull(NAME)
    test = models_over(library)
    test.button(key=f"text_{NAME}").click().run()
    assert not test.exception
    assert library.status().text_tower == NAME
    assert f"<dt>Text tower</dt><dd>{NAME}</dd>" in words(test)
    test.button(key=f"own_text_{NAME}").click().run()
    assert library.status().text_tower is None
    assert f"text_{NAME}" in keys(test)
    library.close()


class OpenAi(ClipEncoder):
    """Has the id of OpenAI's model."""

    model_id = "ViT-B-32/openai@12345678"


@pytest.mark.long  # the next ones have one name
def test_it_is_offered_whichever_name_of_the_model_the_library_has(
    hub: Hub, tmp_path: Path, model: Path
) -> None:
    library = library_of(tmp_path, model, "ViT-B/32", OpenAi)
    registry.pull(NAME)
    library.use_text_tower(NAME)
    assert f"own_text_{NAME}" in keys(models_over(library))
    for own in ("ViT-B/32", "ViT-B-32/openai", "ViT-B-32/openai@12345678"):
        library.use_text_tower(NAME)
        library.use_text_tower(own)
        assert library.status().text_tower is None
    library.close()


def test_a_tower_that_does_not_fit_is_refused_in_words(
    hub: Hub, tmp_path: Path, model: Path
) -> None:
    other = seeded_bert.write_distil(tmp_path / "other")
    hub.files = {name: (other / name).read_bytes() for name in FILES}
    registry.pull(NAME)
    library = library_of(tmp_path, model, "ViT-B-32/openai")
    test = models_over(library)
    test.button(key=f"text_{NAME}").click().run()
    assert "was not trained for the vectors of" in words(test)
    assert library.status().text_tower is None
    library.close()


def test_it_is_not_offered_for_the_vectors_of_another_model(
    hub: Hub, tmp_path: Path, model: Path
) -> None:
    library = library_of(tmp_path, model, "ViT-B-16/openai")
    test = models_over(library)
    test.toggle(key="models_all").set_value(True).run()
    assert "pull_ViT-B-32/openai" in keys(test)
    assert f"pull_{NAME}" not in keys(test)
    library.close()


def test_a_tower_of_this_machine_is_listed_while_it_is_in_use(
    hub: Hub, tmp_path: Path, model: Path
) -> None:
    library = library_of(tmp_path, model, str(model))
    tower = str(tmp_path / "tower")
    library.use_text_tower(tower)
    test = models_over(library)
    assert not {f"use_{tower}", f"pull_{tower}"} & keys(test)
    test.button(key=f"own_text_{tower}").click().run()
    assert library.status().text_tower is None
    assert f"own_text_{tower}" not in keys(test)
    library.close()

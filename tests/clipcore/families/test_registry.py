"""One more family is known everywhere once it is registered."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import clipcore
from clipcore.checkpoints import catalogue, siglip_catalogue
from clipcore.errors import ModelNotFound
from clipcore.families import registry
from clipcore.families.clip import ClipEncoder
from tests.toy_family import FILE, ID, NAME, ToyEncoder, ToyFamily, toy_family


@pytest.fixture
def toy() -> Iterator[ToyFamily]:
    """The toy family, registered."""
    with toy_family() as family:
        yield family


def test_a_source_goes_to_the_family_that_knows_it(toy: ToyFamily, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{}")
    for source in (NAME, tmp_path):
        assert isinstance(clipcore.open_encoder(source), ToyEncoder)
    assert clipcore.open_encoder("starter").model_id.startswith("starter-")
    assert registry.family_of(catalogue.default_name()).understands_scenes


def test_a_source_that_no_family_knows_is_no_model(toy: ToyFamily) -> None:
    with pytest.raises(ModelNotFound, match="names that come near"):
        clipcore.open_encoder("ViT-B-23")


def test_an_id_leads_back_to_its_name(toy: ToyFamily) -> None:
    default = catalogue.default_name()
    assert registry.source_of(ID) == NAME
    assert registry.source_of("starter-17") == "starter"
    assert registry.source_of(f"{default}@12345678") == default
    assert registry.source_of("/a/directory") == "/a/directory"
    registry.unregister(toy)
    assert registry.source_of(ID) == ID
    registry.register(toy)


def test_the_catalogue_has_the_rows_of_all_families(toy: ToyFamily) -> None:
    models = registry.known_models()
    names = [model.source for model in models if model.text_tower_of is None]
    assert names[:2] == [NAME, "starter"]
    tables = (siglip_catalogue.table(), catalogue.table())
    assert names[2:] == [entry.name for table in tables for entry in table]
    assert registry.find(NAME) == registry.known_models()[0]
    found = registry.find("ViT-B/32")
    assert found
    assert (found.source, found.dim) == ("ViT-B-32/openai", 512)
    assert registry.find("no such model") is None


def test_what_a_model_understands_is_known_by_its_id(toy: ToyFamily) -> None:
    assert not registry.understands_scenes(ID)
    assert not registry.understands_scenes("starter-2")
    assert registry.understands_scenes(f"{catalogue.default_name()}@12345678")
    assert registry.understands_scenes("a model that no family knows")


def test_engines_are_tried_with_the_towers_of_any_family(toy: ToyFamily) -> None:
    assert clipcore.try_engines(NAME) == {}
    assert ClipEncoder.sides == ("image", "text")


@pytest.mark.slow
def test_asking_which_families_there_are_loads_no_model_runtime() -> None:
    code = (
        "import sys; from clipcore.families import registry; list(registry.families());"
        "print([name for name in ('torch', 'huggingface_hub') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""Libraries of real CLIP models (seeded random weights), through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import seeded

from tests.commands import run_indexer
from tests.photos import make_photo

pytestmark = pytest.mark.slow


@pytest.fixture(params=["tiny", pytest.param("ViT-B-32-256", marks=pytest.mark.long)])
def clip_directory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A CLIP with random weights in open_clip's form: a tiny one, or the default's architecture."""
    if request.param == "tiny":
        return seeded.write_open_clip(tmp_path / "tiny")
    return seeded.write_open_clip(tmp_path / "vit", seeded.ARCHITECTURES[request.param])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for seed, colour in enumerate(("red", "green", "blue")):
        make_photo(tmp_path / "photos" / f"{colour}.jpg", colour, size=(400, 300), seed=seed)
    return tmp_path / "photos"


def test_clip_directory_is_a_model_to_index_and_search_with(
    clip_directory: Path, photos: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    done = run_indexer("rebuild", photos, "--library", library, "--model", clip_directory)
    assert done.stdout.startswith("3 embedded, 0 failed"), done.stderr
    result = json.loads(run_indexer("search", "red", "--library", library, "--json").stdout)
    assert len(result["hits"]) == 3
    first = result["hits"][0]
    assert first["logit"] == pytest.approx(20.0855 * first["score"], rel=1e-3)  # exp(3) is seeded
    assert run_indexer("rebuild", "--library", library).stdout.startswith("nothing to do")


def test_other_model_is_refused_by_name_and_rebuild_goes_over_to_it(
    photos: Path, tmp_path: Path
) -> None:
    library, tiny = tmp_path / "library", seeded.write_open_clip(tmp_path / "tiny")
    run_indexer("rebuild", photos, "--library", library, "--model", "starter")
    refused = run_indexer("search", "red", "--library", library, "--model", tiny)
    assert refused.returncode == 1
    assert "made with the model starter" in refused.stderr
    assert "tiny" in refused.stderr
    over = run_indexer("rebuild", "--library", library, "--model", tiny)
    assert over.stdout.startswith("3 embedded"), over.stderr
    assert run_indexer("search", "red", "--library", library, "--model", tiny).returncode == 0
    assert f"* {tiny}" in run_indexer("models", "--library", library).stdout
    models = json.loads(run_indexer("models", "--library", library, "--json").stdout)
    assert [(one["name"], one["cached"]) for one in models if one["in_use"]] == [(str(tiny), True)]
    assert [one["cached"] for one in models if one["name"] == "starter"] == [True]
    shown = json.loads(run_indexer("status", "--library", library, "--json").stdout)["model"]
    own = run_indexer("models", "use", shown, "--library", library)
    assert own.stdout == f"{tiny} is the library's model\n"
    back = run_indexer("models", "use", "starter-2", "--library", library)
    assert back.stdout.startswith("0 photos to embed with starter"), back.stderr


def test_model_is_asked_for_with_its_cost_and_a_rebuild_has_the_last_word(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, tiny = tmp_path / "library", seeded.write_open_clip(tmp_path / "tiny")
    run_indexer("rebuild", photos, "--library", library, "--model", "starter")
    monkeypatch.chdir(tmp_path)
    asked = run_indexer("models", "use", "tiny", "--library", library)
    assert asked.stdout.startswith("3 photos to embed with tiny"), asked.stderr
    assert "No daemon is running" in asked.stdout
    told = json.loads(run_indexer("status", "--library", library, "--json").stdout)
    assert (told["model"], told["switching_to"]) == ("starter-2", str(tiny))
    assert f"switching to {tiny}" in run_indexer("status", "--library", library).stdout
    run_indexer("rebuild", "--library", library, "--model", "starter")
    told = json.loads(run_indexer("status", "--library", library, "--json").stdout)
    assert (told["model"], told["switching_to"]) == ("starter-2", None)


def test_model_directory_that_went_away_is_named(photos: Path, tmp_path: Path) -> None:
    library, tiny = tmp_path / "library", seeded.write_open_clip(tmp_path / "tiny")
    run_indexer("rebuild", photos, "--library", library, "--model", tiny)
    tiny.rename(tmp_path / "elsewhere")
    done = run_indexer("search", "red", "--library", library)
    assert done.returncode == 1
    assert str(tiny) in done.stderr
    assert done.stderr.count("\n") == 1


def test_unreachable_hub_is_one_clear_line(photos: Path, tmp_path: Path) -> None:
    done = run_indexer("rebuild", photos, "--library", tmp_path / "l", "--model", "ViT-B/32")
    assert done.returncode == 1
    assert "ViT-B-32/openai" in done.stderr
    assert done.stderr.count("\n") == 1


def test_new_library_without_a_network_uses_the_starter_and_says_so(
    photos: Path, tmp_path: Path
) -> None:
    done = run_indexer("rebuild", photos, "--library", tmp_path / "library")
    assert "starter" in done.stderr
    assert "indexer rebuild --model ViT-B-32-256/datacomp_s34b_b86k" in done.stderr
    again = run_indexer("rebuild", "--library", tmp_path / "library")
    assert again.stderr == ""


def test_models_lists_the_table_as_json() -> None:
    models = json.loads(run_indexer("models", "--json").stdout)
    (default,) = [one for one in models if one["name"] == "ViT-B-32-256/datacomp_s34b_b86k"]
    assert default["imagenet_zero_shot_top1"] == pytest.approx(0.728, abs=1e-3)
    assert default["cached"] is False
    assert [one["cached"] for one in models if one["name"] == "starter"] == [True]

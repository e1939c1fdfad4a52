"""From the list of models to a search with another one: a real server, daemon, hub and Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import seeded
from playwright.sync_api import Page, expect
from safetensors.torch import save

from clipcore.checkpoints import catalogue
from indexer.library.library import Library
from tests.app.browser.test_journeys import kept_in_line
from tests.app.serving import search, served
from tests.commands import starter_library
from tests.conftest import SAMPLE
from tests.hub import Hub, hub_serving

pytestmark = pytest.mark.browser

NAME = catalogue.default_name()


@pytest.fixture
def hub() -> Iterator[Hub]:
    """One that has a small model under the default's name."""
    weights = save(seeded.openai_state(seeded.TINY))
    with hub_serving({"open_clip_model.safetensors": weights}) as hub:
        yield hub


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """A few photos, taken in with the starter."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    library = starter_library(tmp_path / "library")
    library.add_root(SAMPLE / "Animals" / "Arctic")
    with library.writing():
        library.rebuild()
    yield library
    library.close()


@pytest.mark.long  # test_model_switch.py has the switch, test_models.py the page
def test_model_is_downloaded_then_gone_over_to_while_one_searches(
    page: Page, library: Library, hub: Hub, tmp_path: Path
) -> None:
    hub.may_finish.clear()
    environment = {
        "HF_ENDPOINT": hub.url,
        "HF_HUB_CACHE": str(tmp_path / "hub"),
        "HF_HUB_OFFLINE": "0",
    }
    row = page.locator("[class*='st-key-model_']").filter(has_text=NAME)
    with served(library.path, **environment) as address, kept_in_line(library):
        page.goto(f"{address}library")
        page.get_by_text("Models", exact=True).click()
        row.get_by_role("button", name="Download").click()
        expect(row.get_by_text("Downloading")).to_be_visible()
        page.get_by_role("link", name="Search").click()  # it goes on without its visitor
        expect(page.get_by_label("Search your photos")).to_be_visible()
        hub.may_finish.set()
        page.goto(f"{address}library")
        page.get_by_text("Models", exact=True).click()
        row.get_by_role("button", name="Use").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("2 photos")
        dialog.get_by_role("button", name="Switch").click()
        expect(page.locator(".st-key-library dl.about")).to_contain_text(f"{NAME}@")
        expect(row.get_by_text("In use")).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.goto(address)
        search(page, "a polar bear")
        found = page.locator(".opener").first.or_(page.get_by_text("No strong match"))
        expect(found).to_be_visible()

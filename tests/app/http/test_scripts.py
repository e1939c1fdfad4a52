"""The page's scripts over HTTP: under an address of their version, kept for good."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.server import GONE, ROUTES
from app.ui import scripts
from app.ui.component_events import EVENTS

APP = Path(scripts.__file__).parents[1]
IMPORT = re.compile(r'^(?:import|export)[^;"]*?from "([^"]*)";', re.M)


@pytest.fixture(scope="module")
def browser() -> TestClient:
    return TestClient(Starlette(routes=ROUTES))


@pytest.fixture
def changed_scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Scripts of our own, read again whenever they are asked for."""
    (tmp_path / "one.js").write_text("export default () => 1;")
    monkeypatch.setattr(scripts, "APP", tmp_path)
    for cached in (scripts.scripts, scripts.version):
        monkeypatch.setattr(scripts, cached.__name__, cached.__wrapped__)
    return tmp_path


def test_script_travels_as_it_lies_on_disk_and_once(browser: TestClient) -> None:
    answer = browser.get(scripts.script_url("photos/grid.js"))
    assert answer.content == (APP / "photos" / "grid.js").read_bytes()
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"


@pytest.mark.parametrize("name", ["photos/grid.py", "photos/grid.css", "../app/page.css", "", "x"])
def test_nothing_else_is_served(browser: TestClient, name: str) -> None:
    assert browser.get(scripts.script_url(name)).status_code == GONE


def test_another_version_is_gone(browser: TestClient) -> None:
    url = scripts.script_url("photos/grid.js").replace(scripts.version(), "0" * 16)
    assert browser.get(url).status_code == GONE


def test_address_changes_with_the_content_and_with_the_names(changed_scripts: Path) -> None:
    before = scripts.script_url("one.js")
    assert scripts.script_url("one.js") == before
    (changed_scripts / "one.js").write_text("export default () => 2;")
    after = scripts.script_url("one.js")
    (changed_scripts / "one.js").rename(changed_scripts / "other.js")
    assert len({before, after, scripts.script_url("one.js")}) == 3


@pytest.mark.parametrize("name", sorted(scripts.scripts()))
def test_scripts_import_only_scripts_of_ours(name: str) -> None:
    for imported in IMPORT.findall(scripts.scripts()[name].decode()):
        assert imported.startswith("."), imported
        path = (APP / name).parent.joinpath(imported).resolve().relative_to(APP.resolve())
        assert path.as_posix() in scripts.scripts()


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_each_component_lets_its_script_draw(name: str) -> None:
    assert re.search(r"^export default ", scripts.scripts()[f"{name}.js"].decode(), re.M)

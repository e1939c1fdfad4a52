"""Which addresses give a browser the page's document, over HTTP."""

from __future__ import annotations

import re

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.server import ROUTES
from app.ui.scripts import script_url, scripts


@pytest.fixture(scope="module")
def browser() -> TestClient:
    return TestClient(Starlette(routes=ROUTES))


@pytest.mark.parametrize("path", ["/", "/map", "/map/x", "/nowhere/deep", "/a/static/b"])
def test_document_finds_its_files_from_each_address(browser: TestClient, path: str) -> None:
    document = browser.get(path)
    assert document.status_code == 200
    links = re.findall(r'(?:src|href)="([^"]*)"', document.text)
    assert links
    assert [link for link in links if not link.startswith("/")] == []


def test_document_names_all_scripts_by_the_address_where_they_are(browser: TestClient) -> None:
    links = re.findall(r'rel="modulepreload" href="([^"]*)"', browser.get("/").text)
    assert links == [script_url(name) for name in scripts()]
    for link in links:
        assert browser.get(link).status_code == 200


@pytest.mark.parametrize(
    "path", ["/static/js/index.js", "/media/x", "/_stcore/health", "//elsewhere/x", "/x//"]
)
def test_other_addresses_are_left_to_streamlit(browser: TestClient, path: str) -> None:
    assert browser.get(f"http://testserver{path}").status_code == 404

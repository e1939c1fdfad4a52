"""What the tests of the page share: one server for each worker, over the sample's library."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from indexer.environment import TILES
from indexer.library.library import Library
from indexer.serving.serve import HOST
from tests.app.serving import served
from tests.conftest import SAMPLE

TILE = SAMPLE / "Animals" / "Arctic" / "IMG_2034.jpg"


class TileServer(ThreadingHTTPServer):
    """Serves one tile everywhere, and notes the paths that browsers ask for."""

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Tile)
        self.asked: list[str] = []
        self.template = f"http://{HOST}:{self.server_port}/{{z}}/{{x}}/{{y}}.png"


class _Tile(BaseHTTPRequestHandler):
    server: TileServer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(TILE.read_bytes())

    def log_message(self, *_: object) -> None:
        """Quietly."""


@pytest.fixture(scope="session")
def tile_server() -> Iterator[TileServer]:
    with TileServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def asked_tiles(tile_server: TileServer) -> list[str]:
    """The paths that the test's browser asks tiles for."""
    tile_server.asked.clear()
    return tile_server.asked


@pytest.fixture(scope="session")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that opens folders: it writes down which ones."""
    program = tmp_path_factory.mktemp("programs") / "xdg-open"
    program.write_text('#!/bin/sh\necho "$1" >> "$(dirname "$0")/opened"\n')
    program.chmod(0o755)
    return program


@pytest.fixture(scope="session")
def address(sample_library: Path, manager: Path, tile_server: TileServer) -> Iterator[str]:
    """The page on a machine with a screen and a file manager, and with tiles for the map."""
    path = f"{manager.parent}{os.pathsep}{os.environ['PATH']}"
    tiles = {TILES: tile_server.template}
    with served(sample_library, DISPLAY=":9", PATH=path, **tiles) as address:
        yield address


@pytest.fixture(scope="session")
def few_address(few_photos: Library) -> Iterator[str]:
    """The page over few photos, which are explored."""
    with served(few_photos.path) as address:
        yield address

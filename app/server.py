"""The page as a web application: Streamlit's own, the files that it hands out, and the guard.

Served by http_server.py.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from app.auth.admission import admission
from app.auth.login import LOGIN_URL, login_pages, login_urls
from app.http.byte_ranges import NotSatisfiable, requested_range
from app.http.download_tokens import FILES_URL, LAND_URL, offered
from app.http.guard import Guard
from app.http.index_html import DEEP, index
from app.http.thumbnail_urls import THUMBNAILS_URL, signed_urls
from app.ui.acts_first import do_acts_first
from app.ui.library_handle import search_once
from app.ui.navigation import PATHS
from app.ui.scripts import SCRIPTS_URL, script
from indexer.paths import default_library
from indexer.sources.reading import RegularFile

LAND: Final = Path(__file__).with_name("ui") / "land.json"
A_DAY: Final = {"cache-control": "max-age=86400"}
PRIVATE: Final = {"cache-control": "private, no-store", "x-content-type-options": "nosniff"}
FOR_GOOD: Final = {
    "cache-control": "private, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
}
PARTIAL, GONE, NOT_SATISFIABLE = 206, 410, 416
# Of this machine: other names are of sites elsewhere, which could be made to mean 127.0.0.1.
OWN_NAMES: Final = frozenset(("localhost", "127.0.0.1", "::1"))


def land(_: Request) -> Response:
    """The outline of the land, for the maps."""
    return FileResponse(LAND, media_type="application/json", headers=A_DAY)


def file(request: Request) -> Response:
    """The file that the page offered under this token; no other file is served."""
    offer = offered().get(request.path_params["token"], request.state.login)
    content = offer.content() if offer else None
    if offer is None or content is None:
        return Response(status_code=GONE)
    how = "attachment" if offer.download else "inline"
    headers = PRIVATE | {"content-disposition": f"{how}; filename*=UTF-8''{quote(offer.name)}"}
    if isinstance(content, RegularFile):
        return _file_or_part(request, content, offer.mime, headers)
    if isinstance(content, bytes):
        return Response(content, media_type=offer.mime, headers=headers)
    headers |= {"content-length": str(len(content))}
    if request.method == "HEAD":  # nothing is read for it
        return Response(media_type=offer.mime, headers=headers)
    return StreamingResponse(content, media_type=offer.mime, headers=headers)


def _file_or_part(
    request: Request, content: RegularFile, mime: str, headers: Mapping[str, str]
) -> Response:
    """The file, or the part of it that a player asks for; sent piece by piece."""
    size_bytes = len(content)
    headers = {**headers, "accept-ranges": "bytes", "content-length": str(size_bytes)}
    if request.method == "HEAD":
        return Response(media_type=mime, headers=headers)
    try:
        part = requested_range(request.headers, size_bytes)
    except NotSatisfiable:
        refused = {"content-range": f"bytes */{size_bytes}"}
        return Response(status_code=NOT_SATISFIABLE, headers={**PRIVATE, **refused})
    if part is None:
        return StreamingResponse(content, media_type=mime, headers=headers)
    headers |= {"content-length": str(len(part)), "content-range": part.content_range(size_bytes)}
    pieces = content.part(part.first, len(part))
    return StreamingResponse(pieces, status_code=PARTIAL, media_type=mime, headers=headers)


def thumbnail(request: Request) -> Response:
    """A thumbnail that the page has shown to this login: the signature in its URL says so."""
    parameters = request.path_params
    jpeg = signed_urls().thumbnail(
        parameters["library"],
        parameters["photo"],
        parameters.get("moment"),
        request.state.login,
        parameters["signature"],
    )
    if jpeg is None:
        return Response(status_code=GONE)
    return Response(jpeg, media_type="image/jpeg", headers=FOR_GOOD)


def page_script(request: Request) -> Response:
    """A script of the page, of the version that this server has."""
    parameters = request.path_params
    content = script(parameters["version"], parameters["name"])
    if content is None:
        return Response(status_code=GONE)
    return Response(content, media_type="text/javascript", headers=FOR_GOOD)


ROUTES: Final = [
    Route(f"/{FILES_URL}/{{token}}", file),
    Route(f"/{THUMBNAILS_URL}/{{library:int}}/{{photo:int}}/{{signature}}", thumbnail),
    Route(
        f"/{THUMBNAILS_URL}/{{library:int}}/{{photo:int}}/{{moment:int}}/{{signature}}", thumbnail
    ),
    Route(f"/{LAND_URL}", land),
    Route(f"/{SCRIPTS_URL}/{{version}}/{{name:path}}", page_script),
    *(Route(f"/{path}", index) for path in PATHS),
    Route(f"/{{path:{DEEP}}}", index),  # of no page: the document says so
]


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """The server takes visitors while it loads what their first search needs."""
    threading.Thread(target=search_once).start()
    yield


def page_app(host: str) -> st.App:
    """The application of a server that listens on `host`, over the default library."""
    do_acts_first()
    admitted = admission(host, default_library())
    guard = Middleware(
        Guard,
        strangers=login_pages(admitted),
        admission=admitted,
        theirs=login_urls(admitted),
        names=OWN_NAMES,
        posts=frozenset((LOGIN_URL,)),
    )
    script = Path(__file__).with_name("main.py")
    return st.App(script, lifespan=lifespan, routes=ROUTES, middleware=[guard])

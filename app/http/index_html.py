"""The first document that a browser gets: Streamlit's own, with where our server and scripts are.

Streamlit's script otherwise looks for its server below each page's own address first, where there
is none. Its links to its files are relative, and lead there from an address of one segment alone.
Knows nothing of what the pages show.
"""

from __future__ import annotations

import secrets
from functools import cache
from pathlib import Path
from typing import Final

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from streamlit import file_util

from app.auth.visitor import COOKIE
from app.ui.scripts import script_url, scripts

HEAD: Final = "<head>"
SERVER_IS_HERE: Final = "<script>window.__streamlit = {BACKEND_BASE_URL: location.origin}</script>"
RELATIVE, ABSOLUTE = '="./', '="/'  # how a link to a file begins
DEEP: Final = "deep"  # of routes: an address of several segments, none of Streamlit's own


@cache
def document() -> str:
    """Streamlit's document, which tells the browser where the server and its files are.

    Our scripts are fetched while Streamlit's own start, not one import after the other.
    """
    html = Path(file_util.get_static_dir(), "index.html").read_text("utf-8")
    links = (f'<link rel="modulepreload" href="{script_url(name)}">' for name in scripts())
    head = "\n    ".join((HEAD, SERVER_IS_HERE, *links))
    return html.replace(HEAD, head, 1).replace(RELATIVE, ABSOLUTE)


def index(request: Request) -> Response:
    """The document of a page; a new visitor gets a name that the browser sends from then on."""
    response = HTMLResponse(document(), headers={"cache-control": "no-cache"})
    if not request.cookies.get(COOKIE):
        response.set_cookie(
            COOKIE,
            secrets.token_urlsafe(32),
            httponly=True,  # no script reads it
            samesite="lax",  # a link from elsewhere brings the same visitor
            secure=request.url.scheme == "https",
        )
    return response


class _Deep(Convertor[str]):
    """A path of several segments. Streamlit answers for its own, and for a slash at the end."""

    regex = r"(?!(?:_stcore|static|media)/)[^/]+/(?s:.*)[^/]"

    def convert(self, value: str) -> str:
        return value


register_url_convertor(DEEP, _Deep())

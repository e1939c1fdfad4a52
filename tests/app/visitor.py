"""The addresses of the page's server, asked by a visitor whose login a header names."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from app.server import ROUTES


def visitor() -> TestClient:
    """A browser that sends its login in the header `login`, or none."""
    return TestClient(Starlette(routes=ROUTES, middleware=[Middleware(LoggedIn)]))


class LoggedIn:
    """As the guard does: the login that the test's header names, or none."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["state"] = {"login": Headers(scope=scope).get("login", "")}
        await self.app(scope, receive, send)

"""Functions of the page's scripts, called in a browser that has nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Page, Route

from app.ui.scripts import script_url, scripts

ORIGIN: Final = "http://scripts.example"  # no request leaves the browser
CALL: Final = "async ([url, name, given]) => (await import(url))[name](...given)"


@dataclass(frozen=True)
class Scripts:
    """The scripts, as the server hands them out, in an empty page."""

    page: Page

    def open(self) -> None:
        """Go to the empty page."""
        self.page.route("**/*", _answer)
        self.page.goto(ORIGIN)

    def call(self, name: str, function: str, *given: Any) -> Any:
        """What the function that the script of this name exports gives for these arguments."""
        return self.page.evaluate(CALL, [script_url(name), function, list(given)])

    def run(self, body: str, *given: Any) -> Any:
        """What an asynchronous function of this body gives.

        It has its arguments as `given`, and takes a script by `script(name)`.
        """
        version = script_url("")
        take = f"const script = (name) => import(`{version}${{name}}`);"
        return self.page.evaluate(f"async (given) => {{ {take} {body} }}", list(given))


def _answer(route: Route) -> None:
    path = route.request.url.removeprefix(ORIGIN)
    name = path.removeprefix(script_url(""))
    if name in scripts():
        route.fulfill(body=scripts()[name], content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html>", content_type="text/html")

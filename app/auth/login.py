"""The page before the login, served to visitors who have none: plain HTML, before Streamlit.

By a password, or by an OpenID provider. Knows nothing of the library but its password.
"""

from __future__ import annotations

import asyncio
import logging
import math
import tomllib
from collections.abc import AsyncIterator, Mapping
from functools import cache, partial
from html import escape
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from app.auth.admission import COOKIE, Admission
from app.auth.sessions import LASTS_S, MustWait
from app.i18n.language import _, language, language_of, speaking
from clipcore.messages import N_
from indexer.errors import AccessError

log = logging.getLogger(__name__)

LOGIN_URL: Final = "/login"
PROVIDER_URL: Final = "/login/provider"
FORM_BYTES: Final = 8_000
FORM_S: Final = 10.0  # within this time a form has arrived
PASSWORD_CHARACTERS: Final = 1_000
IN_LINE: Final = 8  # passwords that wait to be tried: each takes 50 ms
PROVIDER_S: Final = 600  # a person logs in at the provider within this time
HTTP_CLIENTS: Final = ("httpx2", "httpx")  # authlib takes the first that is installed
SCOPES: Final = ("openid", "email", "profile")
PAGE: Final = Path(__file__).with_name("login.html")
STYLE: Final = Path(__file__).with_name("login.css")
UNKNOWN, TOO_EARLY, TOO_LATE, TOO_LARGE, AWAY = 401, 429, 408, 413, 503
# Before the login nothing is kept by the browser; after it has ended, nothing that it kept before.
PRIVATE: Final = {"cache-control": "no-store"}
CLEARED: Final = {"clear-site-data": '"cache"'}


def login_pages(admission: Admission) -> Starlette:
    """The application that visitors without a login see, at every path."""
    pages = _Pages(admission)
    routes = [Route(LOGIN_URL, pages.password, methods=["POST"])]
    middleware = []
    if admission.oidc:
        returned = Route(_return_url(admission.oidc), pages.returned)
        routes += [Route(PROVIDER_URL, pages.provider), returned]
        secret = str(_auth_section(admission.oidc)["cookie_secret"])
        cookie = partial(SessionMiddleware, session_cookie="recollect_provider")
        middleware = [Middleware(cookie, secret_key=secret, max_age=PROVIDER_S)]
    anything = Route("/{path:path}", pages.ask, methods=["GET", "HEAD", "POST"])
    return Starlette(routes=[*routes, anything], middleware=middleware)


def login_urls(admission: Admission) -> frozenset[str]:
    """The paths of these pages that are theirs after a login too."""
    returns = {PROVIDER_URL, _return_url(admission.oidc)} if admission.oidc else set()
    return frozenset({LOGIN_URL, *returns})


class _Pages:
    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._waiting = 0

    async def ask(self, request: Request) -> Response:
        """The form, at whatever address the visitor came to."""
        if "text/html" not in request.headers.get("accept", ""):
            return Response(status_code=UNKNOWN)
        with speaking(language_of(request)):
            return self._form(request, _address(request), "")

    async def password(self, request: Request) -> Response:
        """Try the password that was sent; a right one leads to the address that was asked for."""
        try:
            async with asyncio.timeout(FORM_S):
                form = await _form_of(request.stream())
        except (TimeoutError, ClientDisconnect):
            return Response(status_code=TOO_LATE)
        if form is None:
            return Response(status_code=TOO_LARGE)
        where = local(form.get("next", "/"))
        with speaking(language_of(request)):
            try:
                token = await self._tried(request, form.get("password", ""))
            except MustWait as early:
                return self._early(request, where, early)
            if token is None:
                return self._form(request, where, _("Wrong password."))
            return _entered(request, where, token)

    async def _tried(self, request: Request, password: str) -> str | None:
        """One password after the other, so that guessing takes no thread from anybody."""
        if self._waiting >= IN_LINE or len(password) > PASSWORD_CHARACTERS:
            raise MustWait(1)
        self._waiting += 1
        try:
            address = request.client.host if request.client else ""
            attempt = partial(self._admission.try_password, address, password)
            return await to_thread.run_sync(attempt, limiter=_one_at_a_time())
        finally:
            self._waiting -= 1

    def _early(self, request: Request, where: str, early: MustWait) -> Response:
        seconds = math.ceil(early.wait_s)
        message = _("Too many wrong passwords: try again in {seconds} s.").format(seconds=seconds)
        response = self._form(request, where, message, TOO_EARLY)
        response.headers["retry-after"] = str(seconds)
        return response

    async def provider(self, request: Request) -> Response:
        """Go to the provider, and remember what was asked for."""
        where = local(request.query_params.get("next", "/"))
        client, described = self._client()
        try:
            away: Response = await client.authorize_redirect(request, described["redirect_uri"])
        except _provider_errors() as error:
            log.warning("the provider cannot be reached: %s", error)
            with speaking(language_of(request)):
                return self._form(request, where, _("The login service cannot be reached."), AWAY)
        request.session["next"] = where
        return away

    async def returned(self, request: Request) -> Response:
        """Back from the provider with a person, who may be invited."""
        where = local(request.session.pop("next", "/"))
        person = await self._person(request)
        email = str(person.get("email") or "")
        is_theirs = bool(email) and person.get("email_verified") is not False
        token = self._admission.invite(email) if is_theirs else None
        if token is not None:
            return _entered(request, where, token)
        with speaking(language_of(request)):
            message = _("{email} may not see this library.")
            return self._form(request, where, message.format(email=email or "?"))

    async def _person(self, request: Request) -> Mapping[str, Any]:
        """The provider's facts about the person; nothing where the login has failed."""
        try:
            token = await self._client()[0].authorize_access_token(request)
        except _provider_errors() as error:
            log.warning("a login with the provider failed: %s", error)
            return {}
        return token.get("userinfo") or {}

    def _client(self) -> tuple[Any, Mapping[str, Any]]:
        assert self._admission.oidc is not None  # the routes that need it are there with it only
        return _provider(self._admission.oidc), _auth_section(self._admission.oidc)

    def _form(
        self, request: Request, where: str, notice: str, status: int = UNKNOWN
    ) -> HTMLResponse:
        """A page that asks for a login, in the language that is spoken."""
        if not self._admission.oidc and not self._admission.has_password():
            notice = _(
                "Other machines can reach this page, and it has no password. Set one with "
                "'indexer password', or start the page with 'indexer serve'."
            )
            fields = ""
        else:
            fields = _by_provider(where) if self._admission.oidc else _by_password(where)
        headers = PRIVATE | (CLEARED if COOKIE in request.cookies else {})
        response = HTMLResponse(_page(notice, fields), status, headers)
        if COOKIE in request.cookies:
            response.delete_cookie(COOKIE)
        return response


def local(address: str) -> str:
    """A place on this server: `address` if it is one, else where one begins."""
    is_path = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_path and address.isprintable() else "/"


def _entered(request: Request, where: str, token: str) -> Response:
    response = RedirectResponse(where, 303, PRIVATE)
    is_secret = request.url.scheme == "https"
    response.set_cookie(
        COOKIE, token, max_age=int(LASTS_S), httponly=True, samesite="lax", secure=is_secret
    )
    return response


async def _form_of(body: AsyncIterator[bytes]) -> dict[str, str] | None:
    """The fields of a form, the last of each name; None where it is too large."""
    data = b""
    async for piece in body:
        data += piece
        if len(data) > FORM_BYTES:
            return None
    return {name: values[-1] for name, values in parse_qs(data.decode("utf-8", "replace")).items()}


def _address(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return local(f"{request.url.path}{query}")


def _by_password(where: str) -> str:
    return f"""
      <form method="post" action="{LOGIN_URL}">
        <input type="hidden" name="next" value="{escape(where)}">
        <label for="password">{escape(_("Password"))}</label>
        <input id="password" name="password" type="password" required autofocus
          maxlength="{PASSWORD_CHARACTERS}" autocomplete="current-password">
        <button>{escape(_("Log in"))}</button>
      </form>"""


def _by_provider(where: str) -> str:
    return f"""
      <form action="{PROVIDER_URL}">
        <input type="hidden" name="next" value="{escape(where)}">
        <button>{escape(_("Log in"))}</button>
      </form>"""


def _page(notice: str, fields: str) -> str:
    shown = f'<p class="notice" role="alert">{escape(notice)}</p>' if notice else ""
    return Template(PAGE.read_text("utf-8")).substitute(
        language=language(),
        style=STYLE.read_text("utf-8"),
        heading=escape(_("These photos are private")),
        notice=shown,
        fields=fields,
    )


@cache
def _one_at_a_time() -> CapacityLimiter:
    return CapacityLimiter(1)


@cache
def _provider_errors() -> tuple[type[Exception], ...]:
    from authlib.integrations.base_client import OAuthError
    from joserfc.errors import JoseError

    clients = [import_module(name) for name in HTTP_CLIENTS if find_spec(name)]
    return OAuthError, JoseError, *(client.HTTPError for client in clients)


@cache
def _provider(oidc: Path) -> Any:
    from authlib.integrations.starlette_client import OAuth

    described = _auth_section(oidc)
    return OAuth().register(
        "provider",
        client_id=described["client_id"],
        client_secret=described["client_secret"],
        server_metadata_url=described["server_metadata_url"],
        client_kwargs={"scope": " ".join(SCOPES), **described.get("client_kwargs", {})},
    )


def _return_url(oidc: Path) -> str:
    return urlsplit(str(_auth_section(oidc)["redirect_uri"])).path


def _auth_section(oidc: Path) -> dict[str, Any]:
    try:
        section: dict[str, Any] = tomllib.loads(oidc.read_text("utf-8"))["auth"]
    except (OSError, ValueError, KeyError) as error:
        raise AccessError(N_("{path} cannot be read: {why}"), path=oidc, why=error) from error
    return section

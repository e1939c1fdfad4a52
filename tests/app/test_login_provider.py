"""A login with an OpenID provider: a real one over HTTP, as small as can be."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from benchmarks.attack import Target
from indexer.serving.access import Access
from tests.app.serving import served

pytestmark = pytest.mark.slow

KEY = RSAKey.generate_key(2048, {"kid": "one"})
DESCRIBED = """
[auth]
redirect_uri = "http://127.0.0.1/oauth2callback"
cookie_secret = "a secret of the test"
client_id = "recollect"
client_secret = "secret"
server_metadata_url = "{provider}/.well-known/openid-configuration"
[recollect]
people = ["Anna@example.org"]
"""


class Provider(BaseHTTPRequestHandler):
    """Says of the code that it is given, which is an address, that it has logged in."""

    nonces: dict[str, str] = {}  # noqa: RUF012 - of the one test server

    def do_GET(self) -> None:
        where = f"http://{self.headers['Host']}"
        endpoints = {"authorization": "authorize", "token": "token"}
        described: dict[str, Any] = {f"{a}_endpoint": f"{where}/{b}" for a, b in endpoints.items()}
        keys = {"keys": [KEY.as_dict(private=False)]}
        algorithms = {"id_token_signing_alg_values_supported": ["RS256"]}
        described |= {"issuer": where, "jwks_uri": f"{where}/keys", **algorithms}
        self._answer(keys if self.path == "/keys" else described)

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        email, now_s = form["code"][0], int(time.time())
        claims = {"iss": f"http://{self.headers['Host']}", "aud": "recollect", "sub": email}
        claims |= {"iat": now_s, "exp": now_s + 60, "nonce": self.nonces[email]}
        claims |= {"email": email, "email_verified": not email.startswith("unverified")}
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY)
        self._answer({"access_token": "a", "token_type": "Bearer", "id_token": token})

    def _answer(self, value: Any) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    directory = tmp_path_factory.mktemp("oidc")
    provider = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=provider.serve_forever).start()
    file = directory / "oidc.toml"
    file.write_text(DESCRIBED.format(provider=f"http://127.0.0.1:{provider.server_port}"))
    try:
        with served(
            directory / "library", Access("0.0.0.0", file), RECOLLECT_OIDC=str(file)
        ) as address:
            host, _, port = address.removeprefix("http://").strip("/").partition(":")
            yield Target(host, int(port))
    finally:
        provider.shutdown()
        provider.server_close()


def get(target: Target, path: str, cookie: str = "") -> http.client.HTTPResponse:
    with closing(http.client.HTTPConnection(target.host, target.port, timeout=60)) as connection:
        connection.request("GET", path, headers={"Cookie": cookie, "Accept": "text/html"})
        answer = connection.getresponse()
        answer.read()
        return answer


def cookie_of(answer: http.client.HTTPResponse) -> str:
    return (answer.headers["set-cookie"] or "").partition(";")[0]


def log_in(target: Target, email: str) -> http.client.HTTPResponse:
    """What the page answers to a person whom the provider has sent back."""
    away = get(target, "/login/provider?next=/map")
    asked = parse_qs(urlsplit(away.headers["location"]).query)
    Provider.nonces[email] = asked["nonce"][0]
    returned = f"/oauth2callback?state={asked['state'][0]}&code={email}"
    return get(target, returned, cookie_of(away))


def test_invited_person_is_led_to_what_was_asked_for(target: Target) -> None:
    answer = log_in(target, "anna@EXAMPLE.org")
    assert (answer.status, answer.headers["location"]) == (303, "/map")
    assert get(target, "/land.json", cookie_of(answer)).status == 200


@pytest.mark.parametrize("email", ["otto@example.org", "unverified-anna@example.org"])
def test_nobody_else_is_let_in(target: Target, email: str) -> None:
    answer = log_in(target, email)
    assert answer.status == 401
    assert "recollect_login" not in cookie_of(answer)


def test_answer_that_nobody_asked_for_is_none(target: Target) -> None:
    assert get(target, "/oauth2callback?state=x&code=anna@example.org").status == 401

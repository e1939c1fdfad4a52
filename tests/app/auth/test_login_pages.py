"""What a visitor without a login is answered, over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.auth.admission import Admission
from app.auth.login import (
    AWAY,
    LOGIN_URL,
    PASSWORD_CHARACTERS,
    PROVIDER_URL,
    TOO_EARLY,
    UNKNOWN,
    login_pages,
)
from app.auth.sessions import Sessions
from indexer.errors import AccessError

HTML = {"accept": "text/html"}
DESCRIBED = """
[auth]
redirect_uri = "http://127.0.0.1/oauth2callback"
cookie_secret = "a secret of the test"
client_id = "recollect"
client_secret = "secret"
server_metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"
"""


def pages(library: Path, oidc: Path | None = None) -> TestClient:
    """A browser of another machine."""
    admission = Admission("0.0.0.0", library, oidc, Sessions())
    return TestClient(login_pages(admission), headers=HTML)


def test_page_without_a_password_says_how_to_set_one(tmp_path: Path) -> None:
    answer = pages(tmp_path).get("/map")
    assert answer.status_code == UNKNOWN
    assert "indexer password" in answer.text
    assert "<form" not in answer.text


def test_password_that_is_longer_than_any_is_not_tried(tmp_path: Path) -> None:
    form = {"password": "x" * (PASSWORD_CHARACTERS + 1)}
    answer = pages(tmp_path).post(LOGIN_URL, data=form)
    assert (answer.status_code, answer.headers["retry-after"]) == (TOO_EARLY, "1")


def test_provider_that_is_away_is_told_and_may_be_tried_again(tmp_path: Path) -> None:
    (tmp_path / "oidc.toml").write_text(DESCRIBED)  # nobody listens there
    answer = pages(tmp_path, tmp_path / "oidc.toml").get(f"{PROVIDER_URL}?next=/map")
    assert answer.status_code == AWAY
    assert "The login service cannot be reached." in answer.text
    assert 'name="next" value="/map"' in answer.text


@pytest.mark.parametrize("text", [None, "[auth", "[other]"])
def test_description_of_a_provider_that_cannot_be_read_is_named(
    tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "oidc.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(AccessError, match=r"oidc\.toml cannot be read"):
        pages(tmp_path, file)

"""Who may see the page: the password's file, and what --host demands."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from indexer.environment import PASSWORD
from indexer.errors import AccessError
from indexer.serving.access import Access, is_loopback, needs_login, people
from indexer.serving.password import (
    FILE,
    has_password,
    is_password,
    password_mark,
    remove_password,
    set_password,
)

RIGHT = "correct horse"
DESCRIBED = """
[auth]
redirect_uri = "http://nas:8501/oauth2callback"
cookie_secret = "a"
client_id = "b"
client_secret = "c"
server_metadata_url = "http://provider/.well-known/openid-configuration"
[recollect]
people = ["Anna@example.org"]
"""


def test_password_is_kept_as_a_hash_that_only_its_owner_reads(tmp_path: Path) -> None:
    set_password(tmp_path, RIGHT)
    assert is_password(tmp_path, RIGHT)
    assert not is_password(tmp_path, RIGHT + " ")
    assert RIGHT not in (tmp_path / FILE).read_text()
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    remove_password(tmp_path)
    assert not has_password(tmp_path, {})
    assert not is_password(tmp_path, RIGHT)


def test_environment_takes_the_files_place(tmp_path: Path) -> None:
    set_password(tmp_path, RIGHT)
    environment = {PASSWORD: "of the environment"}
    assert is_password(tmp_path, "of the environment", environment)
    assert not is_password(tmp_path, RIGHT, environment)


def test_short_password_is_none(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="at least 8"):
        set_password(tmp_path, "1234567")
    with pytest.raises(AccessError, match="at least 8"):
        has_password(tmp_path, {PASSWORD: "1234567"})


def test_damaged_file_lets_nobody_in_and_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{}")
    with pytest.raises(AccessError, match="indexer password"):
        is_password(tmp_path, "")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_loopback_is_for_this_machine_alone(tmp_path: Path, host: str) -> None:
    assert is_loopback(host)
    assert not needs_login(host, tmp_path, {})


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "nas", None])
def test_everything_else_may_be_reached_by_others(tmp_path: Path, host: str | None) -> None:
    assert not is_loopback(host)
    assert needs_login(host, tmp_path, {})


def test_page_with_a_password_asks_for_it_on_loopback_too(tmp_path: Path) -> None:
    set_password(tmp_path, RIGHT)
    assert needs_login("127.0.0.1", tmp_path, {})


def test_open_host_without_a_login_is_refused(tmp_path: Path) -> None:
    Access().check(tmp_path)
    with pytest.raises(AccessError, match="indexer password"):
        Access("0.0.0.0").check(tmp_path)
    set_password(tmp_path, RIGHT)
    Access("0.0.0.0").check(tmp_path)


def test_login_by_a_provider_names_the_package_that_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "oidc.toml"
    file.write_text(DESCRIBED)
    Access("0.0.0.0", file).check(tmp_path)
    monkeypatch.setitem(sys.modules, "authlib", None)
    with pytest.raises(AccessError, match=r"recollect-photos\[oidc\]"):
        Access("0.0.0.0", file).check(tmp_path)


def test_mark_changes_with_the_password_and_there_is_none_without(tmp_path: Path) -> None:
    assert password_mark(tmp_path, {}) is None
    marks = {password_mark(tmp_path, {PASSWORD: RIGHT})}
    for password in (RIGHT, "another horse"):
        set_password(tmp_path, password)
        marks.add(password_mark(tmp_path, {}))
    assert len(marks - {None}) == 3


def test_provider_is_described_whole_and_with_those_who_may_come_in(tmp_path: Path) -> None:
    file = tmp_path / "oidc.toml"
    file.write_text(DESCRIBED)
    assert people(file) == {"anna@example.org"}
    file.write_text(DESCRIBED.replace('client_id = "b"\n', ""))
    with pytest.raises(AccessError, match="lacks client_id"):
        people(file)
    file.write_text(DESCRIBED.partition("[recollect]")[0])
    with pytest.raises(AccessError, match="must name the people"):
        people(file)
    file.write_text("[auth")
    with pytest.raises(AccessError, match="no TOML"):
        people(file)
    with pytest.raises(AccessError, match="cannot be read"):
        people(tmp_path / "none.toml")

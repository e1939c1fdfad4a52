"""The page's process from outside: its command, its environment, and its end."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from indexer.environment import OIDC
from indexer.errors import IndexerError
from indexer.serving import serve
from indexer.serving.access import Access
from indexer.serving.serve import page_served, server_command
from tests.indexer.serving.test_access import DESCRIBED
from tests.waiting import eventually

# in the place of the page: it does not end when it is asked to
STUBBORN = """#!/bin/sh
trap "" TERM
env > "$RECOLLECT_LIBRARY/environment"
echo $$ > "$RECOLLECT_LIBRARY/pid"
exec sleep 60
"""


def test_page_whose_package_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "app", None)
    with pytest.raises(IndexerError, match="install recollect-photos again"):
        server_command(0)


@pytest.mark.skipif(sys.platform == "win32", reason="a program of a shell")
def test_page_gets_the_logins_file_and_is_killed_where_it_does_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, described = tmp_path / "page", tmp_path / "oidc.toml"
    program.write_text(STUBBORN)
    program.chmod(0o755)
    described.write_text(DESCRIBED)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(serve, "STOP_S", 0.05)
    pid = tmp_path / "pid"
    with page_served(tmp_path, 0, lambda: None, access=Access(oidc=described)):
        eventually(lambda: pid.exists() and pid.read_text())
        page = psutil.Process(int(pid.read_text()))
    assert not page.is_running()
    assert f"{OIDC}={described}" in (tmp_path / "environment").read_text().splitlines()

"""Which model a new library gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from clipcore.checkpoints import catalogue
from clipcore.families.default import Choice, choose
from tests.clipcore.checkpoints.test_catalogue import (
    NAME,
    dead_url,
    go_offline,
    hub,
    online,
    point_at,
)
from tests.hub import Hub

__all__ = ["dead_url", "hub", "online"]  # fixtures


def test_auto_takes_the_default_when_the_hub_answers(hub: Hub, tmp_path: Path) -> None:
    assert choose(tmp_path) == Choice(NAME, None)


def test_auto_takes_the_default_when_it_is_cached(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue.pull(NAME, cache_dir=tmp_path)
    go_offline(monkeypatch)
    assert choose(tmp_path) == Choice(NAME, None)


def test_auto_takes_the_starter_where_the_default_cannot_be_kept(hub: Hub, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    choice = choose(in_the_way / "hub")
    assert choice.source == "starter"
    assert f"{in_the_way / 'hub'} cannot be written" in str(choice.warning)


def test_auto_falls_back_to_the_starter_and_says_how_to_change_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dead_url: str
) -> None:
    point_at(monkeypatch, dead_url)
    choice = choose(tmp_path)
    assert choice.source == "starter"
    assert choice.warning is not None
    assert f"indexer rebuild --model {NAME}" in choice.warning

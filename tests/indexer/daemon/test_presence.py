"""A photo directory that comes, goes or becomes another one is noticed, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from indexer.daemon.mounts import Mount
from indexer.daemon.presence import Presence


@dataclass(frozen=True)
class Mounted:
    mountpoint: str
    fstype: str = "ext4"
    device: str = "/dev/sdb1"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / "nas").mkdir(parents=True)
    return tmp_path / "root"


def test_directory_that_goes_and_comes_back_is_noticed_each_time(root: Path) -> None:
    presence = Presence(lambda: (), check_s=0)
    presence.renew([root])
    (root / "a photo.jpg").touch()
    assert not presence.changed()
    away = root.rename(root.with_name("away"))
    assert presence.changed()
    presence.renew([root])
    assert not presence.changed()
    away.rename(root)
    assert presence.changed()


def test_mount_below_a_directory_is_noticed_and_one_elsewhere_is_not(
    root: Path, tmp_path: Path
) -> None:
    mounts: list[Mount] = [Mounted("/")]
    presence = Presence(lambda: mounts, check_s=0)
    presence.renew([root])
    mounts.append(Mounted(str(tmp_path / "elsewhere")))
    assert not presence.changed()
    mounts.append(Mounted(str(root / "nas")))
    assert presence.changed()


def test_system_is_asked_from_time_to_time_only(root: Path) -> None:
    now_s = [0.0]
    presence = Presence(lambda: (), clock=lambda: now_s[0], check_s=2)
    presence.renew([root])
    assert not presence.changed()
    root.rename(root.with_name("away"))
    assert not presence.changed()
    now_s[0] = 2
    assert presence.changed()


def test_nothing_changes_where_there_is_no_directory(root: Path) -> None:
    assert not Presence(lambda: (), check_s=0).changed()

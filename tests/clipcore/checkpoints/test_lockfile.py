"""The record of hashes: kept while a file is the same, refused when damaged, done without."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from clipcore.checkpoints.lockfile import FILE_NAME, LockFile
from clipcore.errors import CheckpointDamaged


def test_a_hash_is_taken_again_only_when_size_or_time_change(tmp_path: Path) -> None:
    path, lock = tmp_path / "weights", LockFile(tmp_path)
    path.write_bytes(b"one")
    os.utime(path, ns=(1, 1))
    first = lock.sha256(path)
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    assert lock.sha256(path) == first
    os.utime(path, ns=(2, 2))
    assert lock.sha256(path) == hashlib.sha256(b"two").hexdigest()


def test_a_damaged_lock_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("{")
    with pytest.raises(CheckpointDamaged, match=FILE_NAME):
        LockFile(tmp_path).checkpoint("a model")


def test_without_a_place_for_the_lock_file_hashes_are_computed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"one")
    lock = LockFile(path / "cache")  # below a file there are no directories
    for _ in range(2):
        assert lock.sha256(path) == hashlib.sha256(b"one").hexdigest()
    (warning,) = caplog.messages
    assert str(path / "cache") in warning


def test_the_lock_file_keeps_what_others_wrote(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
        LockFile(tmp_path).sha256(tmp_path / name)
    assert len(json.loads((tmp_path / FILE_NAME).read_text())["files"]) == 2

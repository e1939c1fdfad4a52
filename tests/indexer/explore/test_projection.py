"""Where points are placed; what numba needs for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indexer.explore import projection


def test_numba_gets_a_directory_where_no_cache_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(in_the_way))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(in_the_way))  # unusable, too
    projection._let_numba_write(in_the_way / "umap")
    assert os.access(os.environ["NUMBA_CACHE_DIR"], os.W_OK)
    assert Path(os.environ["NUMBA_CACHE_DIR"]).is_dir()

"""Where points are placed; what numba needs for it."""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from indexer.arrays import FloatArray
from indexer.explore import projection


class CompiledUmap:
    """UMAP that notes where numba may write what it compiles."""

    directory = ""

    def __init__(self, **_: object) -> None:
        type(self).directory = os.environ.get("NUMBA_CACHE_DIR", "")

    def fit_transform(self, points: FloatArray) -> FloatArray:
        return points[:, :2]


@pytest.mark.parametrize("is_named", [True, False])
def test_numba_gets_a_directory_where_no_cache_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_named: bool
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(in_the_way))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(in_the_way))  # unusable, too
    if not is_named:
        monkeypatch.delenv("NUMBA_CACHE_DIR")
    umap = ModuleType("umap")
    umap.__spec__ = ModuleSpec("umap", None, origin=str(in_the_way / "umap" / "__init__.py"))
    umap.UMAP = CompiledUmap  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "umap", umap)
    projection.by_umap(np.eye(projection.FEWEST, dtype=np.float32))
    assert os.access(CompiledUmap.directory, os.W_OK)
    assert Path(CompiledUmap.directory).is_dir()

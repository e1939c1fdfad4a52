"""Rows of a table of words that stays on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from clipcore.errors import CheckpointDamaged, CheckpointMismatch
from clipcore.text.word_table import WordTable

TABLE = torch.linspace(-2, 2, 50 * 8).reshape(50, 8)
TOKENS = np.array([[3, 0, 49], [3, 3, 7]])


def table(path: Path, dtype: torch.dtype = torch.float32) -> WordTable:
    save_file({"a": torch.ones(3), "words": TABLE.to(dtype), "z": torch.ones(5)}, path)
    return WordTable(path, ("other", "words"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_rows_are_those_that_the_tokens_name(tmp_path: Path, dtype: torch.dtype) -> None:
    rows = table(tmp_path / "t.safetensors", dtype)(TOKENS)
    assert rows.dtype == np.float32
    assert np.array_equal(rows, TABLE.to(dtype).float().numpy()[TOKENS])


def test_only_those_rows_are_read(tmp_path: Path) -> None:
    words = table(path := tmp_path / "t.safetensors")
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 5 * 4 - 40 * 32)  # the first ten rows are left
    assert np.array_equal(words(np.array([[2, 9]])), TABLE.numpy()[[[2, 9]]])
    with pytest.raises(CheckpointDamaged):
        words(np.array([[20]]))


def test_a_word_that_the_table_has_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointMismatch, match="50 words"):
        table(tmp_path / "t.safetensors")(np.array([[50]]))


def test_a_file_without_the_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.safetensors"
    save_file({"words": torch.ones(3)}, path)
    with pytest.raises(CheckpointMismatch):
        WordTable(path, ("words",))
    with pytest.raises(CheckpointDamaged):
        WordTable(path, ("none",))
    path.write_bytes(b"\xff" * 20)
    with pytest.raises(CheckpointDamaged):
        WordTable(path, ("words",))

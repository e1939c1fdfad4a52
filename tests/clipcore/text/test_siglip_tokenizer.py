"""SigLIP's texts: what is taken out of them, and the rows of tokens that they become."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import seeded_siglip

from clipcore.errors import CheckpointDamaged, CheckpointMismatch
from clipcore.text.siglip_tokenizer import SiglipTokenizer, canonical

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A Dog, on the BEACH!", "a dog on the beach"),
        ("  snake_case\tand\n lines ", "snake case and lines"),
        ("it's &lt;b&gt; caf\u00e9", "its b caf\u00e9"),
        ("sch\u00c3\u00b6ne Gr\u00c3\u00bc\u00c3\u0178e", "sch\u00f6ne gr\u00fc\u00dfe"),
        ("海滩上的狗。", "海滩上的狗。"),
    ],
)
def test_texts_lose_capitals_and_ascii_punctuation(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize(
    ("tokenizer", "end", "padding"),
    [(seeded_siglip.gemma_tokenizer(), 1, 0), (seeded_siglip.t5_tokenizer(), 1, 1)],
)
def test_texts_are_filled_up_and_cut_with_their_end_kept(
    tmp_path: Path, tokenizer: Any, end: int, padding: int
) -> None:
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))
    rows = SiglipTokenizer(path, 600, 64).tokens(["A dog!", "", "dog " * 100])
    pieces = tokenizer.encode("a dog", add_special_tokens=False).ids
    assert rows[0].tolist() == [*pieces, end] + [padding] * (63 - len(pieces))
    assert rows[1].tolist() == [end] + [padding] * 63
    assert rows[2][-1] == end
    assert end not in rows[2][:-1]


def test_a_tokenizer_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(CheckpointDamaged):
        SiglipTokenizer(path, 600, 64)
    other = seeded_siglip.t5_tokenizer()
    written = json.loads(other.to_str())
    written["model"]["vocab"][1][0] = "<s>"
    path.write_text(json.dumps(written))
    with pytest.raises(CheckpointMismatch):
        SiglipTokenizer(path, 600, 64)

"""Token ids against the reference tokenizers' (golden values of tests/parity/compare.py)."""

from __future__ import annotations

import gzip
import html
import json
import re
from importlib import resources
from pathlib import Path

import ftfy
import pytest
import seeded
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import BPE

from clipcore.errors import CheckpointDamaged, CheckpointMismatch
from clipcore.model.config import VOCAB_SIZE
from clipcore.text.tokenizer import END, PLAIN, START, ClipTokenizer
from tests.depth import deeper

GOLDEN = json.loads((Path(__file__).parents[2] / "parity/golden.json").read_text())


@pytest.fixture(scope="module")
def tokenizer() -> ClipTokenizer:
    return ClipTokenizer(None)


def own_bpe() -> BPE:
    """CLIP's vocabulary as its file lists it: bytes, bytes that end a word, merges, specials."""
    packed = resources.files("clipcore").joinpath("data/bpe_simple_vocab_16e6.txt.gz")
    lines = gzip.decompress(packed.read_bytes()).decode().splitlines()
    merges = [(one, two) for one, two in map(str.split, lines[1 : VOCAB_SIZE - 2 * 256 - 1])]
    characters = sorted(pre_tokenizers.ByteLevel.alphabet())
    ends = [character + "</w>" for character in characters]
    words = [*characters, *ends, *map("".join, merges), START, END]
    vocab = {word: number for number, word in enumerate(words)}
    return BPE(vocab, merges, end_of_word_suffix="</w>", unk_token=END)


def tokenizer_json(directory: Path, **changes: object) -> Path:
    """A tokenizer.json as transformers writes it, with a normalizer that must not matter."""
    path = directory / "tokenizer.json"
    content = json.loads(Tokenizer(own_bpe()).to_str())
    content["normalizer"] = {"type": "NFC"}
    content["truncation"] = {
        "direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0,
    }  # fmt: skip
    content["added_tokens"] = [
        {
            "id": number, "content": token, "special": True, "single_word": False,
            "lstrip": False, "rstrip": False, "normalized": False,
        }
        for token, number in ((START, 49406), (END, 49407))
    ]  # fmt: skip
    content["model"] |= changes
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("number", range(len(seeded.TEXTS)))
def test_ids_equal_the_reference(tokenizer: ClipTokenizer, number: int) -> None:
    assert tokenizer.ids([seeded.TEXTS[number]]) == [GOLDEN["ids"][number]]


@pytest.mark.slow
def test_ids_of_random_texts_equal_the_reference(tokenizer: ClipTokenizer) -> None:
    """10,000 texts at full depth."""
    count = min(deeper(2_000), seeded.RANDOM_TEXTS)
    ids = tokenizer.ids(seeded.random_texts()[:count])
    chunks = [ids[at : at + seeded.CHUNK] for at in range(0, len(ids), seeded.CHUNK)]
    assert [seeded.digest(chunk) for chunk in chunks] == GOLDEN["random"][: len(chunks)]


@pytest.mark.slow
def test_a_tokenizer_json_gives_the_same_ids(tokenizer: ClipTokenizer, tmp_path: Path) -> None:
    read = ClipTokenizer(tokenizer_json(tmp_path))
    assert read.ids(seeded.TEXTS) == tokenizer.ids(seeded.TEXTS)


def test_rows_hold_start_ids_end_and_zeros(tokenizer: ClipTokenizer) -> None:
    tokens = tokenizer(["a cat", ""])
    assert tuple(tokens.shape) == (2, 77)
    assert tokens.tolist()[0][:5] == [49406, 320, 2368, 49407, 0]
    assert tokens.tolist()[1][:3] == [49406, 49407, 0]
    assert str(tokens.dtype) == "torch.int64"


def test_a_long_text_is_cut_with_its_end_kept(tokenizer: ClipTokenizer) -> None:
    tokens = tokenizer.tokens(["word " * 100, "word " * 75, "word " * 76])
    assert tokens[:, -1].tolist() == [49407] * 3


def test_a_special_token_that_is_typed_is_plain_text(tokenizer: ClipTokenizer) -> None:
    text = "a <|endoftext|> b <|startoftext|>"
    ids = tokenizer.ids([text])[0]
    assert max(ids) < 49406
    assert tokenizer.tokens([text])[0].argmax() == len(ids) + 1


def test_no_texts_give_no_rows(tokenizer: ClipTokenizer) -> None:
    assert tokenizer.tokens([]).shape == (0, 77)


def test_a_single_str_is_refused(tokenizer: ClipTokenizer) -> None:
    with pytest.raises(TypeError, match="list of texts"):
        tokenizer("a cat")


def test_another_context_length_is_kept_to() -> None:
    assert ClipTokenizer(None, context_length=8).tokens(["word " * 20]).shape == (1, 8)


def test_a_vocabulary_of_another_size_is_refused() -> None:
    with pytest.raises(CheckpointMismatch, match="49408"):
        ClipTokenizer(None, vocab_size=2000)


@pytest.mark.slow
def test_a_cut_tokenizer_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tokenizer_json(tmp_path)
    path.write_text(path.read_text()[:5000])
    with pytest.raises(CheckpointDamaged, match=r"tokenizer\.json"):
        ClipTokenizer(path)


@pytest.mark.slow
def test_another_kind_of_tokenizer_is_refused(tmp_path: Path) -> None:
    path = tokenizer_json(tmp_path, end_of_word_suffix="")
    with pytest.raises(CheckpointMismatch, match="byte-level BPE"):
        ClipTokenizer(path)


def test_a_tokenizer_without_the_end_of_a_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    words = {START: 0, "a</w>": 1}
    Tokenizer(BPE(words, [], end_of_word_suffix="</w>")).save(str(path))
    with pytest.raises(CheckpointMismatch, match=re.escape(END)):
        ClipTokenizer(path)


@given(st.from_regex(PLAIN, fullmatch=True))
def test_plain_text_has_nothing_to_repair(text: str) -> None:
    assert html.unescape(html.unescape(ftfy.fix_text(text))) == text

"""Tokenizers of text towers that are a BERT against open_clip and transformers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import seeded_bert
from seeded_bert import SENTENCES, BertCase

from clipcore.checkpoints.weights import canonical, infer_bert
from clipcore.errors import CheckpointDamaged, CheckpointMismatch
from clipcore.text.bert_tokenizer import BertTokenizer

GOLDEN = np.load(Path(__file__).parents[2] / "parity" / "golden_bert.npz")
TEXTS = [*SENTENCES, "beach " * 100]


def tokenizer(path: Path, case: BertCase) -> BertTokenizer:
    config = infer_bert(canonical(seeded_bert.text_state(case)), case.facts)
    return BertTokenizer(path, config, case.facts)


def unigram(directory: Path) -> Path:
    path = directory / "tokenizer.json"
    seeded_bert.unigram_tokenizer().save(str(path))
    return path


def vocabulary(directory: Path) -> Path:
    path = directory / "vocab.txt"
    path.write_text("\n".join(seeded_bert.word_pieces()) + "\n", encoding="utf-8")
    return path


def test_ids_equal_those_of_open_clip(tmp_path: Path) -> None:
    rows = tokenizer(unigram(tmp_path), seeded_bert.XLM_BASE).tokens(TEXTS)
    assert np.array_equal(rows, GOLDEN["tokens xlm"])


def test_ids_of_a_vocabulary_equal_those_of_transformers(tmp_path: Path) -> None:
    rows = tokenizer(vocabulary(tmp_path), seeded_bert.CHINESE).tokens(TEXTS)
    assert np.array_equal(rows, GOLDEN["tokens chinese"])


def test_only_line_feeds_part_the_words_of_a_vocabulary(tmp_path: Path) -> None:
    """Chinese BERT's has a word that is a line separator of Unicode."""
    path = vocabulary(tmp_path)
    words = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    with path.open("a", encoding="utf-8") as file:
        file.write("\u2028\nlast\n")
    (row,) = tokenizer(path, seeded_bert.CHINESE).tokens(["last"])
    assert row[1] == len(words) + 1


def test_a_long_text_is_cut_and_keeps_its_last_token(tmp_path: Path) -> None:
    own = tokenizer(unigram(tmp_path), seeded_bert.XLM_BASE)
    (row,) = own.tokens(["beach " * 100])
    assert row.shape == (77,)
    assert (row[0], row[-1]) == (0, 2)
    assert own.lengths(row[None]).tolist() == [77]


def test_padding_within_a_text_does_not_shorten_it(tmp_path: Path) -> None:
    own = tokenizer(unigram(tmp_path), seeded_bert.XLM_BASE)
    assert own.lengths(np.array([[0, 1, 5, 2, 1, 1], [0, 7, 6, 5, 4, 2]])).tolist() == [4, 6]


def test_a_text_with_broken_encoding_is_repaired_as_open_clip_does(tmp_path: Path) -> None:
    own = tokenizer(unigram(tmp_path), seeded_bert.XLM_BASE)
    broken, whole = own.tokens(["GroÃŸmutter &amp;amp; am  Strand", "Großmutter & am Strand"])
    assert np.array_equal(broken, whole)


def test_a_list_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="list of texts"):
        tokenizer(unigram(tmp_path), seeded_bert.XLM_BASE).tokens("a cat")


def test_a_file_that_is_no_tokenizer_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(CheckpointDamaged, match=r"tokenizer\.json"):
        tokenizer(path, seeded_bert.XLM_BASE)
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("no\nspecial\ntokens\n")
    with pytest.raises(CheckpointDamaged, match=r"vocab\.txt"):
        tokenizer(vocabulary, seeded_bert.CHINESE)


def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    case = BertCase("small", seeded_bert.CHINESE.facts, 64, 32, 64, vocab_size=20)
    with pytest.raises(CheckpointMismatch, match="the model has 20"):
        tokenizer(vocabulary(tmp_path), case)

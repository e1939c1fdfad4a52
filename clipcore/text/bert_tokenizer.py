"""Sentences -> (B, T) token ids for a text tower that is a BERT.

The tokenizer is the one that the checkpoint brings as tokenizer.json (SentencePiece or WordPiece,
as the `tokenizers` package runs it), or WordPiece over its vocab.txt. Knows nothing of the model
but the token that fills short texts up.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece

from clipcore.errors import CheckpointMismatch
from clipcore.messages import N_
from clipcore.model.config import BertFacts, TextConfig
from clipcore.text.tokenizer_file import reading_tokenizer

if TYPE_CHECKING:
    from torch import Tensor

VOCABULARY: Final = "vocab.txt"


class BertTokenizer:
    """Callable: list of texts -> (B, context_length) int64, padding after the last token."""

    def __init__(self, source: Path, config: TextConfig, facts: BertFacts) -> None:
        """`source`: a tokenizer.json, or a vocab.txt. `config`, `facts`: of the text tower.

        Raises CheckpointDamaged if it cannot be read, CheckpointMismatch if it has more tokens than
        the model.
        """
        self._tokenizer = _opened(source)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(config.context_length)
        self._prepare = clean if facts.repairs_texts else str
        self.context_length, self._padding = config.context_length, facts.padding
        if (size := self._tokenizer.get_vocab_size()) > config.vocab_size:
            raise CheckpointMismatch(
                N_("{source} has {size} tokens; the model has {vocab_size}"),
                source=source,
                size=size,
                vocab_size=config.vocab_size,
            )

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """B texts -> (B, context_length) int64; too long a text is cut, its last token kept."""
        import torch  # ids alone need no torch, and it takes seconds to import

        return torch.from_numpy(self.tokens(texts))

    def tokens(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """The same as a numpy array."""
        if isinstance(texts, str):
            raise TypeError("a list of texts is tokenized, not a single str")
        tokens = np.full((len(texts), self.context_length), self._padding, dtype=np.int64)
        encodings = self._tokenizer.encode_batch([self._prepare(text) for text in texts])
        for row, encoding in zip(tokens, encodings, strict=True):
            row[: len(encoding.ids)] = encoding.ids
        return tokens

    def lengths(self, tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
        """(B, T) -> (B,) positions up to the last token of each text."""
        after = (tokens != self._padding)[:, ::-1].argmax(axis=1)  # a text may spell "<pad>"
        return np.asarray(tokens.shape[1] - after)


def clean(text: str) -> str:
    """Repairs broken encodings, unescapes HTML twice, folds white space, as open_clip does."""
    import ftfy

    return " ".join(html.unescape(html.unescape(ftfy.fix_text(text))).split())


def _opened(source: Path) -> Tokenizer:
    with reading_tokenizer(source):
        if source.name == VOCABULARY:
            return _word_pieces(source)
        return Tokenizer.from_file(str(source))


def _word_pieces(source: Path) -> Tokenizer:
    """BERT's own: lower case without accents, a token for each Chinese character.

    Reference: transformers `convert_slow_tokenizer.py`, class BertConverter.
    """
    # not splitlines(): Chinese BERT has a word that is a line separator of Unicode
    words = source.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    start, end = "[CLS]", "[SEP]"
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}",
        special_tokens=[(start, vocabulary[start]), (end, vocabulary[end])],
    )
    return tokenizer

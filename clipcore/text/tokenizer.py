"""Sentences -> (B, 77) token ids, the same ids as the reference tokenizer gives.

The vocabulary and its merges come from the checkpoint's tokenizer.json, or from CLIP's own list,
which is in the package, where a checkpoint brings none. Byte-level BPE is done by `tokenizers`;
cleaning and word splitting are written here after the reference (openai/CLIP
`simple_tokenizer.py`, open_clip `tokenizer.py`). A text that spells a special token, such as
"<|endoftext|>", is plain text, as in open_clip.
"""

from __future__ import annotations

import gzip
import html
import json
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, normalizers, pre_tokenizers
from tokenizers import Tokenizer as BpeTokenizer
from tokenizers.models import BPE

from clipcore.errors import CheckpointMismatch
from clipcore.messages import N_
from clipcore.model.config import CONTEXT_LENGTH, VOCAB_SIZE
from clipcore.text.tokenizer_file import reading_tokenizer

if TYPE_CHECKING:
    from torch import Tensor

START, END = "<|startoftext|>", "<|endoftext|>"
# In these there is nothing to repair, and most queries are of them: they need no ftfy.
PLAIN = re.compile(r"[A-Za-z0-9 ,.!?'-]*")
# Contractions, runs of letters, single digits, runs of anything else (openai/CLIP). U+0345
# belongs to none of them in the reference, which matches without regard to case: it is dropped.
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}\x{345}]+"


def clean(text: str) -> str:
    """Repairs broken encodings, unescapes HTML twice, folds white space, lowers case."""
    if PLAIN.fullmatch(text):
        return " ".join(text.split()).lower()
    import ftfy

    unescaped = html.unescape(html.unescape(ftfy.fix_text(text)))
    return " ".join(unescaped.split()).lower()


class ClipTokenizer:
    """Callable: list of texts -> (B, context_length) int64, zeros after the end-of-text token."""

    def __init__(
        self,
        source: Path | None,
        vocab_size: int = VOCAB_SIZE,
        context_length: int = CONTEXT_LENGTH,
    ) -> None:
        """`source`: a tokenizer.json, or None for CLIP's own vocabulary.

        Raises CheckpointDamaged if it cannot be read, CheckpointMismatch if it is another kind
        of tokenizer or not of `vocab_size` tokens.
        """
        self._bpe = _own_vocabulary() if source is None else _from_file(source)
        self.context_length = context_length
        self.start = self._special(START, source)
        self.end = self._special(END, source)
        if self._bpe.get_vocab_size() != vocab_size or self.end != vocab_size - 1:
            raise CheckpointMismatch(
                N_(
                    "{source} has {size} tokens and ends a text with number {end}; the model "
                    "expects {vocab_size} tokens, the last of which ends a text"
                ),
                source=source or "the built-in vocabulary",
                size=self._bpe.get_vocab_size(),
                end=self.end,
                vocab_size=vocab_size,
            )

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """B texts -> (B, context_length) int64; too long a text is cut, its end token kept."""
        import torch  # ids alone need no torch, and it takes seconds to import

        return torch.from_numpy(self.tokens(texts))

    def tokens(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """The same as a numpy array."""
        tokens = np.zeros((len(texts), self.context_length), dtype=np.int64)
        for row, ids in zip(tokens, self.ids(texts), strict=True):
            kept = [self.start, *ids[: self.context_length - 2], self.end]
            row[: len(kept)] = kept
        return tokens

    def lengths(self, tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
        """(B, T) -> (B,) positions up to the end-of-text token of each text, the highest number."""
        return np.asarray(tokens.argmax(axis=1) + 1)

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each whole text, uncut and without its start and end."""
        if isinstance(texts, str):
            raise TypeError("a list of texts is tokenized, not a single str")
        cleaned = [clean(text) for text in texts]
        encodings = self._bpe.encode_batch(cleaned, add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def _special(self, token: str, source: Path | None) -> int:
        number = self._bpe.token_to_id(token)
        if number is None:
            raise CheckpointMismatch(
                N_("{source} has no token '{token}': it is not a CLIP tokenizer"),
                source=source,
                token=token,
            )
        return number


def _from_file(source: Path) -> BpeTokenizer:
    """The vocabulary and merges of a tokenizer.json; nothing else of it is used."""
    with reading_tokenizer(source):
        bpe = BpeTokenizer.from_file(str(source))
    suffix = json.loads(source.read_text(encoding="utf-8"))["model"].get("end_of_word_suffix")
    if not isinstance(bpe.model, BPE) or suffix != "</w>":
        raise CheckpointMismatch(
            N_("{source} is not CLIP's byte-level BPE with '</w>' word ends"), source=source
        )
    return _as_reference(bpe)


def _as_reference(bpe: BpeTokenizer) -> BpeTokenizer:
    """Splits words as the reference does, and leaves cleaning and cutting to this module.

    The normalizer that checkpoints bring composes characters once more after HTML was unescaped;
    the reference does not.
    """
    bpe.normalizer = normalizers.Sequence([])
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.encode_special_tokens = True
    bpe.no_truncation()
    bpe.no_padding()
    return bpe


@lru_cache(maxsize=1)
def _own_vocabulary() -> BpeTokenizer:
    """CLIP's vocabulary: 256 bytes, 256 that end a word, the merges by rank, two specials."""
    packed = resources.files("clipcore").joinpath("data/bpe_simple_vocab_16e6.txt.gz")
    with packed.open("rb") as file, gzip.open(file, "rt", encoding="utf-8") as unpacked:
        # The first line is a version; only as many merges are used as fill the vocabulary.
        lines = list(islice(unpacked, 1, VOCAB_SIZE - 512 - 2 + 1))
    merges = [(first, second) for first, second in (line.split() for line in lines)]
    bytes_ = _byte_characters()
    words = [*bytes_, *(b + "</w>" for b in bytes_), *(a + b for a, b in merges), START, END]
    vocab = {word: number for number, word in enumerate(words)}
    bpe = BpeTokenizer(BPE(vocab, merges, end_of_word_suffix="</w>", unk_token=END))
    return _as_reference(bpe)


def _byte_characters() -> list[str]:
    """A printable character for each byte, in the order of the vocabulary (GPT-2's table)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1)]
    printable += range(ord("®"), ord("ÿ") + 1)
    others = len(set(range(256)) - set(printable))
    return [chr(byte) for byte in printable] + [chr(256 + n) for n in range(others)]

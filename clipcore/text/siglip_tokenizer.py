"""Sentences -> (B, T) token ids of SigLIP and SigLIP 2, filled up to the full length.

The vocabulary is the checkpoint's tokenizer.json: SentencePiece with 32,000 or 250,000 pieces for
SigLIP, Gemma's with 256,000 for SigLIP 2. Texts lose their capitals and their punctuation first, as
in training (google-research/big_vision `prompt_engineering.py`, open_clip `canonicalize_text`).
"""

from __future__ import annotations

import ctypes
import html
import string
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from clipcore.errors import CheckpointMismatch
from clipcore.messages import N_
from clipcore.text.tokenizer import PLAIN
from clipcore.text.tokenizer_file import reading_tokenizer

if TYPE_CHECKING:
    from torch import Tensor

END: Final = 1  # the number of the token that ends a text, in Gemma's vocabulary and in T5's
PADDING: Final = {"<eos>": "<pad>", "</s>": "</s>"}  # by that token, the one that fills texts up
NO_PUNCTUATION: Final = str.maketrans("_", " ", string.punctuation.replace("_", ""))


def canonical(text: str) -> str:
    """Without capitals, ASCII punctuation, HTML and broken encodings; white space folded."""
    if not PLAIN.fullmatch(text):
        import ftfy

        text = html.unescape(html.unescape(ftfy.fix_text(text)))
    return " ".join(text.translate(NO_PUNCTUATION).lower().split())


class SiglipTokenizer:
    """Callable: texts -> (B, context_length) int64: pieces, the end token, then padding."""

    def __init__(self, source: Path, vocab_size: int, context_length: int) -> None:
        """`source`: a tokenizer.json.

        Raises CheckpointDamaged if it cannot be read, CheckpointMismatch if it is none of SigLIP's.
        """
        self._pieces = _read(source)
        self.context_length = context_length
        padding = PADDING.get(self._pieces.id_to_token(END) or "", "")
        number = self._pieces.token_to_id(padding)
        if number is None or number >= vocab_size:
            raise CheckpointMismatch(
                N_("{source} is no tokenizer of SigLIP's: its token 1 is neither <eos> nor </s>"),
                source=source,
            )
        self.padding = number

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """B texts -> (B, context_length) int64, as `tokens` gives them."""
        import torch  # ids alone need no torch, and it takes seconds to import

        return torch.from_numpy(self.tokens(texts))

    def tokens(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """B texts -> (B, context_length); too long a text is cut, its end token kept."""
        tokens = np.full((len(texts), self.context_length), self.padding, dtype=np.int64)
        cleaned = [canonical(text) for text in texts]
        for row, encoding in zip(
            tokens, self._pieces.encode_batch(cleaned, add_special_tokens=False), strict=True
        ):
            kept = [*encoding.ids[: self.context_length - 1], END]
            row[: len(kept)] = kept
        return tokens


def _read(source: Path) -> Tokenizer:
    with reading_tokenizer(source):
        tokenizer = Tokenizer.from_file(str(source))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    _give_memory_back()
    return tokenizer


def _give_memory_back() -> None:
    """Reading Gemma's vocabulary frees 270 MB that glibc would keep for this process."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)

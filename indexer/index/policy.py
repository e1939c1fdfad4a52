"""Which kind of index suits a library, and why. Pure: knows neither FAISS nor the library.

A kind is named as FAISS's index_factory reads it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from clipcore.messages import N_, Message

AUTO: Final = "auto"
EXACT: Final = "exact"
APPROXIMATE: Final = "approximate"

STORED: Final = "SQfp16"  # the vectors as they are stored
BYTES: Final = "SQ8"  # one byte a dimension

# Measured with two cores and 512 dimensions. Comparing 100,000 vectors takes 6 ms, as bytes 3 ms,
# and all of the best are among the candidates; lists of 4-bit codes miss one in a hundred, but
# take 3 ms at 1,000,000 where bytes take 32.
EXACT_LIMIT: Final = 50_000
BYTES_LIMIT: Final = 250_000
GPU_LIMIT: Final = 1_000_000  # 1 GB of a graphics card

RESCORED: Final = Message(N_("candidates are scored with the stored vectors"))
REQUESTED: Final = Message(N_("requested"))


@dataclass(frozen=True, slots=True)
class IndexPolicy:
    """Up to how many vectors each kind is used; `exact_only` asks for the exact one at any size."""

    exact_only: bool = False
    exact_limit: int = EXACT_LIMIT
    bytes_limit: int = BYTES_LIMIT

    def on_gpu(self) -> IndexPolicy:
        """The same where a graphics card compares: all vectors up to what it has room for."""
        return replace(self, exact_limit=max(self.exact_limit, GPU_LIMIT))

    def kind(self, count: int, dim: int) -> str:
        """The kind that suits `count` vectors of `dim` dimensions.

        The lists are as many as each then has vectors; rounded to a power of two, so that the
        index is trained again each time the library has grown fourfold.
        """
        if self.exact_only or count <= self.exact_limit:
            return STORED
        if count <= self.bytes_limit:
            return BYTES
        return f"IVF{1 << round(math.log2(math.sqrt(count)))},PQ{dim}x4fs"

    def reason(self, count: int, kind: str) -> Message:
        """Why an index of `count` vectors is of this kind."""
        if kind == BYTES:
            sentence = N_("more than {limit} vectors: compared as bytes, {why}")
            return Message(sentence, limit=f"{self.exact_limit:,}", why=RESCORED)
        if kind != STORED:
            sentence = N_("more than {limit} vectors: {kind}, {why}")
            return Message(sentence, limit=f"{self.bytes_limit:,}", kind=kind, why=RESCORED)
        if self.exact_only:
            return REQUESTED
        if count <= self.exact_limit:
            sentence = N_("up to {limit} vectors all of them are compared")
            return Message(sentence, limit=f"{self.exact_limit:,}")
        return Message(N_("for now: the library has outgrown it, a rebuild makes it approximate"))

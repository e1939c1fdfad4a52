"""Text towers alone: each was trained to put sentences where another model's text tower does.

So the photos that this model has embedded are searched with it, in more languages, and nothing is
embedded again. Knows no library.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from clipcore.arrays import FloatArray
from clipcore.checkpoints import published
from clipcore.checkpoints.sentence_tower import MULTILINGUAL, open_sentence_tower
from clipcore.encoder import Encoder, unit_rows
from clipcore.errors import CheckpointMismatch
from clipcore.families.languages import languages_of
from clipcore.families.registry import KnownModel, Languages
from clipcore.families.two_towers import by_length, tokens_of
from clipcore.messages import N_

if TYPE_CHECKING:
    from clipcore.checkpoints.hub import Progress
    from clipcore.engines.engines import Engine, Tower
    from clipcore.families.registry import TowerEncoder
    from clipcore.text.bert_tokenizer import BertTokenizer

PROBE_TEXTS: Final = (
    "a dog on the beach",
    "zwei rote Äpfel",
    "снег на старом мосту",
    "笑っている子供たち",
)
PARAMETERS: Final = 135e6  # of clip-ViT-B-32-multilingual-v1
BLOCKS: Final = 43e6  # of these; the others are its table of words, which stays on disk
# The least share of sentences that are nearest to themselves, as the model's own tower embeds them.
# By chance it is one of all of them; a tower trained for these vectors has nearly all.
AGREEMENT: Final = 0.5


class TextTower:
    """Sentences into the vectors of another model. Thread-safe; weights load at first use."""

    sides: tuple[str, ...] = ("text",)

    def __init__(self, source: str) -> None:
        """`source`: a name, or a directory in sentence-transformers' form.

        Raises ModelNotFound, DownloadError or a CheckpointError.
        """
        self._checkpoint = open_sentence_tower(source)
        self._lock = threading.Lock()

    @cached_property
    def tower_id(self) -> str:
        """Names the weights: the same on every machine."""
        return self._checkpoint.tower_id

    @property
    def dim(self) -> int:
        """D, the length of an embedding."""
        return self._checkpoint.dim

    @property
    def languages(self) -> Languages:
        """The languages that its sentences may be in."""
        return languages_of(self._checkpoint.config.vocab_size)

    def load_texts(self) -> None:
        """Load the weights now, so that the first sentence need not wait."""
        _ = self._loaded

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        """B sentences -> (B, D) unit rows."""
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        return by_length(texts, *self._loaded)

    def tower(self, side: str) -> Tower:
        """The text tower, to try engines with."""
        from clipcore.engines.engines import Tower

        key = f"{self.tower_id} {side}"
        return Tower(key, self._checkpoint.load, (-1, -1), self._probe, 1, unit_rows)

    def _probe(self) -> npt.NDArray[np.int64]:
        return tokens_of(PROBE_TEXTS, self._checkpoint.tokenizer())

    @property
    def _loaded(self) -> tuple[BertTokenizer, Engine]:
        with self._lock:
            return self._tokenizer_and_engine

    @cached_property
    def _tokenizer_and_engine(self) -> tuple[BertTokenizer, Engine]:
        from clipcore.engines.choice import open_engine

        return self._checkpoint.tokenizer(), open_engine(self.tower("text"))


@dataclass(frozen=True)
class SwappedTexts:
    """An encoder whose sentences another tower embeds; all else is the encoder's own.

    The tower opens at the first sentence: photos need none.
    """

    own: Encoder
    open_texts: Callable[[], TextTower]

    @property
    def model_id(self) -> str:
        return self.own.model_id

    @property
    def dim(self) -> int:
        return self.own.dim

    @property
    def logit_scale(self) -> float:
        return self.own.logit_scale

    @property
    def logit_bias(self) -> float | None:
        return self.own.logit_bias

    @property
    def languages(self) -> Languages:
        """Those of the other tower."""
        return self.open_texts().languages

    @property
    def image_size_px(self) -> int:
        return self.own.image_size_px

    def preprocess(self, image: Image.Image) -> FloatArray:
        return self.own.preprocess(image)

    def load_images(self) -> None:
        self.own.load_images()

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        return self.own.embed_images(pixels)

    def load_texts(self) -> None:
        self.open_texts().load_texts()

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        return self.open_texts().embed_texts(texts)


def check_fit(tower: TextTower, own: Encoder, texts: Sequence[str]) -> None:
    """Raises CheckpointMismatch unless the tower was trained for the vectors of the encoder.

    `texts`: sentences in a language that both understand. Each is to be nearest to itself.
    """
    if tower.dim != own.dim:
        raise CheckpointMismatch(
            N_("{tower} has {dim} dimensions; the vectors of {model} have {expected}"),
            tower=tower.tower_id,
            dim=tower.dim,
            model=own.model_id,
            expected=own.dim,
        )
    nearest = (tower.embed_texts(texts) @ own.embed_texts(texts).T).argmax(axis=1)
    share = float((nearest == np.arange(len(texts))).mean())
    if share < AGREEMENT:
        raise CheckpointMismatch(
            N_(
                "{tower} was not trained for the vectors of {model}: of {count} sentences {share} "
                "are nearest to themselves, fewer than {least}"
            ),
            tower=tower.tower_id,
            model=own.model_id,
            count=len(texts),
            share=f"{share:.0%}",
            least=f"{AGREEMENT:.0%}",
        )


class _TextTowerFamily:
    """See `Family`; its models are text towers alone, and none is an encoder."""

    understands_scenes = True

    def knows(self, source: str) -> bool:
        return source == MULTILINGUAL.name

    def open(self, source: str, device: str | None, engine: str | None) -> TowerEncoder:
        raise CheckpointMismatch(
            N_(
                "{source} is a text tower alone, for vectors that are there: 'indexer models use "
                "{source} --text-only'"
            ),
            source=source,
        )

    def source_of(self, model_id: str) -> str | None:
        return None

    def models(self) -> Sequence[KnownModel]:
        return [_multilingual()]

    def find(self, source: str) -> KnownModel | None:
        return _multilingual() if self.knows(source) else None

    def pull(self, source: str, progress: Progress | None = None) -> Path:
        return published.pull(MULTILINGUAL, progress).weights


def _multilingual() -> KnownModel:
    cached_bytes = published.cached_bytes(MULTILINGUAL)
    estimated_bytes = int(4 * PARAMETERS)
    return KnownModel(
        MULTILINGUAL.name,
        is_cached=cached_bytes is not None,
        size_bytes=cached_bytes or estimated_bytes,
        memory_bytes=estimated_bytes,
        query_bytes=int(6 * BLOCKS),
        dim=512,
        languages=Languages.MANY,
        licence="Apache 2.0",
        text_tower_of="ViT-B-32/openai",
    )


FAMILY = _TextTowerFamily()

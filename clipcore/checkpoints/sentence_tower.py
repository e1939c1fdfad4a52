"""A text tower alone, as sentence-transformers keeps it: a DistilBERT, its mean, a dense layer.

Opening reads the configurations and needs no torch; the tensors must agree with them when they
load. Knows nothing of the model whose vectors the tower was trained for.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from clipcore.checkpoints import hub, published
from clipcore.checkpoints.config_files import read_json, refuse_unlike
from clipcore.checkpoints.lockfile import LockFile
from clipcore.checkpoints.published import TOKENIZERS, TRANSFORMERS, Layout, Published, first_of
from clipcore.errors import CheckpointDamaged, ModelNotFound
from clipcore.messages import N_
from clipcore.model.config import DISTILBERT, BertConfig, TextConfig

if TYPE_CHECKING:
    from clipcore.model.bert_transformer import BertTextTransformer
    from clipcore.text.bert_tokenizer import BertTokenizer

T = TypeVar("T")
CONFIG, DENSE = "config.json", "2_Dense"
DENSE_WEIGHTS: Final = tuple(f"{DENSE}/{name}" for name in TRANSFORMERS.weights)
OTHERS: Final = (
    CONFIG,
    "sentence_bert_config.json",
    "1_Pooling/config.json",
    f"{DENSE}/config.json",
    *DENSE_WEIGHTS,
    *TOKENIZERS,
)
MULTILINGUAL: Final = Published(
    "clip-ViT-B-32-multilingual-v1",
    "sentence-transformers/clip-ViT-B-32-multilingual-v1",
    layout=Layout(OTHERS, TRANSFORMERS.weights),
)
ID_DIGITS: Final = 8
POSITIONS: Final = "embeddings.position_ids"  # which some writers store; they are 0, 1, 2, ...


@dataclass(frozen=True)
class _DistilBert:
    """config.json; what transformers assumes where it is silent (DistilBertConfig)."""

    model_type: str = ""
    vocab_size: int = 30522
    max_position_embeddings: int = 512
    dim: int = 768
    n_layers: int = 6
    n_heads: int = 12
    hidden_dim: int = 3072
    activation: str = "gelu"
    sinusoidal_pos_embds: bool = False
    pad_token_id: int = 0


@dataclass(frozen=True)
class _Sentences:
    """sentence_bert_config.json."""

    max_seq_length: int = DISTILBERT.context_length


@dataclass(frozen=True)
class _Pooling:
    """1_Pooling/config.json."""

    pooling_mode_mean_tokens: bool = True


@dataclass(frozen=True)
class _Dense:
    """2_Dense/config.json."""

    in_features: int
    out_features: int
    bias: bool = True
    activation_function: str = "torch.nn.modules.activation.Tanh"


@dataclass(frozen=True)
class SentenceTower:
    """A text tower on disk. `dim`: of its embeddings."""

    name: str
    config: TextConfig
    bert: BertConfig
    dim: int
    weights: Path
    dense: Path
    tokenizer_file: Path

    @property
    def tower_id(self) -> str:
        """Names the weights: the same on every machine."""
        lock = LockFile(hub.cache_directory())
        digests = lock.sha256(self.weights) + lock.sha256(self.dense)
        return f"{self.name}@{hashlib.sha256(digests.encode()).hexdigest()[:ID_DIGITS]}"

    def tokenizer(self) -> BertTokenizer:
        from clipcore.text.bert_tokenizer import BertTokenizer  # listing models needs none

        return BertTokenizer(self.tokenizer_file, self.config, self.bert.facts)

    def load(self) -> BertTextTransformer:
        """The tower with its weights. Raises a CheckpointError unless they fit strictly."""
        import torch

        from clipcore.checkpoints.tensor_files import check_names, filled, read_raw
        from clipcore.checkpoints.weights import canonical
        from clipcore.model.bert_transformer import BertTextTransformer

        tensors = {
            name: tensor
            for path in (self.weights, self.dense)
            for name, tensor in read_raw(path, lambda name: name != POSITIONS).items()
        }
        own = {name.removeprefix("text."): one for name, one in canonical(tensors).items()}
        with torch.device("meta"):
            tower = BertTextTransformer(self.config, self.bert, self.dim)
        check_names(own, tower.state_dict(), self.weights)
        return filled(tower, own, "cpu", self.weights)


def is_sentence_tower(source: str) -> bool:
    """Whether the source is a name of one, or a directory of that form."""
    return source == MULTILINGUAL.name or (Path(source).expanduser() / DENSE).is_dir()


def open_sentence_tower(source: str) -> SentenceTower:
    """The tower of that name, downloaded if need be, or in that directory.

    Raises ModelNotFound, DownloadError or a CheckpointError.
    """
    if source == MULTILINGUAL.name:
        files = published.pull(MULTILINGUAL)
        return _opened(files.weights.parent, MULTILINGUAL.name)
    directory = Path(source).expanduser()
    if not is_sentence_tower(source):
        raise ModelNotFound(
            N_("{source} is no text tower: a name that `indexer models` lists, or a directory"),
            source=source,
        )
    return _opened(directory, None)


def _opened(directory: Path, name: str | None) -> SentenceTower:
    path = directory / CONFIG
    config = _read(path, _DistilBert)
    _check(path, "model_type", config.model_type, "distilbert")
    _check(path, "activation", config.activation, "gelu")
    _check(path, "sinusoidal_pos_embds", config.sinusoidal_pos_embds, False)
    pooling = directory / "1_Pooling" / CONFIG
    if pooling.is_file():
        means = _read(pooling, _Pooling).pooling_mode_mean_tokens
        _check(pooling, "pooling_mode_mean_tokens", means, True)
    path = directory / DENSE / CONFIG
    dense = _read(path, _Dense)
    _check(path, "bias", dense.bias, False)
    _check(path, "activation_function", dense.activation_function.rpartition(".")[2], "Identity")
    _check(path, "in_features", dense.in_features, config.dim)
    text, bert = _sizes(config, _length(directory))
    return SentenceTower(
        name or f"DistilBERT-{config.dim}x{config.n_layers}",
        text,
        bert,
        dense.out_features,
        first_of(directory, TRANSFORMERS.weights),
        first_of(directory, DENSE_WEIGHTS),
        first_of(directory, TOKENIZERS),
    )


def _sizes(config: _DistilBert, length: int) -> tuple[TextConfig, BertConfig]:
    facts = replace(
        DISTILBERT,
        padding=config.pad_token_id,
        context_length=min(length, config.max_position_embeddings),
        head_width=config.dim // config.n_heads,
    )
    bert = BertConfig(facts, config.max_position_embeddings, token_types=0, projection_width=0)
    text = TextConfig(
        context_length=facts.context_length,
        vocab_size=config.vocab_size,
        width=config.dim,
        heads=config.n_heads,
        layers=config.n_layers,
        mlp_width=config.hidden_dim,
        bert=bert,
    )
    return text, bert


def _length(directory: Path) -> int:
    path = directory / "sentence_bert_config.json"
    return _read(path, _Sentences).max_seq_length if path.is_file() else DISTILBERT.context_length


def _read(path: Path, form: type[T]) -> T:
    content = read_json(path)
    try:
        return msgspec.convert(content, form)
    except msgspec.ValidationError as error:
        raise CheckpointDamaged(
            N_("{path} cannot be read as JSON: {why}"), path=path, why=error
        ) from error


def _check(path: Path, name: str, value: Any, expected: Any) -> None:
    refuse_unlike(path, {name: value}, {name: expected})

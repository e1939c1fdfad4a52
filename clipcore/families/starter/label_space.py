"""The space in which sentences and ImageNet's classes meet, for the starter encoder.

A point has two parts before it is projected. The class part tells each of the 1000 classes by
itself: which of them the photo shows, which of them the sentence is about. The semantic part is a
sentence embedding: for a photo the probability-weighted mean of those of the class names (ConSE,
Norouzi et al. 2013, arXiv 1312.5650), for a sentence its own. Knows no images and no texts.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib import resources

import numpy as np

from clipcore.arrays import FloatArray

DATA = "data/starter_space.npz"

# The constants below were chosen with benchmarks/starter_retrieval.py; around each of them the
# recall is flat to a point or two.
SENTENCE_TEMPERATURE = 0.07  # of a sentence's cosines with the class names
PRIOR_EXPONENT = 0.5  # how far a class that any sentence resembles is held back
LOGIT_TEMPERATURE = 1.5  # of the classifier's logits, for the mean of the class names
LOGIT_THRESHOLD = 1.0  # in standard deviations of a photo's logits; below it a class is absent
SEMANTIC_WEIGHT = 0.9  # of a photo's semantic part, its class part being 1


@dataclass(frozen=True, slots=True)
class LabelSpace:
    """What the class names mean, and the projection into the space that is stored."""

    labels: FloatArray  # (1000, S): sentence embedding of each class, the mean of several wordings
    prior: FloatArray  # (1000,): how much English nouns resemble each class, summing to one
    centre: FloatArray  # (1000,): the mean of their class parts
    projection: FloatArray  # (1000 + S, D), with orthonormal columns

    @property
    def dim(self) -> int:
        return int(self.projection.shape[1])

    def of_sentences(self, sentences: FloatArray) -> FloatArray:
        """(B, S) sentence embeddings -> (B, D) unit rows."""
        return unit_rows(self.parts_of_sentences(sentences) @ self.projection)

    def of_logits(self, logits: FloatArray) -> FloatArray:
        """(B, 1000) logits of the classifier -> (B, D) unit rows."""
        standardised = logits - logits.mean(axis=1, keepdims=True)
        standardised /= logits.std(axis=1, keepdims=True)
        classes = unit_rows(np.maximum(0, standardised - LOGIT_THRESHOLD))
        meaning = unit_rows(softmax(logits / LOGIT_TEMPERATURE) @ self._centred_labels)
        return unit_rows(np.hstack([classes, SEMANTIC_WEIGHT * meaning]) @ self.projection)

    def parts_of_sentences(self, sentences: FloatArray) -> FloatArray:
        """(B, S) -> (B, 1000 + S): the two parts, before the projection."""
        classes = resemblance(sentences, self.labels, self.prior) - self.centre
        return np.hstack([unit_rows(classes), unit_rows(sentences - self.labels.mean(axis=0))])

    @property
    def _centred_labels(self) -> FloatArray:
        return np.asarray(self.labels - self.labels.mean(axis=0))


def resemblance(
    sentences: FloatArray, labels: FloatArray, prior: FloatArray | None = None
) -> FloatArray:
    """(B, S) sentences, (C, S) class names -> (B, C) probabilities of what they are about."""
    logits = sentences @ labels.T / np.float32(SENTENCE_TEMPERATURE)
    if prior is not None:
        logits -= np.float32(PRIOR_EXPONENT) * np.log(prior)
    return softmax(logits)


def read_label_space() -> LabelSpace:
    """The space that comes with the package."""
    packed = resources.files("clipcore").joinpath(DATA).read_bytes()
    with np.load(io.BytesIO(packed)) as arrays:
        return LabelSpace(**{name: arrays[name].astype(np.float32) for name in arrays})


def softmax(logits: FloatArray) -> FloatArray:
    """Rows of logits -> rows of probabilities."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def unit_rows(rows: FloatArray) -> FloatArray:
    """Rows scaled to length one."""
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))

"""LabelSpace: sentences and class logits meet where they are about the same thing."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest

from clipcore.families.starter.label_space import LabelSpace, read_label_space, resemblance


@pytest.fixture(scope="module")
def space() -> LabelSpace:
    return read_label_space()


def test_projection_keeps_lengths(space: LabelSpace) -> None:
    identity = space.projection.T @ space.projection
    np.testing.assert_allclose(identity, np.eye(space.dim), atol=2e-3)  # it is stored as float16


def test_a_sure_classifier_is_nearest_to_the_name_of_its_class(space: LabelSpace) -> None:
    logits = np.random.default_rng(0).normal(size=(1000, 1000)).astype(np.float32)
    logits += 12 * np.eye(1000, dtype=np.float32)
    nearest = (space.of_logits(logits) @ space.of_sentences(space.labels).T).argmax(axis=1)
    assert np.mean(nearest == np.arange(1000)) > 0.95


def test_a_class_that_is_often_meant_has_to_be_meant_more(space: LabelSpace) -> None:
    sentences = space.labels[:200]
    before, after = (resemblance(sentences, space.labels, prior) for prior in (None, space.prior))
    np.testing.assert_allclose(before.sum(axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(after.sum(axis=1), 1, atol=1e-4)
    often = int(space.prior.argmax())
    assert after[:, often].mean() < before[:, often].mean()


def test_there_is_one_label_for_each_class(space: LabelSpace) -> None:
    labels = json.loads(
        resources.files("clipcore").joinpath("data/imagenet_labels.json").read_text()
    )
    assert len(labels) == len(space.labels) == len(space.prior) == len(space.centre) == 1000
    assert space.prior.sum() == pytest.approx(1, abs=1e-4)

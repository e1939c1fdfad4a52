"""Text towers that are a BERT against what the reference code computed from the same weights.

The golden values are written by tests/parity/compare.py, which runs open_clip and transformers.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import seeded_bert
import torch
from seeded_bert import BERT_CASES, BertCase

from clipcore.checkpoints.weights import canonical, infer_bert, infer_dim
from clipcore.model.bert_transformer import BertTextTransformer

pytestmark = pytest.mark.slow

GOLDEN = np.load(Path(__file__).parents[2] / "parity" / "golden_bert.npz")
WITHIN, COSINE_AT_LEAST = 1e-4, 0.9999


def tower(case: BertCase) -> BertTextTransformer:
    state = canonical(seeded_bert.text_state(case))
    with torch.device("meta"):
        config = infer_bert(state, case.facts)
        assert config.bert is not None
        own = BertTextTransformer(config, config.bert, infer_dim(state))
    named = {name.removeprefix("text."): tensor for name, tensor in state.items()}
    own.load_state_dict(named, strict=True, assign=True)
    return own.eval()


@pytest.mark.parametrize("case", BERT_CASES, ids=lambda case: case.name)
@torch.inference_mode()
def test_features_equal_the_reference(case: BertCase) -> None:
    theirs = torch.from_numpy(GOLDEN[case.name])
    features = tower(case)(case.tokens)
    assert features.shape == (3, case.embed_dim)
    assert (features - theirs).abs().max() <= WITHIN
    assert torch.cosine_similarity(features, theirs, dim=-1).min() >= COSINE_AT_LEAST


@pytest.mark.parametrize("case", BERT_CASES, ids=lambda case: case.name)
@torch.inference_mode()
def test_padding_changes_nothing(case: BertCase) -> None:
    own = tower(case)
    whole = own(case.tokens)
    for row, expected in zip(case.tokens, whole, strict=True):
        cut = own(row[row != case.facts.padding][None])
        assert (cut[0] - expected).abs().max() <= 1e-4


@pytest.mark.long  # of the golden values, which the tests above compare with
@torch.inference_mode()
def test_the_constants_matter() -> None:
    """What the golden values would not tell apart would be no proof."""
    for case in (seeded_bert.XLM_BASE, seeded_bert.DISTIL):
        theirs = torch.from_numpy(GOLDEN[case.name])
        others = (
            replace(case.facts, first_position=1 - min(case.facts.first_position, 1)),
            replace(case.facts, pooling="class"),
            replace(case.facts, epsilon=1e-2),
        )
        for facts in others:
            state = canonical(seeded_bert.text_state(case))
            config = infer_bert(state, facts)
            assert config.bert is not None
            other = BertTextTransformer(config, config.bert, infer_dim(state))
            named = {name.removeprefix("text."): tensor for name, tensor in state.items()}
            other.load_state_dict(named, strict=True)
            assert (other.eval()(case.tokens) - theirs).abs().max() > 10 * WITHIN

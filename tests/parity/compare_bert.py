"""The stages of compare.py for text towers that are a BERT: open_clip, transformers, tokenizers.

compare.py runs it; the golden file beside it holds what the reference code computed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import seeded
import seeded_bert
import torch
from open_clip.hf_model import HFTextEncoder
from open_clip.tokenizer import HFTokenizer
from seeded_bert import BertCase
from torch import Tensor
from transformers import (
    BertTokenizerFast,
    ChineseCLIPConfig,
    ChineseCLIPModel,
    DistilBertConfig,
    DistilBertModel,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
)

from clipcore.checkpoints.loading import open_checkpoint
from clipcore.checkpoints.weights import canonical, infer_bert, infer_dim
from clipcore.model.bert_transformer import BertTextTransformer
from clipcore.model.config import CHINESE_ROBERTA, XLM_ROBERTA
from clipcore.text.bert_tokenizer import BertTokenizer

GOLDEN = Path(__file__).with_name("golden_bert.npz")
Compare = Callable[[str, dict[str, Tensor], dict[str, Tensor]], None]
Judge = Callable[[str, float, float], None]


# --- the references ------------------------------------------------------------------------------


def _sizes(case: BertCase) -> dict[str, Any]:
    return {
        "vocab_size": case.vocab_size,
        "hidden_size": case.width,
        "num_hidden_layers": case.layers,
        "num_attention_heads": case.heads,
        "intermediate_size": case.width * 4,
        "max_position_embeddings": case.positions,
    }


def from_open_clip(case: BertCase) -> Tensor:
    """open_clip's adapter around transformers' XLM-RoBERTa."""
    config = XLMRobertaConfig(
        **_sizes(case), type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1
    )
    tower = HFTextEncoder(
        case.name, case.embed_dim, config=config, pooler_type="mean_pooler", proj_type="mlp"
    )
    state = seeded_bert.text_state(case)
    own = {name.removeprefix("text."): tensor for name, tensor in state.items()}
    missing, unexpected = tower.load_state_dict(own, strict=False)
    # transformers' own pooler, which the mean pooler passes by
    assert not unexpected
    assert all(name.startswith("transformer.pooler.") for name in missing), missing
    features: Tensor = tower.eval()(case.tokens)
    return features


def chinese_model(case: BertCase) -> ChineseCLIPModel:
    """transformers' model, its image tower a small one."""
    config = seeded_bert.chinese_config(case, {**seeded.TINY, "embed_dim": case.embed_dim})
    model = ChineseCLIPModel(ChineseCLIPConfig(**config))
    images = seeded.transformers_layout(
        seeded.openai_state({**seeded.TINY, "embed_dim": case.embed_dim})
    )
    vision = ("vision_model.", "visual_projection.", "logit_scale")
    state = {name: tensor for name, tensor in images.items() if name.startswith(vision)}
    model.load_state_dict(state | seeded_bert.text_state(case), strict=True)
    return model.eval()


def from_chinese(case: BertCase, model: ChineseCLIPModel) -> dict[str, Tensor]:
    tokens = case.tokens
    mask = (tokens != case.facts.padding).long()
    pixels = seeded.generator("chinese pixels").random((2, 3, 64, 64), dtype=np.float32)
    inputs = {"input_ids": tokens, "attention_mask": mask, "pixel_values": torch.from_numpy(pixels)}
    out = model(**inputs)
    texts = model.get_text_features(input_ids=tokens, attention_mask=mask).pooler_output
    images = model.get_image_features(pixel_values=inputs["pixel_values"]).pooler_output
    return {"image tower": images, "text tower": texts, "logits": out.logits_per_image}


def from_sentence_transformers(case: BertCase) -> Tensor:
    """transformers' DistilBERT, then the pooling and the dense layer of sentence-transformers."""
    config = DistilBertConfig(
        vocab_size=case.vocab_size,
        dim=case.width,
        n_layers=case.layers,
        n_heads=case.heads,
        hidden_dim=case.width * 4,
        max_position_embeddings=case.positions,
    )
    tower = DistilBertModel(config)
    tower.load_state_dict(seeded.state_dict(seeded_bert.distil_shapes(case)), strict=True)
    mask = (case.tokens != case.facts.padding).long()
    hidden = tower.eval()(input_ids=case.tokens, attention_mask=mask).last_hidden_state
    weights = mask.unsqueeze(-1).float()
    mean = (hidden * weights).sum(1) / torch.clamp(weights.sum(1), min=1e-9)
    dense = seeded.state_dict(seeded_bert.dense_shapes(case))["linear.weight"]
    return mean @ dense.T


# --- ours ----------------------------------------------------------------------------------------


def ours(case: BertCase) -> Tensor:
    """The tower of a case, sized by its tensors."""
    state = canonical(seeded_bert.text_state(case))
    with torch.device("meta"):
        config = infer_bert(state, case.facts)
        assert config.bert is not None
        tower = BertTextTransformer(config, config.bert, infer_dim(state))
    own = {name.removeprefix("text."): tensor for name, tensor in state.items()}
    tower.load_state_dict(own, strict=True, assign=True)
    features: Tensor = tower.eval()(case.tokens)
    return features


# --- stages --------------------------------------------------------------------------------------


@torch.inference_mode()
def compare_towers(compare: Compare, golden: dict[str, np.ndarray]) -> None:
    for case in seeded_bert.BERT_CASES:
        if case.facts == CHINESE_ROBERTA:
            model = chinese_model(case)
            theirs = from_chinese(case, model)
            compare_chinese(compare, case, model, theirs)
        elif case.facts == XLM_ROBERTA:
            theirs = {"text tower": from_open_clip(case)}
        else:
            theirs = {"text tower": from_sentence_transformers(case)}
        compare(case.name, {"text tower": ours(case)}, {"text tower": theirs["text tower"]})
        golden[case.name] = theirs["text tower"].numpy()


def compare_chinese(
    compare: Compare, case: BertCase, model: ChineseCLIPModel, theirs: dict[str, Tensor]
) -> None:
    """A directory that transformers writes, opened whole."""
    with tempfile.TemporaryDirectory() as place:
        model.save_pretrained(place)
        clip = open_checkpoint(Path(place)).load()
        pixels = seeded.generator("chinese pixels").random((2, 3, 64, 64), dtype=np.float32)
        images, texts = clip.encode_image(torch.from_numpy(pixels)), clip.encode_text(case.tokens)
        logits = clip.logits_per_image(images, texts)
    own = {"image tower": images, "text tower": texts, "logits": logits}
    compare("Chinese-CLIP directory, transformers", own, theirs)


def compare_tokenizers(judge: Judge, golden: dict[str, np.ndarray]) -> None:
    texts = [*seeded_bert.SENTENCES, "beach " * 100]
    with tempfile.TemporaryDirectory() as place:
        theirs = {
            "xlm": _xlm_tokens(Path(place) / "xlm", texts),
            "chinese": _chinese_tokens(Path(place) / "chinese", texts),
        }
        mine = {
            "xlm": _our_tokens(Path(place) / "xlm" / "tokenizer.json", seeded_bert.XLM_BASE, texts),
            "chinese": _our_tokens(
                Path(place) / "chinese" / "vocab.txt", seeded_bert.CHINESE, texts
            ),
        }
    for name, rows in theirs.items():
        judge(f"tokenizer {name}", float(np.abs(mine[name] - rows).max()), 0.0)
        golden[f"tokens {name}"] = rows


def _our_tokens(path: Path, case: BertCase, texts: list[str]) -> np.ndarray:
    config = infer_bert(canonical(seeded_bert.text_state(case)), case.facts)
    return BertTokenizer(path, config, case.facts).tokens(texts)


def _xlm_tokens(directory: Path, texts: list[str]) -> np.ndarray:
    """open_clip's wrapper around a tokenizer.json."""
    directory.mkdir()
    path = directory / "tokenizer.json"
    seeded_bert.unigram_tokenizer().save(str(path))
    PreTrainedTokenizerFast(
        tokenizer_file=str(path),
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=512,
    ).save_pretrained(directory)
    rows = HFTokenizer(str(directory), context_length=open_clip.tokenizer.DEFAULT_CONTEXT_LENGTH)
    return rows(texts).numpy()


def _chinese_tokens(directory: Path, texts: list[str]) -> np.ndarray:
    """transformers' BERT tokenizer over a vocab.txt."""
    directory.mkdir()
    path = directory / "vocab.txt"
    path.write_text("\n".join(seeded_bert.word_pieces()) + "\n", encoding="utf-8")
    tokenizer = BertTokenizerFast(vocab=str(path))
    length = CHINESE_ROBERTA.context_length
    rows = tokenizer(
        texts, padding="max_length", max_length=length, truncation=True, return_tensors="np"
    )
    return np.asarray(rows["input_ids"])

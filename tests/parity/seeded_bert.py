"""Text towers that are a BERT, with weights that follow from their names; see seeded.py.

Each case has the names of its checkpoint's own layout, so that what reads such checkpoints is
compared too. Knows no reference code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_letters
from typing import Any

import numpy as np
import seeded
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram, WordPiece
from torch import Tensor

from clipcore.checkpoints.sentence_tower import open_sentence_tower
from clipcore.checkpoints.weights import canonical
from clipcore.model.bert_transformer import BertTextTransformer
from clipcore.model.config import CHINESE_ROBERTA, DISTILBERT, XLM_ROBERTA, BertFacts

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class BertCase:
    """One comparison: a kind of text tower, of few layers, with some vocabulary."""

    name: str
    facts: BertFacts
    width: int
    embed_dim: int
    positions: int
    layers: int = 2
    vocab_size: int = 600

    @property
    def heads(self) -> int:
        return self.width // self.facts.head_width

    @property
    def tokens(self) -> Tensor:
        """(3, T): a short, a middling and a full text, the rest of each row padding."""
        length = self.facts.context_length
        rows = np.full((3, length), self.facts.padding, dtype=np.int64)
        for row, count in zip(rows, (3, length // 3, length), strict=True):
            ids = seeded.generator(f"{self.name} {count}").integers(4, self.vocab_size, count)
            row[:count] = ids
        return torch.from_numpy(rows)


XLM_BASE = BertCase("xlm-roberta-base", XLM_ROBERTA, 768, 512, 514)
XLM_LARGE = BertCase("xlm-roberta-large", XLM_ROBERTA, 1024, 1024, 514, layers=1)
CHINESE = BertCase("chinese-roberta-base", CHINESE_ROBERTA, 768, 512, 512)
DISTIL = BertCase("distilbert-multilingual", DISTILBERT, 768, 512, 512)
BERT_CASES = (XLM_BASE, XLM_LARGE, CHINESE, DISTIL)


# --- names and shapes ----------------------------------------------------------------------------


def xlm_shapes(case: BertCase) -> Shapes:
    """open_clip's layout of a text tower, under "text."."""
    hidden = (case.width + case.embed_dim) // 2
    shapes = _bert(case, "text.transformer.", types=1)
    shapes["text.proj.0.weight"] = (hidden, case.width)
    shapes["text.proj.2.weight"] = (case.embed_dim, hidden)
    return shapes


def chinese_shapes(case: BertCase) -> Shapes:
    """transformers' layout of Chinese-CLIP's text tower."""
    shapes = _bert(case, "text_model.", types=2)
    shapes["text_projection.weight"] = (case.embed_dim, case.width)
    return shapes


def distil_shapes(case: BertCase) -> Shapes:
    """transformers' layout of DistilBERT."""
    width, hidden = case.width, case.width * 4
    shapes: Shapes = {
        "embeddings.word_embeddings.weight": (case.vocab_size, width),
        "embeddings.position_embeddings.weight": (case.positions, width),
        **_pair("embeddings.LayerNorm", (width,)),
    }
    for layer in range(case.layers):
        block = f"transformer.layer.{layer}"
        for part in ("q_lin", "k_lin", "v_lin", "out_lin"):
            shapes |= _pair(f"{block}.attention.{part}", (width, width))
        shapes |= _pair(f"{block}.sa_layer_norm", (width,))
        shapes |= _pair(f"{block}.ffn.lin1", (hidden, width))
        shapes |= _pair(f"{block}.ffn.lin2", (width, hidden))
        shapes |= _pair(f"{block}.output_layer_norm", (width,))
    return shapes


def dense_shapes(case: BertCase) -> Shapes:
    """The dense layer of a sentence-transformers directory."""
    return {"linear.weight": (case.embed_dim, case.width)}


def _bert(case: BertCase, prefix: str, types: int) -> Shapes:
    width, hidden = case.width, case.width * 4
    shapes: Shapes = {
        f"{prefix}embeddings.word_embeddings.weight": (case.vocab_size, width),
        f"{prefix}embeddings.position_embeddings.weight": (case.positions, width),
        f"{prefix}embeddings.token_type_embeddings.weight": (types, width),
        **_pair(f"{prefix}embeddings.LayerNorm", (width,)),
    }
    for layer in range(case.layers):
        block = f"{prefix}encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            shapes |= _pair(f"{block}.attention.self.{part}", (width, width))
        shapes |= _pair(f"{block}.attention.output.dense", (width, width))
        shapes |= _pair(f"{block}.attention.output.LayerNorm", (width,))
        shapes |= _pair(f"{block}.intermediate.dense", (hidden, width))
        shapes |= _pair(f"{block}.output.dense", (width, hidden))
        shapes |= _pair(f"{block}.output.LayerNorm", (width,))
    return shapes


def _pair(name: str, shape: tuple[int, ...]) -> Shapes:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def text_state(case: BertCase) -> dict[str, Tensor]:
    """The seeded weights of a case's text tower, in its checkpoint's layout."""
    if case.facts == XLM_ROBERTA:
        return seeded.state_dict(xlm_shapes(case))
    if case.facts == CHINESE_ROBERTA:
        return seeded.state_dict(chinese_shapes(case))
    return seeded.state_dict(distil_shapes(case) | dense_shapes(case))


# --- tokenizers ----------------------------------------------------------------------------------

SENTENCES = (
    "a photo of a cat",
    "grandmother on the beach",
    "Großmutter am Strand",
    "бабушка на пляже",
    "海滩上的祖母",
    "浜辺の祖母",
    "جدتي على الشاطئ",
    "",
    "  A Photo\n of   a CAT!  ",
)


def unigram_tokenizer() -> Tokenizer:
    """A SentencePiece unigram of XLM-R's kind: its specials, its blanks, its template."""
    characters = sorted({character for text in SENTENCES for character in text.replace(" ", "▁")})
    words = sorted({f"▁{word}" for text in SENTENCES for word in text.split()})
    specials = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces = [(piece, -8.0) for piece in words] + [(one, -12.0) for one in ("▁", *characters)]
    tokenizer = Tokenizer(Unigram([*specials, *dict(pieces).items()], unk_id=3))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(" {2,}", " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def word_pieces() -> list[str]:
    """The lines of a vocab.txt that has words, characters and parts of words."""
    text = " ".join(SENTENCES).lower()
    characters = sorted({character for character in text if not character.isspace()})
    parts = [f"##{character}" for character in characters]
    words = ["photo", "grandmother", "beach", "cat", "the", "of", "grossmutter", "strand"]
    known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *parts, *words]
    return list(dict.fromkeys(known))


def word_piece_tokenizer() -> Tokenizer:
    """A WordPiece of multilingual BERT's kind: case is kept."""
    letters = [*ascii_letters, *(f"##{letter}" for letter in ascii_letters)]
    words = dict.fromkeys([*word_pieces(), *letters])
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


# --- directories ---------------------------------------------------------------------------------

SMALL_XLM = BertCase("xlm-roberta-base", XLM_ROBERTA, 64, 32, 90)
SMALL_CHINESE = BertCase("chinese", CHINESE_ROBERTA, 64, 32, 64)
SMALL_DISTIL = BertCase("distil", DISTILBERT, 64, 32, 140)


def write_xlm(directory: Path, case: BertCase = SMALL_XLM, vision: Any = seeded.TINY) -> Path:
    """A directory in open_clip's form with an XLM-R as its text tower."""
    directory.mkdir(parents=True, exist_ok=True)
    images = {name: one for name, one in seeded.openai_state(vision).items() if "visual" in name}
    state = images | text_state(case) | {"logit_scale": torch.tensor(seeded.LOGIT_SCALE)}
    save_file(state, directory / "open_clip_model.safetensors")
    text = {"hf_model_name": case.name, "hf_tokenizer_name": case.name}
    text |= {"hf_pooler_type": "mean_pooler"}
    config = {"embed_dim": case.embed_dim, "vision_cfg": vision["vision_cfg"], "text_cfg": text}
    whole = {"model_cfg": config, "preprocess_cfg": {}}
    (directory / "open_clip_config.json").write_text(json.dumps(whole))
    unigram_tokenizer().save(str(directory / "tokenizer.json"))
    return directory


def write_chinese(directory: Path, case: BertCase = SMALL_CHINESE) -> Path:
    """A directory in transformers' form with a small Chinese-CLIP."""
    directory.mkdir(parents=True, exist_ok=True)
    images = {
        name: tensor
        for name, tensor in seeded.transformers_layout(seeded.openai_state(seeded.TINY)).items()
        if name.startswith(("vision_model.", "visual_projection."))
    }
    state = images | text_state(case) | {"logit_scale": torch.tensor(seeded.LOGIT_SCALE)}
    save_file(state, directory / "model.safetensors")
    (directory / "config.json").write_text(json.dumps(chinese_config(case, seeded.TINY)))
    (directory / "vocab.txt").write_text("\n".join(word_pieces()) + "\n", encoding="utf-8")
    return directory


def chinese_config(case: BertCase, vision: Mapping[str, Any]) -> dict[str, Any]:
    """What transformers' ChineseCLIPConfig takes, and writes as config.json."""
    other = seeded.transformers_config(vision, "quick_gelu")
    return {
        "model_type": "chinese_clip",
        "projection_dim": case.embed_dim,
        "vision_config": other["vision_config"],
        "text_config": {
            "hidden_size": case.width,
            "intermediate_size": case.width * 4,
            "num_hidden_layers": case.layers,
            "num_attention_heads": case.heads,
            "vocab_size": case.vocab_size,
            "max_position_embeddings": case.positions,
            "type_vocab_size": 2,
        },
    }


def write_distil(
    directory: Path, case: BertCase = SMALL_DISTIL, dense: Tensor | None = None
) -> Path:
    """A directory in sentence-transformers' form; `dense`: the weights of its dense layer."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "2_Dense").mkdir(exist_ok=True)
    save_file(seeded.state_dict(distil_shapes(case)), directory / "model.safetensors")
    layer = seeded.state_dict(dense_shapes(case)) if dense is None else {"linear.weight": dense}
    save_file(layer, directory / "2_Dense" / "model.safetensors")
    config = {
        "model_type": "distilbert",
        "vocab_size": case.vocab_size,
        "max_position_embeddings": case.positions,
        "dim": case.width,
        "n_layers": case.layers,
        "n_heads": case.heads,
        "hidden_dim": case.width * 4,
    }
    (directory / "config.json").write_text(json.dumps(config))
    (directory / "sentence_bert_config.json").write_text('{"max_seq_length": 128}')
    sizes = {"in_features": case.width, "out_features": case.embed_dim, "bias": False}
    sizes["activation_function"] = "torch.nn.modules.linear.Identity"
    (directory / "2_Dense" / "config.json").write_text(json.dumps(sizes))
    word_piece_tokenizer().save(str(directory / "tokenizer.json"))
    return directory


def write_distil_for(directory: Path, texts: Sequence[str], wanted: np.ndarray) -> Path:
    """A text tower that embeds these texts as those (N, D) rows are: its dense layer is fitted."""
    case = BertCase("distil", DISTILBERT, 128, wanted.shape[1], 140)
    write_distil(directory, case, torch.eye(128)[: case.embed_dim].contiguous())
    tower = open_sentence_tower(str(directory))
    state = canonical(seeded.state_dict(distil_shapes(case)) | {"linear.weight": torch.eye(128)})
    with torch.device("meta"):
        whole = BertTextTransformer(tower.config, tower.bert, 128)
    own = {name.removeprefix("text."): tensor for name, tensor in state.items()}
    whole.load_state_dict(own, strict=True, assign=True)
    with torch.inference_mode():
        means = whole.eval()(tower.tokenizer()(texts)).numpy()  # (N, 128)
    dense = np.linalg.lstsq(means, wanted, rcond=None)[0].T
    return write_distil(directory, case, torch.from_numpy(np.ascontiguousarray(dense)))

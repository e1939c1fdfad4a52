"""The tensors of a BERT -> the names of `model.bert_transformer`. Pure: knows no files.

Three layouts: open_clip's text towers of transformers' make (`text.transformer.`), Chinese-CLIP of
transformers (`text_model.`), and the DistilBERT of a sentence-transformers directory, its `linear`
being that of the dense layer beside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_BERT = r"^(?:text\.transformer\.|text_model\.|)"
# In the order in which they are replaced.
_NAMES: Final[Sequence[tuple[str, str]]] = (
    (_BERT + r"embeddings\.word_embeddings\.", "text.token_embedding."),
    (_BERT + r"embeddings\.position_embeddings\.weight$", "text.positional_embedding"),
    (_BERT + r"embeddings\.token_type_embeddings\.weight$", "text.token_type_embedding"),
    (_BERT + r"embeddings\.LayerNorm\.", "text.ln_embedding."),
    (_BERT + r"encoder\.layer\.", "text.resblocks."),
    (r"^transformer\.layer\.", "text.resblocks."),
    (r"^linear\.weight$", "text.text_projection"),
    (r"\.attention\.self\.query\.|\.attention\.q_lin\.", ".attn.q_proj."),
    (r"\.attention\.self\.key\.|\.attention\.k_lin\.", ".attn.k_proj."),
    (r"\.attention\.self\.value\.|\.attention\.v_lin\.", ".attn.v_proj."),
    (r"\.attention\.output\.dense\.|\.attention\.out_lin\.", ".attn.out_proj."),
    (r"\.attention\.output\.LayerNorm\.|\.sa_layer_norm\.", ".ln_1."),
    (r"\.intermediate\.dense\.|\.ffn\.lin1\.", ".mlp.c_fc."),
    (r"\.output\.dense\.|\.ffn\.lin2\.", ".mlp.c_proj."),
    (r"\.output\.LayerNorm\.|\.output_layer_norm\.", ".ln_2."),
)
_RENAMES: Final = tuple((re.compile(old), new) for old, new in _NAMES)


def of_bert(name: str) -> str:
    """The model's name of a BERT's tensor; of another tensor its own."""
    for old, new in _RENAMES:
        name = old.sub(new, name)
    return name

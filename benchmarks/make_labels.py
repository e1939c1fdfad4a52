"""Writes clipcore/data/imagenet_labels.json: what each ImageNet class is called.

    python benchmarks/make_labels.py WORDNET_DIR SYNSETS CLIP_NOTEBOOK_NAMES

WORDNET_DIR holds WordNet 3.0's data.noun (Debian package wordnet-base), SYNSETS the 1000 synset
ids of ILSVRC 2012 in class order, one a line (timm/data/_info/imagenet_synsets.txt), and
CLIP_NOTEBOOK_NAMES a Python file with IMAGENET_CLASSNAMES, the names OpenAI curated for CLIP
(open_clip/zero_shot_metadata.py). The result is committed, so this runs only to change it.
"""

from __future__ import annotations

import ast
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "clipcore" / "data" / "imagenet_labels.json"


@dataclass(frozen=True)
class Synset:
    """One line of data.noun."""

    lemmas: list[str]
    hypernyms: list[str]
    gloss: str


def read_wordnet(directory: Path) -> dict[str, Synset]:
    """Synset id ("n" and the offset, as ImageNet writes it) -> Synset. Format: man wndb."""
    lines = (directory / "data.noun").read_text().splitlines()
    return dict(parse_line(line) for line in lines if not line.startswith("  "))


def parse_line(line: str) -> tuple[str, Synset]:
    """offset file type count(hex) {lemma id} pointers {symbol offset type source} | gloss"""
    data, gloss = line.split(" | ", 1)
    fields = data.split()
    count = int(fields[3], 16)
    lemmas = [field.replace("_", " ") for field in fields[4 : 4 + 2 * count : 2]]
    pointers = fields[5 + 2 * count :]
    up = [
        "n" + pointers[i + 1] for i in range(0, len(pointers) - 3, 4) if pointers[i] in ("@", "@i")
    ]
    return "n" + fields[0], Synset(lemmas, up, gloss.split('; "')[0].strip())


def hypernyms(wnid: str, wordnet: dict[str, Synset]) -> list[list[str]]:
    """The names of what the class is a kind of, nearest first, along the first hypernym."""
    chain = []
    while wordnet[wnid].hypernyms:
        wnid = wordnet[wnid].hypernyms[0]
        chain.append(wordnet[wnid].lemmas)
    return chain


def read_clip_names(path: Path) -> list[str]:
    """The value of IMAGENET_CLASSNAMES, without running the file."""
    for node in ast.parse(path.read_text()).body:
        if (
            isinstance(node, ast.Assign)
            and getattr(node.targets[0], "id", "") == "IMAGENET_CLASSNAMES"
        ):
            return list(ast.literal_eval(node.value))
    raise SystemExit(f"{path} has no IMAGENET_CLASSNAMES")


def label(wnid: str, clip_name: str, wordnet: dict[str, Synset]) -> dict[str, Any]:
    """One entry of the file."""
    synset = wordnet[wnid]
    return {
        "synset": wnid,
        "clip_name": clip_name,
        "lemmas": synset.lemmas,
        "gloss": synset.gloss,
        "hypernyms": hypernyms(wnid, wordnet),
    }


def main() -> None:
    wordnet_dir, synsets, clip_names = map(Path, sys.argv[1:])
    wordnet = read_wordnet(wordnet_dir)
    wnids = synsets.read_text().split()
    names = read_clip_names(clip_names)
    labels = [label(wnid, name, wordnet) for wnid, name in zip(wnids, names, strict=True)]
    rows = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in labels)
    TARGET.write_text(f"[\n{rows}\n]\n", encoding="utf-8")
    print(f"{len(labels)} classes -> {TARGET}")


if __name__ == "__main__":
    main()

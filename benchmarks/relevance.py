"""How well strength tells matches from the merely nearest, beside a flat cut on the cosine.

    python -m benchmarks.relevance [STAMPS_DIR [MODEL]]

Asks data/sample for what it has (tests/sample_queries.toml) and has not (absent_queries.txt).
With STAMPS_DIR, Tux Paint's photo stamps (Debian package tuxpaint-stamps-default:
/usr/share/tuxpaint/stamps), every second category makes a library: it is asked for its own
captions and for those of the others. The flat cut is the one that tells best on data/sample.

For each library: area under the ROC curve for "this query has a match here", then precision and
recall of the verdict, and of the hits over the queries that have one. At the end recall@1 of
bare nouns in prompt templates.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.starter_retrieval import captioned, embed, quick_sample, sample
from clipcore import Encoder, open_encoder
from indexer.arrays import FloatArray
from indexer.query.query import Term, Text
from indexer.records.results import CONFIDENT
from indexer.search.relevance import Calibration, generic_texts
from indexer.search.searcher import JUDGED

BoolArray = npt.NDArray[np.bool_]

ABSENT = Path(__file__).with_name("absent_queries.txt")
CAPTION_WORDS = 6  # longer captions tell a story, not what is seen
TEMPLATES = {
    "the noun alone": ("{}",),
    "a photo of a {}": ("a photo of a {}",),
    "CLIP's seven": (  # the subset that the CLIP paper's notebook found to suffice on ImageNet
        "itap of a {}.",
        "a bad photo of the {}.",
        "a origami {}.",
        "a photo of the large {}.",
        "a {} in a video game.",
        "art of the {}.",
        "a photo of the small {}.",
    ),
}


@dataclass(frozen=True)
class Judged:
    """Scores and strengths of Q queries with N photos, and which are right."""

    name: str
    scores: FloatArray  # (Q, N)
    strengths: FloatArray  # (Q, N)
    right: BoolArray  # (Q, N); all False for an absent query


def judged(
    name: str, encoder: Encoder, photos: FloatArray, queries: list[str], right: BoolArray
) -> Judged:
    """What the program makes of these queries."""
    calibration = Calibration(encoder.embed_texts(generic_texts()), photos)
    vectors = encoder.embed_texts(queries)
    scores = vectors @ photos.T
    strengths = np.zeros_like(scores)
    for row, order in enumerate(np.argsort(-scores, axis=1, kind="stable")):
        scale, ordered = calibration.scale([Term(Text(queries[row]))]), scores[row, order]
        deviations = scale.deviations(ordered, photos[order])
        strengths[row, order] = scale.strengths(vectors[row], ordered, deviations, JUDGED)
    return Judged(name, scores, strengths, right)


def sample_case(encoder: Encoder, *, quick: bool = False) -> Judged:
    """data/sample, asked for what is there and for what is not."""
    photos, cases = quick_sample() if quick else sample()
    absent = ABSENT.read_text("utf-8").splitlines()
    right = [[name in wanted for name in photos] for _, wanted in cases]
    right += [[False] * len(photos)] * len(absent)
    queries = [text for text, _ in cases] + absent
    return judged(
        "sample", encoder, embed(encoder, list(photos.values())), queries, np.array(right)
    )


def stamp_cases(encoder: Encoder, directory: Path) -> Iterable[Judged]:
    """Each half of the stamps' categories, asked for the captions of both."""
    stamps = [
        (path, caption)
        for path, caption in captioned(directory)
        if len(caption.split()) <= CAPTION_WORDS
    ]
    vectors = embed(encoder, [path for path, _ in stamps])
    captions = np.array([caption for _, caption in stamps])
    categories = np.array([path.relative_to(directory).parts[0] for path, _ in stamps])
    ordered = sorted(set(categories))
    queries = sorted(set(captions))
    print_templates(encoder, vectors, captions)
    for half in (0, 1):
        here = np.isin(categories, ordered[half::2])
        right = np.array([captions[here] == query for query in queries])
        yield judged(f"stamps {half + 1}", encoder, vectors[here], queries, right)


def print_templates(encoder: Encoder, vectors: FloatArray, captions: npt.NDArray[np.str_]) -> None:
    """Recall@1 of the captions as bare nouns, in each set of templates."""
    queries = sorted(set(captions))
    nouns = [
        query.rstrip(".").removeprefix("A ").removeprefix("An ").removeprefix("The ").lower()
        for query in queries
    ]
    for name, templates in TEMPLATES.items():
        embedded = [encoder.embed_texts([one.format(noun) for noun in nouns]) for one in templates]
        first = (sum(embedded) @ vectors.T).argmax(axis=1)
        found = np.mean([captions[at] == query for at, query in zip(first, queries, strict=True)])
        print(f"bare nouns, {name:16} recall@1 {found:.3f}")


def roc_auc(values: FloatArray, positive: BoolArray) -> float:
    """The chance that a positive has a larger value than a negative."""
    above = values[positive][:, None] - values[~positive]
    return float((above > 0).mean() + 0.5 * (above == 0).mean())


def best_flat_cut(case: Judged) -> float:
    """The cosine that tells present from absent best (Youden's index)."""
    best, present = case.scores.max(axis=1), case.right.any(axis=1)
    return float(
        max(best, key=lambda cut: (best[present] >= cut).mean() - (best[~present] >= cut).mean())
    )


def print_figures(case: Judged, how: str, values: FloatArray, cut: float) -> None:
    """A line: one way to judge, in one library."""
    best, present = values.max(axis=1), case.right.any(axis=1)
    shown = values[present] >= cut
    verdict = precision_recall(best >= cut, present)
    hits = precision_recall(shown, case.right[present])
    print(
        f"{case.name:9} {how:17} {present.sum():7} {(~present).sum():6} "
        f"{roc_auc(best, present):8.3f}   {verdict[0]:.2f} / {verdict[1]:.2f}   "
        f"{(best[~present] < cut).mean():12.2f}   {hits[0]:.2f} / {hits[1]:.2f}"
    )


def precision_recall(shown: BoolArray, right: BoolArray) -> tuple[float, float]:
    """Of what is shown, how much is right; of what is right, how much is shown."""
    both = (shown & right).sum()
    return both / max(1, shown.sum()), both / right.sum()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stamps", type=Path, nargs="?")
    parser.add_argument("model", nargs="?", default="starter")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    encoder = open_encoder(options.model)
    cases = [sample_case(encoder, quick=options.quick)]
    if options.stamps:
        cases += stamp_cases(encoder, options.stamps)
    flat = best_flat_cut(cases[0])
    print(
        f"{'library':9} {'judged by':17} {'present':>7} {'absent':>6} {'ROC AUC':>8}   "
        f"verdict P/R   absent told   hits P / R"
    )
    for case in cases:
        print_figures(case, f"cosine >= {flat:.2f}", case.scores, flat)
        print_figures(case, f"strength >= {CONFIDENT}", case.strengths, CONFIDENT)


if __name__ == "__main__":
    main()

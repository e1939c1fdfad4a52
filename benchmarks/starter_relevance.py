"""How many of the strong hits are right, and how many right photos are strong, on labelled photos.

    python -m benchmarks.starter_relevance [PHOTOS_DIR [QUERIES]] [--language CODE] [--model MODEL]

Without arguments it asks data/sample for what it has (tests/sample_queries.toml) and has not
(absent_queries.txt). With PHOTOS_DIR, the labels lie in QUERIES, else in PHOTOS_DIR/queries.toml:

    [[query]]
    text = "cats"
    de = "Katzen"  # the same in another language, for --language de
    photos = ["Pets/one.jpg", "Pets/two.jpg"]

Each query lists every photo that is a right answer; one with `photos = []` asks for what is not
there. Precision, recall and F1 are of the strong hits over all queries with a right answer.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

import numpy as np

from benchmarks.relevance import ABSENT, Judged, judged, precision_recall
from benchmarks.starter_retrieval import QUICK, ROOT, SAMPLE, Case, embed
from clipcore import open_encoder
from indexer.formats import SUFFIXES
from indexer.records.results import CONFIDENT


def labelled_photos(directory: Path) -> dict[str, Path]:
    """The photos of a folder by their relative path."""
    files = sorted(path for path in directory.rglob("*") if path.suffix.lower() in SUFFIXES)
    return {path.relative_to(directory).as_posix(): path for path in files}


def labels(file: Path, language: str) -> list[Case]:
    """The queries of a file that have a text in the language, and their right photos."""
    queries = tomllib.loads(file.read_text("utf-8"))["query"]
    key = "text" if language == "en" else language
    return [(query[key], set(query["photos"])) for query in queries if key in query]


def require_photos(cases: list[Case], photos: dict[str, Path], file: Path) -> None:
    """Exit where a label names no photo."""
    unknown = sorted(set().union(*(right for _, right in cases)) - photos.keys())
    if unknown:
        raise SystemExit(f"{file} names photos that are not there: {', '.join(unknown)}")


def print_report(case: Judged) -> None:
    """The figures of one library."""
    present, strong = case.right.any(axis=1), case.strengths >= CONFIDENT
    claimed = strong.any(axis=1)
    precision, recall = precision_recall(strong[present], case.right[present])
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    print(
        f"{case.name}: {case.scores.shape[1]} photos\n"
        f"  strong hits: precision {precision:.2f}, recall {recall:.2f}, F1 {f1:.2f}\n"
        f"  wrong 'no match': {(present & ~claimed).sum()} of {present.sum()} queries\n"
        f"  false claims of a match: {(~present & claimed).sum()} of {(~present).sum()} queries"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, nargs="?", default=SAMPLE)
    parser.add_argument("queries", type=Path, nargs="?")
    parser.add_argument("--language", default="en")
    parser.add_argument("--model", default="starter")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    is_sample = options.photos.resolve() == SAMPLE.resolve() and options.queries is None
    of_sample = ROOT / "tests" / "sample_queries.toml"
    file = of_sample if is_sample else options.queries or options.photos / "queries.toml"
    photos, cases = labelled_photos(options.photos), labels(file, options.language)
    require_photos(cases, photos, file)
    if is_sample and options.language == "en":
        cases += [(text, set()) for text in ABSENT.read_text("utf-8").splitlines()]
    if options.quick:
        photos = dict(list(photos.items())[:QUICK])
    encoder = open_encoder(options.model)
    right = np.array([[name in wanted for name in photos] for _, wanted in cases])
    vectors = embed(encoder, list(photos.values()))
    texts = [text for text, _ in cases]
    print_report(judged(options.photos.name, encoder, vectors, texts, right))


if __name__ == "__main__":
    main()

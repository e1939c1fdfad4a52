"""How often the starter encoder finds the right photo: recall@1, 5 and 10.

    python -m benchmarks.starter_retrieval [STAMPS_DIR]

Asks the labelled queries of tests/sample_queries.toml over data/sample and, where STAMPS_DIR is
given, the captions of Tux Paint's photo stamps over those stamps (Debian package
tuxpaint-stamps-default: /usr/share/tuxpaint/stamps). Beside it stands the plain ConSE mean, the
probability-weighted mean of the ten likeliest class names, with the same weights and labels.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from clipcore.families.starter import label_space, starter
from indexer.arrays import FloatArray
from indexer.imaging.decode import decode

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "sample"
BATCH = 16
RANKS = (1, 5, 10)
QUICK = 12  # photos

Case = tuple[str, set[str]]  # a query and the photos that are right


class PlainConse(starter.StarterEncoder):
    """The baseline: Norouzi et al. 2013 with the ten likeliest classes, as published."""

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        probabilities = label_space.softmax(self._image_tower()(pixels))
        tenth = np.partition(probabilities, -10, axis=1)[:, [-10]]
        likeliest = np.where(probabilities >= tenth, probabilities, np.float32(0))
        return label_space.unit_rows(likeliest @ self._space.labels)

    def embed_texts(self, texts: list[str]) -> FloatArray:  # type: ignore[override]
        return self._text_tower().embed(texts)


def sample() -> tuple[dict[str, Path], list[Case]]:
    """The photos of data/sample by their relative path, and the labelled queries."""
    queries = tomllib.loads((ROOT / "tests" / "sample_queries.toml").read_text("utf-8"))["query"]
    photos = {path.relative_to(SAMPLE).as_posix(): path for path in sorted(SAMPLE.rglob("*.*"))}
    photos = {name: path for name, path in photos.items() if path.suffix.lower() != ".md"}
    return photos, [(query["text"], set(query["photos"])) for query in queries]


def quick_sample() -> tuple[dict[str, Path], list[Case]]:
    """A few of the photos, and what is asked of those."""
    photos, cases = sample()
    few = dict(list(photos.items())[:QUICK])
    return few, [(text, right) for text, right in cases if right & few.keys()]


def stamps(directory: Path) -> tuple[dict[str, Path], list[Case]]:
    """The captioned photo stamps; several may share a caption, and then all of them are right."""
    photos, by_caption = {}, dict[str, set[str]]()
    for path, caption in captioned(directory):
        name = path.relative_to(directory).as_posix()
        photos[name] = path
        by_caption.setdefault(caption, set()).add(name)
    return photos, [(caption, right) for caption, right in by_caption.items() for _ in right]


def captioned(directory: Path) -> Iterator[tuple[Path, str]]:
    """Every stamp that is a photo, with its English caption."""
    for path in sorted(directory.rglob("*.png")):
        kinds = path.relative_to(directory).parts
        text = path.with_suffix(".txt")
        if "cartoon" not in kinds and kinds[0] != "symbols" and text.exists():
            yield path, text.read_text("utf-8").splitlines()[0].strip()


def embed(encoder: starter.StarterEncoder, paths: list[Path]) -> FloatArray:
    """(N, D) embeddings of the photos, decoded as the indexer decodes them."""
    rows = []
    for start in range(0, len(paths), BATCH):
        batch = paths[start : start + BATCH]
        images = [decode(path.read_bytes(), encoder.image_size_px).image for path in batch]
        pixels = np.stack([encoder.preprocess(image) for image in images])
        rows.append(encoder.embed_images(pixels))
    return np.vstack(rows)


def recalls(scores: FloatArray, names: list[str], cases: list[Case]) -> list[float]:
    """recall@k for each k of RANKS."""
    order = np.argsort(-scores, axis=1, kind="stable")
    found = [
        next(rank for rank, at in enumerate(row) if names[at] in right)
        for row, (_, right) in zip(order, cases, strict=True)
    ]
    return [float(np.mean(np.array(found) < k)) for k in RANKS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stamps", type=Path, nargs="?")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    sets = {"data/sample": quick_sample() if options.quick else sample()}
    if options.stamps:
        sets["Tux Paint's stamps"] = stamps(options.stamps)
    encoders = {"plain ConSE mean": PlainConse(), "starter": starter.StarterEncoder()}
    for title, (photos, cases) in sets.items():
        print(f"{title}: {len(photos)} photos, {len(cases)} queries")
        for name, encoder in encoders.items():
            texts = encoder.embed_texts([text for text, _ in cases])
            scores = texts @ embed(encoder, list(photos.values())).T
            told = recalls(scores, list(photos), cases)
            figures = "  ".join(f"@{k} {recall:.1%}" for k, recall in zip(RANKS, told, strict=True))
            print(f"  {name:18s} {figures}")


if __name__ == "__main__":
    main()

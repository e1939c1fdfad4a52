"""How long is a query in a process that has the library open, as the page's has?

    python -m benchmarks.warm_query LIBRARY

The first queries open the index and load the text tower; they are not counted. Each query is
another sentence, so that none is remembered. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tomllib
from pathlib import Path
from typing import Final

from indexer.library import Library, open_library

SENTENCES: Final = Path(__file__).parents[1] / "tests" / "sample_queries.toml"
WARM_UP: Final = 5


def warm_s(library: Library) -> float:
    """The median of the seconds that the sample's queries take."""
    sentences = [query["text"] for query in tomllib.loads(SENTENCES.read_text("utf-8"))["query"]]
    took_ms = [library.search(sentence).took_ms for sentence in sentences]
    return statistics.median(took_ms[WARM_UP:]) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    library = open_library(parser.parse_args().library)
    print(json.dumps({"seconds": warm_s(library)}))
    library.close()


if __name__ == "__main__":
    main()

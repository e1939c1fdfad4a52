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

from indexer.library.library import Library, open_library

SENTENCES: Final = Path(__file__).parents[1] / "tests" / "sample_queries.toml"
WARM_UP: Final = 5


def warm_s(library: Library, queries: int | None = None) -> float:
    """The median of the seconds that the sample's queries take, or the first so many of them."""
    sentences = [query["text"] for query in tomllib.loads(SENTENCES.read_text("utf-8"))["query"]]
    took_ms = [library.search(sentence).took_ms for sentence in sentences[:queries]]
    return statistics.median(took_ms[WARM_UP:]) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    options = parser.parse_args()
    library = open_library(options.library)
    queries = WARM_UP + 1 if options.quick else None
    print(json.dumps({"seconds": warm_s(library, queries)}))
    library.close()


if __name__ == "__main__":
    main()

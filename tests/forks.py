"""Processes of tests: forks of one that has imported what they need, which takes seconds.

One list for all: the fork server is one for a run, and takes the list that was set last.
"""

from __future__ import annotations

import multiprocessing
import sys
from typing import Final

PRELOADED: Final = (
    *("app.http_server", "app.main", "faiss", "pandas", "pyarrow", "safetensors", "tokenizers"),
    *("indexer.cli.main", "indexer.serving.serve", "openvino", "tests.indexer.taking_in"),
)

context: Final = multiprocessing.get_context("forkserver" if sys.platform != "win32" else "spawn")
if sys.platform != "win32":
    context.set_forkserver_preload(list(PRELOADED))

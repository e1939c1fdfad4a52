"""The sizes of checkpoints that have been opened before, so that opening one again needs no torch.

They follow from the weights, which their sha256 names, and from what the files beside them say.
Importing torch takes a second and 250 MB, and with a converted model in the cache nothing else
would need it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from clipcore.engines import json_cache
from clipcore.model.config import ClipConfig, TowerFacts

REVISION: Final = 1  # raise it whenever other sizes would follow from the same files


@dataclass(frozen=True)
class Sizes:
    """What is read off a checkpoint's tensors: all sizes, the log temperature, SigLIP's bias."""

    config: ClipConfig
    logit_scale: float
    logit_bias: float | None = None


def sizes(digest: str, towers: TowerFacts, measure: Callable[[], Sizes]) -> Sizes:
    """Those of the weights with this sha256: recalled, or measured and kept."""
    path = _path()
    cached = json_cache.read(path)
    key = hashlib.sha256(json.dumps([REVISION, digest, asdict(towers)]).encode()).hexdigest()
    if key in cached and (known := json_cache.of_form(path, cached[key], Sizes)):
        return known
    found = measure()
    json_cache.write(path, cached | {key: asdict(found)})
    return found


def _path() -> Path:
    return json_cache.cache_path() / "checkpoints.json"

"""The model of a new library: the default checkpoint, or the starter where that cannot be had."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clipcore.checkpoints import catalogue, hub
from clipcore.engines.json_cache import is_writable
from clipcore.families.starter.starter import NAME


@dataclass(frozen=True)
class Choice:
    """The choice of `--model auto`. `warning` must be shown where it is not None."""

    source: str
    warning: str | None


def choose(cache_dir: Path | None = None, timeout_s: float = 5.0) -> Choice:
    """The default checkpoint if it is cached or the hub answers in time, else the starter.

    Only for a new library: an existing one keeps its model.
    """
    name = catalogue.default_name()
    if catalogue.cached(catalogue.resolve(name), cache_dir) is not None:
        return Choice(name, None)
    if not catalogue.hub_reachable(timeout_s):
        why = f"the model hub did not answer within {timeout_s:g} s"
    elif not is_writable(directory := cache_dir or hub.cache_directory()):
        why = f"{directory} cannot be written"
    else:
        return Choice(name, None)
    return Choice(
        NAME,
        f"{name} is not on this machine and {why}. "
        "This library uses the small starter encoder, which finds everyday things and is not CLIP. "
        f"With a network, `indexer rebuild --model {name}` changes that.",
    )

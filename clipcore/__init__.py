"""CLIP and its relatives: images and sentences into one vector space.

Importing this package loads neither torch nor any weights.
"""

from __future__ import annotations

from clipcore.encoder import Encoder

__all__ = ["Encoder", "open_encoder"]


def open_encoder(source: str, device: str | None = None) -> Encoder:
    """The encoder that `source` names; weights load at first use.

    `source`: "starter". `device`: a torch device, or None for the best one present.
    Raises ModelNotFound, MissingDependency or CheckpointError.
    """
    from clipcore.errors import ModelNotFound
    from clipcore.starter import StarterEncoder

    if source != StarterEncoder.NAME:
        raise ModelNotFound(f"no model is called {source!r}; this version knows 'starter'")
    return StarterEncoder(device)

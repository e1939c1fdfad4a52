"""The request for another model, and the reason why it was refused: a small file in the library."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from clipcore.messages import Message, literal
from indexer.atomic import write_atomically
from indexer.json_files import read_if_whole
from indexer.records.models import ModelRequest

MODEL_REQUEST: Final = "model-wish.json"  # the name that libraries have


@dataclass(frozen=True, slots=True)
class _ModelRequest:
    """The form of MODEL_REQUEST; a reason was text in older versions."""

    source: str
    refused: Message | str | None = None


class ModelRequestFile:
    """The request in the library with this directory."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / MODEL_REQUEST

    def write(self, request: ModelRequest) -> None:
        """Request another model of the daemon, or say why it was refused."""
        write_atomically(self._path, json.dumps(asdict(request)).encode())

    def read(self) -> ModelRequest | None:
        """The model that is requested, and not yet in use."""
        again = "request the model again with 'indexer models use NAME'"
        stored = read_if_whole(self._path, _ModelRequest, again)
        if stored is None:
            return None
        refused = literal(stored.refused) if isinstance(stored.refused, str) else stored.refused
        return ModelRequest(stored.source, refused)

    def cancel(self) -> None:
        """Let the model be the one it is."""
        self._path.unlink(missing_ok=True)

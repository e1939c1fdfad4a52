"""Says of a tokenizer's file that it cannot be read. Knows nothing of what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clipcore.errors import CheckpointDamaged
from clipcore.messages import N_


@contextmanager
def reading_tokenizer(source: Path) -> Iterator[None]:
    """Raises CheckpointDamaged, with the file, for whatever reading it raises."""
    try:
        yield
    except Exception as error:  # `tokenizers` raises nothing more precise
        raise CheckpointDamaged(
            N_("{source} cannot be read as a tokenizer: {why}"), source=source, why=error
        ) from error

"""Everything clipcore raises on purpose.

ClipcoreError
├── ModelNotFound            no such model name, file or directory
├── MissingDependency        an optional package is needed; the message names the extra
├── EngineRefused            an engine is none of this machine's, or computes something else
├── DownloadError            the hub did not hand over a file, or may not be asked for it
└── CheckpointError          the weights cannot be used
    ├── CheckpointDamaged    a file is cut short, unreadable, or not the one recorded
    ├── CheckpointUnsafe     a file that could run code when it is read
    └── CheckpointMismatch   a fact, a name or a shape does not fit the model
"""

from __future__ import annotations

from clipcore.messages import MessageError


class ClipcoreError(MessageError):
    """Base of all errors of this package; its message is meant for people."""


class ModelNotFound(ClipcoreError):
    """The name, file or directory given as a model is none."""


class MissingDependency(ClipcoreError):
    """An optional package is not installed; the message says which extra brings it."""


class EngineRefused(ClipcoreError):
    """No such engine here, or its embeddings are not those of the model."""


class DownloadError(ClipcoreError):
    """A checkpoint is not in the cache, and the hub cannot or may not be asked for it."""


class CheckpointError(ClipcoreError):
    """The weights are damaged or do not fit the model."""


class CheckpointDamaged(CheckpointError):
    """A file is cut short or unreadable, or its hash is not the recorded one."""


class CheckpointUnsafe(CheckpointError):
    """A file that could run code when it is read, and is not known to be harmless."""


class CheckpointMismatch(CheckpointError):
    """A fact, a name or a shape in the checkpoint does not fit the model."""

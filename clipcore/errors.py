"""Everything clipcore raises on purpose.

ClipcoreError
├── ModelNotFound        no such model name, file or directory
├── MissingDependency    an optional package is needed; the message names the extra
└── CheckpointError      the weights cannot be used
"""


class ClipcoreError(Exception):
    """Base of all errors of this package; its text is meant for people."""


class ModelNotFound(ClipcoreError):
    """The name, file or directory given as a model is none."""


class MissingDependency(ClipcoreError):
    """An optional package is not installed; the message says which extra brings it."""


class CheckpointError(ClipcoreError):
    """The weights are damaged or do not fit the model."""

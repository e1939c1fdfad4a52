"""The environment variables of Recollect, each with its meaning. Reads none of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LIBRARY: Final = "RECOLLECT_LIBRARY"
HOST: Final = "RECOLLECT_HOST"
PASSWORD: Final = "RECOLLECT_PASSWORD"
FOLDERS: Final = "RECOLLECT_FOLDERS"
TILES: Final = "RECOLLECT_TILES"
INDEX: Final = "RECOLLECT_INDEX"
OIDC: Final = "RECOLLECT_OIDC"

# the documentation prints these
MEANINGS: Final[Mapping[str, str]] = {
    LIBRARY: "The library: a directory, or postgresql://USER@HOST/DATABASE. "
    "Default: the platform's data directory.",
    FOLDERS: "The folders below which the page lets you choose photo folders, separated as in "
    "PATH. Default: your home directory.",
    TILES: "The map server, as https://.../{z}/{x}/{y}.png. Your browser asks it only if you allow "
    "it. Default: tile.openstreetmap.org.",
    PASSWORD: "The password of the page, in place of the one that `indexer password` stores.",
    HOST: "The name of this machine in a library on PostgreSQL. Default: the host name.",
}
# `indexer serve` sets these for the process of the page
INTERNAL: Final[Mapping[str, str]] = {
    INDEX: "The choice of `--index`.",
    OIDC: "The file of `--oidc`.",
}
# of other programs, and honoured
OTHERS: Final[Mapping[str, str]] = {
    "HF_ENDPOINT": "The address of the model hub, for a mirror.",
    "HF_HUB_OFFLINE": "1: never ask the model hub.",
    "HF_HUB_CACHE": "The cache of downloaded models.",
    "HF_HOME": "The directory above that cache.",
    "OMP_NUM_THREADS": "The number of threads that compute; `--threads` sets it.",
    "XDG_DATA_HOME": "On Linux the directory above the default library.",
    "XDG_CACHE_HOME": "On Linux the directory above Recollect's cache.",
    "XDG_CONFIG_HOME": "On Linux the directory above the systemd units of `indexer service`.",
    "TMPDIR": "The directory of temporary files: lists of photos beyond 300,000.",
    "RAY_USE_TLS": "1: the Ray cluster speaks TLS.",
    "RAY_AUTH_MODE": "token: the Ray cluster asks for a token.",
}

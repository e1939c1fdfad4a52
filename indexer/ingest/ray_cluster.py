"""Joins a cluster of Ray, or starts one on this machine and ends it again.

Knows nothing of photos. Ray is imported where it is used: who needs none must not wait for it.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, Final

from clipcore.engines.cpu import cores
from clipcore.messages import N_
from indexer.errors import ClusterError, MissingRay

LOCAL: Final = "local"
ANSWERS_WITHIN_S: Final = 10.0
HTTP2_SETTINGS: Final = b"\x04"  # the kind of frame with which both sides begin, RFC 9113
HTTP2_HELLO: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + HTTP2_SETTINGS + bytes(5)
SHORT_BYTES: Final = 18  # a socket's path has 103 at most on macOS; names of Ray and ours take 85
OBJECTS_BYTES: Final = 256 * 2**20  # what becomes of the shards in flight, thumbnails included
ALWAYS: Final = {"RAY_USAGE_STATS_ENABLED": "0"}  # nothing is ever sent
ON_LOOPBACK: Final = {
    "RAY_AUTH_MODE": "token",  # other users of this machine reach it too
    # Ray's own switch for systems on which it must not listen on the network's addresses
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}


@dataclass(frozen=True, slots=True)
class Slot:
    """Room for one worker on a machine of the cluster: a graphics card or none, and cores."""

    node: str
    cores: int
    gpus: int


@contextmanager
def joined(address: str) -> Iterator[None]:
    """Be a driver of the cluster at `address`, HOST:PORT; `local` starts one for the time being.

    Raises MissingRay, ClusterError.
    """
    check(address)
    if address != LOCAL:
        with _initialised(ray_address=address):
            yield
        return
    with (
        TemporaryDirectory(prefix="recollect-ray-", dir=_short_directory()) as directory,
        _initialised(
            ray_address=LOCAL,
            num_cpus=cores(),
            object_store_memory=OBJECTS_BYTES,
            include_dashboard=False,
            _temp_dir=directory,
        ),
    ):
        yield


def _short_directory() -> str:
    """That for temporary files; where its path is long, the one that Ray itself takes."""
    usual = gettempdir()
    is_short = sys.platform == "win32" or len(os.fsencode(usual)) <= SHORT_BYTES
    return usual if is_short else "/tmp"  # a new directory of this user's is made there


def check(address: str) -> None:
    """Raises MissingRay, or ClusterError if nobody answers at `address`."""
    _set_environment(address)  # before the import, which reads it
    try:
        import ray  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise MissingRay(N_('Ray is not installed: pip install "recollect-photos[ray]"')) from error
    if address == LOCAL:
        return
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise ClusterError(
            N_("'{address}' is no cluster: 'local', or HOST:PORT of its head"), address=address
        )
    try:
        answered = _speaks_grpc(host, int(port))
    except OSError as error:
        raise _unanswered(address, error.strerror or str(error)) from error
    if not answered:
        raise _unanswered(address, "something else listens there")


def _speaks_grpc(host: str, port: int) -> bool:
    """Whether a server of gRPC is there, as a cluster's head is one; Ray itself asks for minutes.

    Raises OSError.
    """
    with socket.create_connection((host, port), ANSWERS_WITHIN_S) as connection:
        if os.environ.get("RAY_USE_TLS") == "1":
            return True
        connection.sendall(HTTP2_HELLO)
        return connection.recv(4, socket.MSG_WAITALL)[3:] == HTTP2_SETTINGS


def _unanswered(address: str, why: str) -> ClusterError:
    return ClusterError(
        N_(
            "no Ray cluster answers at {address} ({why}): start one with 'ray start "
            "--head', and name the address that it prints"
        ),
        address=address,
        why=why,
    )


def _set_environment(address: str) -> None:
    os.environ.update(ALWAYS)
    if address == LOCAL:
        os.environ.update(ON_LOOPBACK)
    elif (Path.home() / ".ray" / "auth_token").exists():
        os.environ.setdefault("RAY_AUTH_MODE", "token")  # as `ray start` does on such a machine


@contextmanager
def _initialised(ray_address: str, **options: Any) -> Iterator[None]:
    import ray

    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        with _signals_kept():
            ray.init(ray_address, log_to_driver=False, configure_logging=False, **options)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        ray.shutdown()
        why = str(error).partition("\n")[0]
        if "InvalidAuthToken" in str(error.__cause__):
            why += "; it asks for a token: copy ~/.ray/auth_token of its head to this machine"
        raise ClusterError(
            N_("the Ray cluster at {address} cannot be used: {why}"), address=ray_address, why=why
        ) from error
    try:
        yield
    finally:
        with _signals_kept():
            ray.shutdown()


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray makes SIGTERM its own; it is ours: what is in hand is finished first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def slots() -> list[Slot]:
    """Where workers go: one a graphics card with its share of the cores, else one a core.

    Raises ClusterError if there is room for none.
    """
    import ray

    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    found = [slot for node in nodes if node["Alive"] for slot in slots_on(node)]
    if not found:
        raise ClusterError(N_("no machine of the Ray cluster offers a processor: see 'ray status'"))
    return found


def slots_on(node: dict[str, Any]) -> list[Slot]:
    """Those of one machine, as `ray.nodes()` describes it."""
    node_id = node["NodeID"]
    cpus, gpus = (int(node["Resources"].get(kind, 0)) for kind in ("CPU", "GPU"))
    if gpus and cpus:
        return [Slot(node_id, max(1, cpus // gpus), 1) for _ in range(min(gpus, cpus))]
    return [Slot(node_id, 1, 0) for _ in range(cpus)]

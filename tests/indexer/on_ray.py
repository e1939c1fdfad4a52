"""A network of its own with Ray in it, and what drivers and workers run there.

Ray listens on all addresses of a machine; here these are the loopback's, and nobody else's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from clipcore import Encoder
from clipcore.errors import ModelNotFound
from clipcore.messages import literal
from indexer.cli.options import stopped_by_signals
from indexer.ingest.ray_workers import ray_pool
from indexer.library.indexing import RebuildOptions
from indexer.library.library import open_library
from tests.fakes import FloatArray
from tests.indexer.taking_in import SlowEncoder

ROOT: Final = Path(__file__).parents[2]
ADDRESS: Final = "127.0.0.1:6390"
UP: Final = (
    "ip link set lo up && ip addr add 10.9.9.1/24 dev lo && ip route add default via 10.9.9.2"
)
PIPES: Final = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
LISTENING: Final = "0A"  # in the kernel's tables of sockets
NEARLY_BLACK: Final = 7 / 255


@dataclass(frozen=True, slots=True)
class Network:
    """A network namespace, as long as the process `keeper` lives. `home`: of who works there."""

    keeper: int
    home: Path

    def start(self, *command: object, **options: Any) -> subprocess.Popen[str]:
        """Start a program there, for two cores."""
        inside = ["nsenter", f"--net=/proc/{self.keeper}/ns/net", *map(str, command)]
        own = {"HOME": str(self.home), "OMP_NUM_THREADS": "2"}
        return subprocess.Popen(inside, env=os.environ | own, cwd=ROOT, text=True, **options)

    def indexer(self, *arguments: object) -> subprocess.Popen[str]:
        """Start the `indexer` command there."""
        return self.start(sys.executable, "-m", "indexer.cli", *arguments, **PIPES)

    def driver(
        self, library: Path, encoder: type[Encoder], address: str = ADDRESS
    ) -> subprocess.Popen[str]:
        """Start a rebuild there, with one of the encoders below, and a process group of its own."""
        call = f"ingest_photos({str(library)!r}, on_ray.{encoder.__name__}, {address!r})"
        code = f"from tests.indexer import on_ray; on_ray.{call}"
        return self.start(sys.executable, "-c", code, start_new_session=True, **PIPES)

    def inhabitants(self) -> set[int]:
        """The processes in it, beside its keeper."""
        here = Path(f"/proc/{self.keeper}/ns/net").readlink()
        found = set()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended meanwhile
                if (process / "ns/net").readlink() == here:
                    found.add(int(process.name))
        return found - {self.keeper}

    def listening(self) -> set[str]:
        """The addresses, as the kernel writes them, on which somebody listens there."""
        tables = (Path(f"/proc/{self.keeper}/net/{name}") for name in ("tcp", "tcp6"))
        lines = [line.split() for table in tables for line in table.read_text().splitlines()]
        return {line[1].partition(":")[0] for line in lines if line[3] == LISTENING}


@contextmanager
def network(home: Path) -> Iterator[Network]:
    """A network with two addresses, as a machine in a network has. Raises OSError where refused."""
    keeper = subprocess.Popen(
        ["unshare", "-n", "sh", "-c", f"{UP} && echo up && exec sleep 3600"], text=True, **PIPES
    )
    assert keeper.stdout
    assert keeper.stderr
    try:
        if not keeper.stdout.readline():
            raise PermissionError(keeper.stderr.read().strip())
        yield Network(keeper.pid, home)
    finally:
        keeper.kill()
        keeper.communicate()


@contextmanager
def cluster(network: Network, *machines: list[str]) -> Iterator[None]:
    """Machines, with the resources that these options of `ray start` name."""
    ray = Path(sys.executable).with_name("ray")
    head = ["--head", "--include-dashboard=false", f"--port={ADDRESS.partition(':')[2]}"]
    roles = [[*head, f"--temp-dir={network.home}"]] + [[f"--address={ADDRESS}"]] * len(machines)
    started = []
    try:
        for role, resources in zip(roles, machines, strict=False):
            options = ["--node-ip-address=127.0.0.1", "--block", *role, *resources]
            node = network.start(ray, "start", *options, **PIPES)
            started.append(node)
            assert node.stdout
            said = ""
            while "--block" not in said:  # by which it says that from now on it stays
                line = node.stdout.readline()
                assert line, f"it ended: {said}{node.stderr.read() if node.stderr else ''}"
                said += line
        yield
    finally:
        for node in reversed(started):
            node.terminate()
            node.communicate(timeout=60)


def ingest_photos(library: str, encoder: type[Encoder], address: str) -> None:
    """One rebuild as the command line does it, with an encoder of that class in each worker."""
    opened = open_library(Path(library), open_encoder=partial(_made, encoder))
    with stopped_by_signals() as stopped, opened.writing():
        options = RebuildOptions(stop=stopped.is_set, open_pool=partial(ray_pool, address))
        opened.rebuild(options)
    opened.close()


def _made(encoder: type[Encoder], _source: str) -> Encoder:
    return encoder()


class UnhurriedEncoder(SlowEncoder):
    """Leaves time to do something while it works."""

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        time.sleep(0.1 * len(pixels))
        return super().embed_images(pixels)


class MortalEncoder(SlowEncoder):
    """The first that embeds anything is killed over it."""

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        if _first("embeds"):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().embed_images(pixels)


class DeadlyEncoder(SlowEncoder):
    """Whoever embeds a photo that is nearly black is killed over it."""

    def embed_images(self, pixels: FloatArray) -> FloatArray:
        if (pixels.mean(axis=(1, 2, 3)) < NEARLY_BLACK).any():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().embed_images(pixels)


class HalfMissingEncoder(SlowEncoder):
    """The first that is to be loaded cannot be."""

    def load_images(self) -> None:
        if _first("loads"):
            raise ModelNotFound(literal("no weights on this machine"))


def _first(what: str) -> bool:
    """Whether nobody on any machine has asked this before."""
    try:
        (Path.home() / what).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def finished(process: subprocess.Popen[str]) -> str:
    """What a program printed on stderr that is to succeed."""
    try:
        _, err = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode == 0, err
    return err

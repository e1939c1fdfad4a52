"""Whatever happens to the folders, after each look the library is what a simple model says.

The model: for each root the photos that were seen there last, unless the root cannot be seen.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import cache, partial
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from PIL import Image

from indexer.library.library import open_library
from indexer.records.changes import IngestReport
from tests.conftest import DATABASES, place_on
from tests.depth import deeper
from tests.fakes import ColourEncoder
from tests.stores import store_of

pytestmark = pytest.mark.slow

ROOTS = ("one", "two")
FOLDERS = ("", "a", "a/b", ".hidden", "left out", "left out")
PATTERNS = ("left out/",)
NAMES = ("x.png", "X.png", "y.png", "z.png")
EXAMPLES = {"sqlite": deeper(10), "postgres": deeper(20)}
DAMAGED = 9  # the content that no decoder takes

PlaceIn = Callable[[Path], AbstractContextManager[Path]]

paths = (
    st.tuples(st.sampled_from(ROOTS), st.sampled_from(FOLDERS), st.sampled_from(NAMES))
    .map("/".join)
    .map(os.path.normpath)
)
folders = st.tuples(st.sampled_from(ROOTS), st.sampled_from(("a", "a/b", "c", "left out"))).map(
    "/".join
)
contents = st.integers(0, DAMAGED)
which = st.integers(0, 1000)  # of the files that are there


@cache
def data_of(content: int) -> bytes:
    if content == DAMAGED:
        return b"\x89PNG\r\n\x1a\n damaged"
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), (content * 25, 255 - content * 25, 90)).save(buffer, "PNG")
    return buffer.getvalue()


HASHES = {sha256(data_of(content)).digest(): content for content in range(DAMAGED + 1)}


class Folders(RuleBasedStateMachine):
    """Two photo directories, one of which may be unmounted, and the library beside them."""

    def __init__(self, place_in: PlaceIn) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="model"))
        self.encoder = ColourEncoder()
        self.until_the_end = ExitStack()
        self.until_the_end.callback(shutil.rmtree, self.place)
        self.library = open_library(
            self.until_the_end.enter_context(place_in(self.place)),
            create=True,
            model="c",
            open_encoder=lambda _: self.encoder,
        )
        self.until_the_end.callback(self.library.close)
        self.store = self.until_the_end.enter_context(store_of(self.library))
        for root in ROOTS:
            (self.place / root).mkdir()
            self.library.add_root(self.place / root)
        self.clock_s = 1_000_000_000
        self.unmounted = False
        self.left_out: tuple[str, ...] = ()
        self.known: dict[str, int] = {}  # the model: path -> content, as of the last look
        self.seen: set[int] = set()  # contents that have been embedded
        self.dirty: set[str] = set()  # what events would have told since

    def teardown(self) -> None:
        self.until_the_end.close()

    # what happens to the folders

    @rule(path=paths, content=contents)
    def write(self, path: str, content: int) -> None:
        """Create or edit."""
        if self._usable(path) and not (self.place / path).is_dir():
            (self.place / path).parent.mkdir(parents=True, exist_ok=True)
            (self.place / path).write_bytes(data_of(content))
            self._stamp(path)

    @rule(which=which)
    def edit(self, which: int) -> None:
        if path := self._file(which):
            (self.place / path).write_bytes(data_of(which % (DAMAGED + 1)))
            self._stamp(path)

    @rule(which=which)
    def touch(self, which: int) -> None:
        if path := self._file(which):
            self._stamp(path)

    @rule(which=which)
    def delete(self, which: int) -> None:
        if path := self._file(which):
            (self.place / path).unlink()
            self.dirty.add(path)

    @rule(which=which, to=paths, keeps_time=st.booleans())
    def copy(self, which: int, to: str, keeps_time: bool) -> None:
        source = self._file(which)
        if source and self._usable(to) and source != to:
            (self.place / to).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.place / source, self.place / to)
            self.dirty.add(to)
            if not keeps_time:
                self._stamp(to)

    @rule(which=which, to=paths)
    def move(self, which: int, to: str) -> None:
        """Rename, also by case alone, over another photo or to the other root."""
        source = self._file(which)
        if source and self._usable(to) and source != to:
            (self.place / to).parent.mkdir(parents=True, exist_ok=True)
            (self.place / source).rename(self.place / to)
            self.dirty |= {source, to}

    @rule(source=folders, to=folders)
    def move_folder(self, source: str, to: str) -> None:
        there = self._usable(source) and (self.place / source).is_dir()
        free = self._usable(to) and not (self.place / to).exists()
        if there and free and not to.startswith(source + "/"):
            (self.place / to).parent.mkdir(parents=True, exist_ok=True)
            (self.place / source).rename(self.place / to)
            self.dirty |= {source, to}

    @rule(folder=folders)
    def delete_folder(self, folder: str) -> None:
        if self._usable(folder) and (self.place / folder).is_dir():
            shutil.rmtree(self.place / folder)
            self.dirty.add(folder)

    @rule(leaves_a_folder=st.booleans())
    def unmount(self, leaves_a_folder: bool) -> None:
        """The second root goes away, or stays as an empty folder."""
        if not self.unmounted:
            (self.place / "two").rename(self.place / "away")
            if leaves_a_folder:
                (self.place / "two").mkdir()
            self.unmounted = True

    @precondition(lambda self: self.unmounted)
    @rule()
    def mount(self) -> None:
        if (self.place / "two").exists():
            (self.place / "two").rmdir()
        (self.place / "away").rename(self.place / "two")
        self.unmounted = False

    @rule(patterns=st.sampled_from([(), PATTERNS]))
    def leave_out(self, patterns: tuple[str, ...]) -> None:
        if not self.unmounted:
            for root in ROOTS:
                self.library.add_root(self.place / root, patterns)
            self.left_out = patterns

    # the library looks

    @rule()
    def look_at_all(self) -> None:
        self._report(None)
        files = self._files()
        for root in ROOTS:
            mine = {path: files[path] for path in files if path.startswith(root + "/")}
            before = {path for path in self.known if path.startswith(root + "/")}
            counted = {path for path in before if self._counts(path)}
            if (root == "two" and not (self.place / root).exists()) or (counted and not mine):
                continue  # it looks unmounted
            for path in before:
                del self.known[path]
            self.known |= mine
        self._settled()

    @precondition(lambda self: self.dirty and not self.unmounted)
    @rule()
    def look_at_what_events_tell(self) -> None:
        self._report([self.place / path for path in self.dirty])
        files = self._files()
        for dirty in self.dirty:
            for path in [path for path in self.known if _is_under(path, dirty)]:
                del self.known[path]
            self.known |= {path: files[path] for path in files if _is_under(path, dirty)}
        self._settled()

    @invariant()
    def library_is_what_the_model_says(self) -> None:
        stored = {}
        for root in self.library.roots():
            for row in self.store.ingest.rows(root.id):
                if row.missing_since is None:
                    stored[f"{root.path.name}/{row.path}"] = bool(row.content_id)
        assert stored == {path: content != DAMAGED for path, content in self.known.items()}
        assert self.encoder.embedded == len(self.seen)
        found = {
            str(hit.photo.path.relative_to(self.place)): HASHES[hit.photo.sha256]
            for hit in self.library.search("red", 100).hits
        }
        assert found == {path: c for path, c in self.known.items() if c != DAMAGED}

    def _report(self, looked_at: list[Path] | None) -> IngestReport:
        with self.library.writing():
            return self.library.update(looked_at)

    def _settled(self) -> None:
        self.seen |= set(self.known.values()) - {DAMAGED}
        self.dirty.clear()

    def _files(self) -> dict[str, int]:
        return {
            name: HASHES[sha256(path.read_bytes()).digest()]
            for root in ROOTS
            for path in (self.place / root).rglob("*.png")
            if self._counts(name := str(path.relative_to(self.place)))
        }

    def _counts(self, path: str) -> bool:
        return "/.hidden/" not in path and not (self.left_out and "/left out/" in path)

    def _usable(self, path: str) -> bool:
        return not (self.unmounted and path.startswith("two/"))

    def _file(self, which: int) -> str | None:
        """One of the files that are there, if any."""
        there = sorted(
            str(path.relative_to(self.place))
            for root in ROOTS
            for path in (self.place / root).rglob("*.png")
        )
        return there[which % len(there)] if there else None

    def _stamp(self, path: str) -> None:
        """Times that differ, whatever the file system's resolution."""
        self.clock_s += 1
        os.utime(self.place / path, (self.clock_s, self.clock_s))
        self.dirty.add(path)


def _is_under(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


@pytest.fixture(params=DATABASES)
def place_in(request: pytest.FixtureRequest) -> PlaceIn:
    return partial(place_on, request)


@pytest.fixture
def examples(request: pytest.FixtureRequest) -> int:
    """Each has a database of its own, which takes a server longer to make."""
    return EXAMPLES[request.node.callspec.params["place_in"]]


def test_after_each_look_the_library_is_what_the_model_says(
    place_in: PlaceIn, examples: int
) -> None:
    run_state_machine_as_test(
        partial(Folders, place_in),
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )

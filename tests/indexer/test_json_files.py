"""Small files of a library that are damaged: ignored with a warning, or named with the remedy."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clipcore.messages import N_, Message, literal
from indexer.errors import AccessError, DamagedFile, LibraryBusy
from indexer.explore import near_duplicates
from indexer.index.snapshot import MAGIC, read_header
from indexer.json_files import read_json
from indexer.library.control import MAKING_WAY, STATE, FileControl
from indexer.library.directory import WRITTEN_BY
from indexer.library.model_request import MODEL_REQUEST, ModelRequestFile
from indexer.locking import held
from indexer.paths import this_host
from indexer.records.models import ModelRequest
from indexer.serving.password import FILE, is_password, password_mark, set_password
from indexer.sources.other_formats import unpacked

DEEP = "[" * 100_000
DAMAGED = ["", "{", "[]", "null", "7", '"x"', "{}", '{"pid": 1}', '{"source": 7}', "\x80", DEEP]


@pytest.mark.parametrize("text", DAMAGED)
@pytest.mark.parametrize(
    ("name", "read"),
    [
        (STATE, lambda library: FileControl(library).daemon()),
        (STATE, lambda library: FileControl(library).daemons()),
        (MODEL_REQUEST, lambda library: ModelRequestFile(library).read()),
        (MAKING_WAY, lambda library: FileControl(library).makes_way_for()),
    ],
)
def test_damaged_file_is_as_if_it_were_not_there(
    tmp_path: Path, name: str, read: Callable[[Path], object], text: str
) -> None:
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    assert not read(tmp_path)


def test_damaged_file_is_warned_of_once_with_the_remedy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    (tmp_path / MODEL_REQUEST).write_text('{"source": 7}')
    for _ in range(3):
        assert ModelRequestFile(tmp_path).read() is None
    (message,) = caplog.messages
    assert str(tmp_path / MODEL_REQUEST) in message
    assert "`$.source`" in message
    assert "indexer models use" in message


def test_directory_by_a_files_name_is_ignored_too(tmp_path: Path) -> None:
    for name in (STATE, MODEL_REQUEST):
        (tmp_path / name).mkdir()
    assert FileControl(tmp_path).daemon() is None
    assert ModelRequestFile(tmp_path).read() is None


WHY = Message(N_("{path} is damaged: {why}"), path="a", why=Message(N_("the file is empty")))


def test_what_is_whole_is_read(tmp_path: Path) -> None:
    ModelRequestFile(tmp_path).write(ModelRequest("starter", WHY))
    assert ModelRequestFile(tmp_path).read() == ModelRequest("starter", WHY)
    assert read_json(tmp_path / "none", ModelRequest) is None


def test_a_refusal_that_an_older_version_wrote_is_read(tmp_path: Path) -> None:
    (tmp_path / MODEL_REQUEST).write_text('{"source": "starter", "refused": "why"}')
    assert ModelRequestFile(tmp_path).read() == ModelRequest("starter", literal("why"))


@pytest.mark.parametrize("pid", [-1, 0, 2**31, 10**30])
def test_no_process_has_such_an_id(tmp_path: Path, pid: int) -> None:
    request = {
        "work": {"doing": "removing"},
        "pid": pid,
        "host": this_host(),
        "written_at_s": time.time(),
    }
    (tmp_path / MAKING_WAY).write_text(json.dumps(request))
    assert FileControl(tmp_path).makes_way_for() is None


@pytest.mark.parametrize("text", DAMAGED)
def test_lock_says_that_it_is_held_whatever_its_file_holds(tmp_path: Path, text: str) -> None:
    with held(tmp_path, "writer", WRITTEN_BY):
        (tmp_path / "writer.json").write_text(text, "latin-1")
        with (
            pytest.raises(LibraryBusy, match="another process"),
            held(tmp_path, "writer", WRITTEN_BY),
        ):
            pass


@pytest.mark.parametrize(
    "text",
    [*DAMAGED, '{"salt": "x", "scrypt": "", "n": 2, "r": 1, "p": 1}'],
)
def test_damaged_password_lets_nobody_in_and_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, "latin-1")
    with pytest.raises(AccessError, match=r"password\.json is damaged: set the password again"):
        is_password(tmp_path, "correct horse")


@pytest.mark.parametrize(("name", "value"), [("n", 2**70), ("n", 3), ("r", -1), ("p", "1")])
def test_cost_that_cannot_be_is_damage(tmp_path: Path, name: str, value: object) -> None:
    set_password(tmp_path, "correct horse")
    kept = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps({**kept, name: value}))
    with pytest.raises(AccessError, match="damaged"):
        is_password(tmp_path, "correct horse")


def test_password_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(AccessError, match=r"password\.json"):
        password_mark(tmp_path, {})
    with pytest.raises(AccessError, match=r"password\.json"):
        is_password(tmp_path, "correct horse", {})


@pytest.mark.parametrize("text", [*DAMAGED, '{"revision": 1, "state": [1], "groups": [["x"]]}'])
def test_damaged_look_alikes_are_made_again(tmp_path: Path, text: str) -> None:
    (tmp_path / near_duplicates.FILE).write_text(text, "latin-1")
    assert near_duplicates.load(tmp_path, "a model") is None


@pytest.mark.parametrize("text", DAMAGED)
def test_damaged_snapshot_header_is_an_error_that_the_index_expects(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "index").write_bytes(MAGIC + text.encode("latin-1"))
    with (tmp_path / "index").open("rb") as file, pytest.raises(ValueError, match="header"):
        read_header(file)


@pytest.mark.parametrize("text", ["[]", "{", '{".mov": "many"}', DEEP])
def test_damaged_counts_of_other_files_are_none(text: str) -> None:
    assert unpacked(text) == {}


def test_damaged_file_names_itself(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[")
    with pytest.raises(DamagedFile, match=r"x\.json is damaged"):
        read_json(tmp_path / "x.json", ModelRequest)

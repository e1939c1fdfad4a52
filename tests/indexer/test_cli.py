"""The command line as a user meets it: real processes, exit codes, one line for an error."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import SAMPLE, run_indexer
from tests.photos import make_photo

POLAR_BEAR = SAMPLE / "Animals" / "Arctic" / "IMG_2034.jpg"


def test_search_json_is_the_documented_form(sample_library: Path) -> None:
    done = run_indexer("search", "a polar bear in the snow", "--library", sample_library, "--json")
    document = json.loads(done.stdout)
    assert list(document) == ["query", "model", "took_ms", "verdict", "hits"]
    assert document["hits"][0]["path"] == str(POLAR_BEAR)
    assert list(document["hits"][0]) == [
        *("rank", "photo_id", "path", "score", "logit", "strength"),
        *("width_px", "height_px", "taken_at", "date", "date_source"),
    ]
    scores = [hit["score"] for hit in document["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert [hit["rank"] for hit in document["hits"]] == list(range(1, 21))
    assert done.stderr == ""


def test_query_of_filters_lists_by_date_and_says_where_the_date_is_from(
    sample_library: Path,
) -> None:
    done = run_indexer("search", "folder:arctic", "--library", sample_library, "--json")
    document = json.loads(done.stdout)
    assert document["verdict"] == "listed"
    dates = [hit["date"] for hit in document["hits"]]
    assert len(dates) == 2
    assert dates == sorted(dates, reverse=True)
    assert all(hit["score"] is hit["strength"] is None for hit in document["hits"])
    assert {hit["date_source"] for hit in document["hits"]} <= {"exif", "file"}


def test_error_of_a_query_points_at_the_column(sample_library: Path) -> None:
    done = run_indexer("search", "dogs colour:red", "--library", sample_library)
    assert done.returncode == 1
    message, query, caret = done.stderr.splitlines()
    assert "no filter 'colour'" in message
    assert query[caret.index("^") :] == "colour:red"


def test_min_strength_leaves_out_weaker_hits(sample_library: Path) -> None:
    every = run_indexer("search", "a polar bear", "--library", sample_library, "--json")
    least = "--min-strength", 0.5
    strong = run_indexer("search", "a polar bear", *least, "--library", sample_library, "--json")
    strengths = [hit["strength"] for hit in json.loads(every.stdout)["hits"]]
    kept = [hit["strength"] for hit in json.loads(strong.stdout)["hits"]]
    assert kept
    assert kept == [strength for strength in strengths if strength >= 0.5][: len(kept)]
    assert min(strengths) < 0.5


def test_search_prints_the_path_and_takes_top(sample_library: Path) -> None:
    done = run_indexer("search", "a polar bear", "--top", 1, "--library", sample_library)
    assert done.stdout.count("\n") == 1
    assert str(POLAR_BEAR) in done.stdout


def test_status_json_is_the_documented_form(sample_library: Path) -> None:
    document = json.loads(run_indexer("status", "--library", sample_library, "--json").stdout)
    count = document["photos"]
    assert document == {
        "library": str(sample_library),
        "model": document["model"],
        "roots": [{"path": str(SAMPLE), "photos": count, "notice": None}],
        "photos": count,
        "embeddings": count,
        "failed": 0,
        "missing": 0,
        "index": {
            "vectors": count,
            "kind": "exact",
            "reason": "up to 200,000 vectors all of them are compared",
        },
    }
    assert count >= 60
    assert document["model"].startswith("starter")


def test_library_may_be_named_by_the_environment(
    sample_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECOLLECT_LIBRARY", str(sample_library))
    assert str(sample_library) in run_indexer("status").stdout
    assert run_indexer("roots").stdout == f"{SAMPLE}\n"


def test_bad_files_are_counted_and_listed_and_the_run_goes_on(tmp_path: Path) -> None:
    photos, library = tmp_path / "photos", tmp_path / "library"
    make_photo(photos / "good.png", "red")
    (photos / "empty.jpg").touch()
    (photos / "no image.jpg").write_text("hello")
    (photos / "cut.jpg").write_bytes(POLAR_BEAR.read_bytes()[:9000])
    (photos / "dangling.jpg").symlink_to(photos / "nowhere")
    (photos / "loop").symlink_to(photos)
    os.mkfifo(photos / "pipe.jpg")
    (Path(os.fsdecode(bytes(photos) + b"/caf\xe9.png"))).write_bytes(
        (photos / "good.png").read_bytes()
    )
    done = run_indexer("rebuild", photos, "--library", library)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith("1 embedded, 4 failed")
    failures = json.loads(run_indexer("failures", "--json", "--library", library).stdout)
    reasons = {Path(failure["path"]).name: failure["reason"] for failure in failures}
    assert reasons.keys() == {"empty.jpg", "no image.jpg", "cut.jpg", "caf\\xe9.png"}
    assert reasons["empty.jpg"] == "the file is empty"
    assert "not an image" in reasons["no image.jpg"]
    assert "truncated" in reasons["cut.jpg"]
    assert "UTF-8" in reasons["caf\\xe9.png"]
    again = run_indexer("rebuild", "--library", library)
    assert again.stdout.startswith("nothing to do, 0 failed")
    assert json.loads(run_indexer("status", "--json", "--library", library).stdout)["failed"] == 4


def test_rename_move_copy_and_change_embed_only_what_is_new(
    own_library: Path, tmp_path: Path
) -> None:
    photos = Path(shutil.copytree(SAMPLE / "Animals", tmp_path / "photos"))
    library = tmp_path / "fresh"
    run_indexer("rebuild", photos, "--library", library)
    bear = photos / "Arctic" / "IMG_2034.jpg"
    shutil.copy(bear, photos / "copy.jpg")
    bear.rename(photos / "bear.jpg")
    (photos / "Birds").rename(photos / "Oiseaux")
    moved = sum(1 for path in (photos / "Oiseaux").rglob("*") if path.is_file()) + 1
    done = run_indexer("rebuild", "--library", library)
    assert done.stdout.startswith(f"1 already known, {moved} moved, 0 failed")
    make_photo(photos / "copy.jpg", "navy")
    assert run_indexer("rebuild", "--library", library).stdout.startswith("1 embedded, 0 failed")
    assert run_indexer("rebuild", "--library", library).stdout.startswith("nothing to do")


def library_of_text(path: Path) -> None:
    (path / "library.db").write_text("this is no database at all, only some text " * 50)


def library_of_another_program(path: Path) -> None:
    with sqlite3.connect(path / "library.db") as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()


def newer_library(path: Path) -> None:
    with sqlite3.connect(path / "library.db") as connection:
        connection.execute("CREATE TABLE library (id TEXT)")
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    connection.close()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: None, "there is no library"),
        (library_of_text, "no database"),
        (library_of_another_program, "not the database of a library"),
        (newer_library, "newer version"),
    ],
)
def test_library_that_cannot_be_used_is_one_clear_line(
    tmp_path: Path, make: Callable[[Path], None], told: str
) -> None:
    make(tmp_path)
    done = run_indexer("search", "dog", "--library", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert str(tmp_path) in done.stderr
    assert done.stderr.count("\n") == 1


def test_empty_query_is_one_clear_line(sample_library: Path) -> None:
    done = run_indexer("search", " ", "--library", sample_library)
    assert done.returncode == 1
    assert done.stderr == "indexer: the query is empty: type what the photo shows\n"


def test_unknown_model_is_named(tmp_path: Path) -> None:
    done = run_indexer("rebuild", SAMPLE, "--library", tmp_path / "new", "--model", "nonsuch")
    assert done.returncode == 1
    assert "nonsuch" in done.stderr
    assert done.stderr.count("\n") == 1


def test_rebuild_without_any_directory_says_what_to_do(tmp_path: Path) -> None:
    done = run_indexer("rebuild", "--library", tmp_path / "new")
    assert done.returncode == 1
    assert "name one" in done.stderr


@pytest.mark.parametrize("arguments", [["bogus"], ["search"], ["search", "x", "--top", "0"]])
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert run_indexer(*arguments).returncode == 2


@contextmanager
def running(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", "from indexer.cli import main; main()", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until(holds: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


def photos_in(library: Path) -> int:
    done = run_indexer("status", "--library", library, "--json")
    return int(json.loads(done.stdout)["photos"]) if done.returncode == 0 else -1


def test_watch_takes_in_a_new_photo_and_stops_on_sigterm(tmp_path: Path) -> None:
    photos, library = tmp_path / "photos", tmp_path / "library"
    make_photo(photos / "red.png", "red")
    with running("watch", photos, "--library", library) as process:
        until(lambda: photos_in(library) == 1)
        shutil.copy(POLAR_BEAR, photos / "new.jpg")
        until(lambda: photos_in(library) == 2)
        (photos / "red.png").unlink()
        until(lambda: photos_in(library) == 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_serve_answers_on_loopback_and_ctrl_c_stops_all_of_it(sample_library: Path) -> None:
    port = free_port()

    def healthy() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health") as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    with running("serve", "--library", sample_library, "--port", port) as process:
        until(healthy)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert not healthy()


def test_serve_names_a_port_that_is_taken(sample_library: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_indexer("serve", "--library", sample_library, "--port", port)
    assert done.returncode == 1
    assert f"port {port}" in done.stderr


def test_index_exact_is_an_option_and_others_are_wrong_usage(own_library: Path) -> None:
    asked = ("--index", "exact", "--library", own_library)
    assert run_indexer("rebuild", *asked).returncode == 0
    done = run_indexer("search", "a polar bear", *asked, "--json")
    assert json.loads(done.stdout)["hits"]
    assert run_indexer("search", "a polar bear", "--index", "hnsw").returncode == 2

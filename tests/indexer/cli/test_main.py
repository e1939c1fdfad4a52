"""The command line as a user meets it: real processes, exit codes, one line for an error."""

from __future__ import annotations

import csv
import gc
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from indexer.cli.main import app
from indexer.query.help import rows
from tests.commands import run_indexer
from tests.conftest import SAMPLE
from tests.odd_files import picture, saved
from tests.photos import make_photo

pytestmark = pytest.mark.slow

POLAR_BEAR = SAMPLE / "Animals" / "Arctic" / "IMG_2034.jpg"


def test_search_json_is_the_documented_form(sample_library: Path) -> None:
    done = run_indexer("search", "a polar bear in the snow", "--library", sample_library, "--json")
    document = json.loads(done.stdout)
    assert list(document) == ["query", "model", "took_ms", "verdict", "hits"]
    assert document["hits"][0]["path"] == str(POLAR_BEAR)
    assert list(document["hits"][0]) == [
        *("rank", "photo_id", "path", "score", "logit", "probability", "strength"),
        *("width_px", "height_px", "taken_at", "date", "date_source", "other_files"),
        *("duration_s", "moment_s", "range_s"),
    ]
    for figure in ("score", "strength"):
        figures = [hit[figure] for hit in document["hits"]]
        assert figures == sorted(figures, reverse=True)
    assert [hit["rank"] for hit in document["hits"]] == list(range(1, 21))
    assert done.stderr == ""


def test_line_stands_between_strong_and_weak_matches(sample_library: Path) -> None:
    document = run_indexer("search", "a dog", "--library", sample_library, "--json").stdout
    strong = sum(hit["strength"] >= 0.5 for hit in json.loads(document)["hits"])
    assert 0 < strong < 20
    lines = run_indexer("search", "a dog", "--library", sample_library).stdout.splitlines()
    assert lines[strong] == "weaker matches:"
    assert len(lines) == 21
    lines = run_indexer(
        "search", "broccoli", "--library", sample_library, "-n1"
    ).stdout.splitlines()
    assert lines[0] == "no strong match; closest results:"
    assert len(lines) == 2


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


@pytest.mark.parametrize(
    "query",
    [
        "-folder:arctic bear",
        "- fruit + apple",
        "-folder:arctic",
        "-fruit",
        "-nature",
        "-home",
        "-水",
        "-#1",
        "-2:cat",
        "-top",
    ],
)
def test_query_may_begin_with_a_minus(sample_library: Path, query: str) -> None:
    done = run_indexer("search", query, "--library", sample_library, "--json", "-n5")
    document = json.loads(done.stdout)
    assert document["query"] == query
    assert len(document["hits"]) == 5
    assert not any("Arctic" in hit["path"] for hit in document["hits"] if ":" in query)


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


def test_search_prints_paths_alone_or_a_table(sample_library: Path) -> None:
    asked = ("search", "folder:arctic", "--library", sample_library)
    hits = json.loads(run_indexer(*asked, "--json").stdout)["hits"]
    paths = [hit["path"] for hit in hits]
    assert len(paths) == 2
    assert run_indexer(*asked, "--paths").stdout.splitlines() == paths
    assert run_indexer(*asked, "-0").stdout == "".join(f"{path}\0" for path in paths)
    rows = list(csv.DictReader(run_indexer(*asked, "--csv").stdout.splitlines()))
    assert [list(row) for row in rows] == [list(hit) for hit in hits]
    as_text = [{name: str(value or "") for name, value in hit.items()} for hit in hits]
    assert rows == as_text
    assert run_indexer(*asked, "--csv", "--json").returncode == 2


def test_commands_can_be_called_in_a_process_that_goes_on(sample_library: Path) -> None:
    for query, code, hits in (("a polar bear in the snow", 0, 20), ("folder:nonsuch", 3, 0)) * 2:
        command = ["search", query, "--library", str(sample_library), "--paths", "--exit-code"]
        done = CliRunner().invoke(app, command)
        assert (done.exit_code, len(done.stdout.splitlines())) == (code, hits)
    assert gc.isenabled()


def test_no_confident_match_is_an_exit_code_for_scripts_that_ask_for_it(
    sample_library: Path,
) -> None:
    asked = ("search", "--library", sample_library, "--exit-code")
    assert run_indexer(*asked, "a polar bear in the snow").returncode == 0
    assert run_indexer(*asked, "folder:arctic").returncode == 0
    assert run_indexer(*asked, "folder:nowhere").returncode == 3
    assert run_indexer(*asked, "folder:arctic zebra", "--min-strength", 1).returncode == 3
    assert run_indexer("search", "folder:nowhere", "--library", sample_library).returncode == 0


@pytest.mark.parametrize("command", [["--version"], ["-h"], ["search", "-h"], ["roots", "-h"]])
def test_version_and_help_are_short_to_ask_for(command: list[str]) -> None:
    done = run_indexer(*command)
    assert (done.returncode, done.stderr) == (0, "")
    assert ("--help" if "-h" in command else version("recollect-photos")) in done.stdout


def test_roots_are_listed_with_what_they_leave_out(own_library: Path) -> None:
    excludes = ("--exclude", "Birds/", "--exclude", "*.bmp")
    assert run_indexer("roots", "add", SAMPLE, *excludes, "--library", own_library).returncode == 0
    document = [{"path": str(SAMPLE), "excludes": ["Birds/", "*.bmp"], "notice": None}]
    for command in (("roots", "list"), ("roots",)):
        done = run_indexer(*command, "--json", "--library", own_library)
        assert json.loads(done.stdout) == document
    text = f"{SAMPLE}\n    excludes Birds/\n    excludes *.bmp\n"
    assert run_indexer("roots", "list", "--library", own_library).stdout == text
    assert run_indexer("roots", "list", "-0", "--library", own_library).stdout == f"{SAMPLE}\0"


def test_search_prints_the_path_and_takes_top(sample_library: Path) -> None:
    done = run_indexer("search", "a polar bear", "--top", 1, "--library", sample_library)
    assert done.stdout.count("\n") == 1
    assert str(POLAR_BEAR) in done.stdout


# each of these takes from a tenth of a second to several to import
NOT_TO_SEARCH = [
    "torch",
    "streamlit",
    "alembic",
    "openvino",
    "onnxruntime",
    "ray",
    "scipy",
    "sklearn",
    "pandas",
]
NOT_TO_HELP = [*NOT_TO_SEARCH, "faiss", "sqlalchemy", "tokenizers", "safetensors"]


@pytest.mark.parametrize(
    ("command", "heavy"),
    [(["--help"], NOT_TO_HELP), (["search", "a polar bear", "--library"], NOT_TO_SEARCH)],
    ids=["help", "search"],
)
def test_a_command_waits_for_no_import_that_it_does_not_need(
    own_library: Path, command: list[str], heavy: list[str]
) -> None:
    arguments = [*command, own_library] if command[0] == "search" else command
    started = [
        sys.executable,
        "-X",
        "importtime",
        "-c",
        "from indexer.cli.main import main; main()",
    ]
    done = subprocess.run(
        [*started, *arguments], capture_output=True, text=True, check=True, timeout=600
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "typer" in loaded
    assert not set(heavy) & loaded


def test_status_json_is_the_documented_form(sample_library: Path) -> None:
    document = json.loads(run_indexer("status", "--library", sample_library, "--json").stdout)
    count = document["photos"]
    assert document == {
        "library": str(sample_library),
        "model": document["model"],
        "text_tower": None,
        "roots": [{"path": str(SAMPLE), "photos": count, "files": count, "notice": None}],
        "photos": count,
        "files": count,
        "stacks": True,
        "embeddings": count,
        "awaiting_prune": 0,
        "failed": 0,
        "missing": 0,
        "missing_readers": [],
        "other_formats": {},
        "index": {
            "vectors": count,
            "kind": "exact",
            "reason": "up to 50,000 vectors all of them are compared",
        },
        "paused": False,
        "switching_to": None,
        "daemon": None,
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
    assert done.stdout.startswith(f"1 unchanged, {moved} moved, 0 failed")
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
    assert "make one with 'indexer rebuild DIR'" in done.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["bogus"],
        ["search"],
        ["search", "x", "--top", "0"],
        ["search", "--bogus"],
        ["search", "-x"],
        ["search", "-n", "x", "cat"],
        ["search", "cat", "--min-strength", "-1"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert run_indexer(*arguments).returncode == 2


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may read all")
def test_file_that_could_not_be_read_is_tried_again_though_it_stands_still(tmp_path: Path) -> None:
    photos, library = tmp_path / "photos", tmp_path / "library"
    make_photo(photos / "open.png", "blue")
    run_indexer("rebuild", photos, "--library", library, "--model", "starter")
    locked = make_photo(photos / "locked.png", "red")
    locked.chmod(0)
    rebuild = ("rebuild", photos, "--library", library)
    failures = ("failures", "--json", "--library", library)
    built, listed, again, listed_again = run_unprivileged(rebuild, failures, rebuild, failures)
    assert built.startswith("nothing to do, 1 failed")
    (failure,) = json.loads(listed)
    assert failure["reason"] == "cannot be read: Permission denied"
    assert again.startswith("nothing to do, 1 failed")
    assert listed_again == listed  # since when it has failed stays true
    locked.chmod(0o644)
    assert run_indexer("rebuild", "--library", library).stdout.startswith("1 embedded")


def test_failures_lists_what_is_indexed_but_odd_below(tmp_path: Path) -> None:
    photos, library = tmp_path / "photos", tmp_path / "library"
    photos.mkdir()
    odd = photos / "odd.jpg"
    odd.write_bytes(saved(picture(), "JPEG")[:-2])
    run_indexer("rebuild", photos, "--library", library, "--model", "starter")
    notice = "the file lacks its end marker; all its pixels are there"
    listed = run_indexer("failures", "--library", library).stdout
    assert listed == f"no failures\n\nIndexed with warnings:\n{odd}: {notice}\n"
    (one,) = json.loads(run_indexer("failures", "--json", "--library", library).stdout)
    assert one == {"path": str(odd), "reason": notice, "since": None, "indexed": True}


def test_failures_retry_tries_files_that_stand_still(tmp_path: Path) -> None:
    photos, library = tmp_path / "photos", tmp_path / "library"
    broken = make_photo(photos / "broken.png", "red")
    whole, stat = broken.read_bytes(), broken.stat()
    broken.write_bytes(bytes(len(whole)))
    os.utime(broken, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    run_indexer("rebuild", photos, "--library", library)
    broken.write_bytes(whole)  # mended by something that keeps size and time
    os.utime(broken, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert run_indexer("rebuild", "--library", library).stdout.startswith("nothing to do")
    done = run_indexer("failures", "--retry", "--library", library)
    assert "1 embedded, 0 failed" in done.stderr
    assert done.stdout == "no failures\n"


def test_prune_says_what_it_removes_first_and_dry_run_removes_nothing(tmp_path: Path) -> None:
    photos, library = tmp_path / "photos", tmp_path / "library"
    red = make_photo(photos / "red.png", "red")
    make_photo(photos / "blue.png", "blue")
    run_indexer("rebuild", photos, "--library", library)
    red.unlink()
    run_indexer("rebuild", "--library", library)
    prune = ("prune", "--library", library, "--older-than")
    assert run_indexer(*prune, "30d").stdout.endswith(
        "removed: 0 photos, 0 contents that no other photo has, 0 embeddings\n"
    )
    with sqlite3.connect(library / "library.db") as connection:
        connection.execute(
            "UPDATE photos SET missing_since = datetime('now', '-31 days') "
            "WHERE missing_since IS NOT NULL"
        )
    connection.close()
    told = f"{red}\nwould be removed: 1 photo, 1 content that no other photo has, 1 embedding\n"
    assert run_indexer(*prune, "30d", "--dry-run").stdout == told
    listed = run_indexer(*prune, "30d", "--dry-run", "-0")
    assert (listed.stdout, listed.stderr) == (f"{red}\0", told.partition("\n")[2])
    document = {"dry_run": True, "paths": [str(red)], "contents": 1, "embeddings": 1, "kept": 0}
    assert json.loads(run_indexer(*prune, "30d", "--dry-run", "--json").stdout) == document
    assert (
        run_indexer(*prune, "30d").stdout
        == told + told.splitlines()[1].replace("would be ", "") + "\n"
    )
    assert json.loads(run_indexer("status", "--json", "--library", library).stdout)["missing"] == 0


@pytest.mark.parametrize("age", ["30", "d", "-3d", "3y", ""])
def test_prune_names_an_age_that_is_none(tmp_path: Path, age: str) -> None:
    done = run_indexer("prune", "--older-than", age, "--library", tmp_path)
    assert done.returncode == 2
    assert "12h, 30d" in done.stderr


@pytest.mark.parametrize(
    "age", ["900000d", "9999999d", "99999999999999d", "99999999999999w", f"{'9' * 5000}h"]
)
def test_prune_refuses_an_age_before_all_dates(tmp_path: Path, age: str) -> None:
    done = run_indexer("prune", "--older-than", age, "--library", tmp_path)
    assert done.returncode == 2
    assert "too long" in done.stderr


def run_unprivileged(*commands: Sequence[object]) -> list[str]:
    """What commands print one after the other, without root's right to read what nobody may."""
    drop = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    lines = json.dumps([["indexer", *map(str, command)] for command in commands])
    done = subprocess.run(
        [*(drop if os.geteuid() == 0 else []), sys.executable, "-c", IN_ONE_PROCESS, lines],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\0")[:-1]


IN_ONE_PROCESS = """
import json, sys
from indexer.cli.main import run
for sys.argv in json.loads(sys.argv[1]):
    run()
    print(end="\\0")
"""


def test_index_exact_is_an_option_and_others_are_wrong_usage(own_library: Path) -> None:
    asked = ("--index", "exact", "--library", own_library)
    assert run_indexer("rebuild", *asked).returncode == 0
    done = run_indexer("search", "a polar bear", *asked, "--json")
    assert json.loads(done.stdout)["hits"]
    assert run_indexer("search", "a polar bear", "--index", "hnsw").returncode == 2


def test_several_words_are_one_query(sample_library: Path) -> None:
    at = ("--library", sample_library, "--json")
    whole = json.loads(run_indexer("search", "-folder:home a polar bear", *at).stdout)
    words = ("-folder:home", "a", "polar", *at, "bear", "-n20")
    apart = json.loads(run_indexer("search", *words).stdout)
    assert apart["query"] == whole["query"] == "-folder:home a polar bear"
    assert apart["hits"] == whole["hits"]


def test_short_options_in_one_word_are_no_query(sample_library: Path) -> None:
    done = run_indexer("search", "folder:arctic", "-0n1", "--library", sample_library)
    assert done.stdout.count("\0") == 1
    assert run_indexer("search", "-h").stdout.lstrip().startswith("Usage")
    assert run_indexer("search", "-0h").stdout.lstrip().startswith("Usage")


def test_a_word_taken_away_may_stand_behind_others(sample_library: Path) -> None:
    done = run_indexer("search", "bear", "-snow", "--library", sample_library, "--json")
    assert json.loads(done.stdout)["query"] == "bear -snow"


def test_a_file_with_spaces_in_its_path_needs_no_quotes_of_its_own(
    sample_library: Path, tmp_path: Path
) -> None:
    photo = tmp_path / "my bear.jpg"
    shutil.copy(POLAR_BEAR, photo)
    done = run_indexer("search", photo, "--library", sample_library, "--json")
    assert json.loads(done.stdout)["hits"][0]["path"].endswith("IMG_2034.jpg")


@pytest.mark.parametrize("name", ["IMG_2034.jpg", "IMG_2034"])
def test_a_file_is_found_by_its_name(sample_library: Path, name: str) -> None:
    done = run_indexer("search", name, "--library", sample_library, "--json")
    found = json.loads(done.stdout)
    assert found["verdict"] == "listed"
    assert [Path(hit["path"]).name for hit in found["hits"]] == ["IMG_2034.jpg"]


def test_help_of_search_shows_the_query_language() -> None:
    told = run_indexer("search", "--help").stdout
    for typed, meaning in rows():
        assert re.search(re.escape(typed) + " +" + re.escape(meaning), told)

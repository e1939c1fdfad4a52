"""Every benchmark runs; its quick form is tiny, and measures nothing that anybody should quote."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import PAGES
from tests.parity.seeded import write_open_clip

ROOT = Path(__file__).parents[2]
# other programs in an environment of their own, or a page that is served, with a password
NEEDS_MORE = {"bench", "peers", "attack"}
PARTS = {"clip_like", "contest", "results", "server_writes", "synthetic_library"}  # of others
BY_ITSELF = {"page"}  # drives a browser in a process of its own
ARGUMENTS = {
    "photo_set": ["{tmp}/photos"],
    "pipeline": ["{model}", "{photos}", "--engine", "torch-float32"],
    "seeded_models": ["{tmp}/models"],
    "two_models": ["{tmp}/models"],
    "warm_query": ["{library}"],
}


def programs() -> set[str]:
    """The benchmarks that are run by themselves."""
    modules = (ROOT / "benchmarks").glob("*.py")
    return {one.stem for one in modules if '__name__ == "__main__"' in one.read_text("utf-8")}


def test_every_module_is_a_program_or_part_of_one() -> None:
    modules = {one.stem for one in (ROOT / "benchmarks").glob("*.py")} - {"__init__"}
    assert modules == programs() | PARTS


@pytest.fixture
def places(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Path]:
    """What arguments name: the library is made for those only that ask for it."""
    named = {"tmp": tmp_path, "photos": ROOT / "data" / "sample" / "Animals" / "Zoo"}
    asked = "".join(ARGUMENTS.get(request.getfixturevalue("name"), []))
    if "{model}" in asked:
        named["model"] = write_open_clip(tmp_path / "model")
    if "{library}" in asked:
        named["library"] = request.getfixturevalue("sample_library")
    return named


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(programs() - NEEDS_MORE - BY_ITSELF))
def test_benchmark_runs_in_its_quick_form(
    name: str,
    places: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    arguments = [one.format(**places) for one in ARGUMENTS.get(name, [])]
    monkeypatch.setattr(sys, "argv", [name, *arguments, "--quick"])
    importlib.import_module(f"benchmarks.{name}").main()
    if name != "seeded_models":
        assert re.search(r"\d", capfd.readouterr().out)


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.parametrize("name", sorted(BY_ITSELF))
def test_benchmark_with_a_browser_runs_in_its_quick_form(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--quick"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert "a new query" in done.stdout


@pytest.mark.parametrize("name", sorted(NEEDS_MORE))
def test_benchmark_that_needs_more_takes_its_quick_form(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"benchmarks.{name}").main()
    assert ended.value.code == 0
    assert "--quick" in capsys.readouterr().out


def test_documents_name_only_benchmarks_that_exist() -> None:
    documents = [*PAGES, ROOT / "benchmarks/RESULTS.md"]
    named = {
        name
        for document in documents
        for name in re.findall(r"python -m benchmarks\.(\w+)", document.read_text("utf-8"))
    }
    assert named <= programs()

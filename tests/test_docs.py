"""The documents are true: links lead somewhere, and every block of code does what it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from indexer.cli.main import app
from tests.commands import run_indexer
from tests.conftest import SAMPLE
from tests.documents import PAGES, ROOT, Block, blocks, command_lines

LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^( *)```.*?^\1```$|`[^`\n]+`", re.S | re.M)
SHELL = re.compile(r"[|>&;]|^mkdir")
KNOWN = {"console", "python", "sh", "sql", "text", "toml"}


def names(where: list[Block]) -> list[str]:
    return list(map(str, where))


def runnable(*languages: str) -> list[Block]:
    return [one for one in blocks(*languages) if one.why_not is None]


# --- links ----------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """Those of its headings, as the site and the hosts of code make them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.S | re.M)
    heads = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\s-]", "", head).strip().lower().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = CODE.sub("", page.read_text("utf-8"))
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path) if path else page
        assert other.exists(), target
        assert not anchor or anchor in anchors(other), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_of_the_project_that_are_named_exist(page: Path) -> None:
    spans = re.findall("`([^`\n]+)`", page.read_text("utf-8"))
    for span in spans:
        if re.fullmatch(r"(app|indexer|clipcore|tests|docs|benchmarks)/[\w./-]+", span):
            assert (ROOT / span).exists(), span
        elif re.fullmatch(r"test_\w+\.py", span):
            assert list((ROOT / "tests").rglob(span)), span


def test_every_page_of_the_site_is_in_its_navigation_once() -> None:
    def pages_in(part: object) -> Iterator[str]:
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict):
            for value in part.values():
                yield from pages_in(value)
        elif isinstance(part, list):
            for value in part:
                yield from pages_in(value)

    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    listed = sorted(pages_in(site["nav"]))
    docs = ROOT / "docs"
    assert listed == sorted(page.relative_to(docs).as_posix() for page in docs.rglob("*.md"))


def test_the_drawing_names_packages_that_exist() -> None:
    drawing = (ROOT / "docs" / "pictures" / "architecture.svg").read_text("utf-8")
    named = re.findall(r'class="name">([a-z]+)[:<]', drawing)
    assert len(named) >= 9
    for name in named:
        assert any((ROOT / top / name).is_dir() for top in (".", "app", "indexer")), name


# --- code -----------------------------------------------------------------------------------------


def test_every_block_names_a_known_language() -> None:
    assert [str(one) for one in blocks() if one.language not in KNOWN] == []


@pytest.mark.parametrize(("block", "line"), command_lines(), ids=str)
def test_every_command_line_has_a_command_with_these_options(block: Block, line: str) -> None:
    words = shlex.split(line.partition(" | ")[0], comments=True)[1:]
    command = get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]  # type: ignore[attr-defined]
    assert command is not get_command(app), line
    if "--" in words:
        words = words[: words.index("--")]
    known = {name for one in command.params for name in one.opts}  # type: ignore[attr-defined]
    given = {word for word in words if re.fullmatch("-[a-zA-Z0-9]|--[a-z-]+", word)}
    assert given <= known, line


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with `indexer` in it, for PATH."""
    directory = tmp_path_factory.mktemp("bin")
    file = directory / "indexer"
    file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m indexer.cli "$@"\n')
    file.chmod(0o755)
    return directory


@pytest.fixture
def desk(tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's home and working directory, with photos and no library yet."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sample").symlink_to(SAMPLE)
    pictures = tmp_path / "Pictures"
    pictures.mkdir()
    for number, photo in enumerate(sorted((SAMPLE / "Animals").rglob("*.jpg"))[:2]):
        (pictures / f"{number}.jpg").write_bytes(photo.read_bytes())
    (tmp_path / "photo.jpg").write_bytes((pictures / "0.jpg").read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RECOLLECT_LIBRARY", str(tmp_path / "library"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PATH", f"{program}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


@pytest.fixture
def library(desk: Path, own_library: Path) -> Path:
    """The sample's library at hand."""
    assert own_library == desk / "library"
    return own_library


@pytest.mark.slow
def test_console_blocks_print_what_they_say(desk: Path) -> None:
    steps = dict.fromkeys(step for one in runnable("console") for step in steps_of(one.code))
    assert steps
    for command, expected in steps:
        done = run_indexer(*shlex.split(command)[1:])
        assert done.returncode == 0, (command, done.stderr)
        assert re.fullmatch(expected, done.stdout), (command, done.stdout)


def steps_of(code: str) -> list[tuple[str, str]]:
    """Each command behind `$`, and what it prints as a pattern, where `...` is anything."""
    parts = re.split(r"^\$ (.+)\n", code, flags=re.M)[1:]
    return [
        (command, r".*?".join(map(re.escape, printed.split("..."))))
        for command, printed in zip(parts[::2], parts[1::2], strict=True)
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("block", runnable("sh"), ids=str)
def test_shell_blocks_run(block: Block) -> None:
    for line in block.code.splitlines():
        if SHELL.search(line.partition(" #")[0]):
            done = subprocess.run(
                ["bash", "-ec", line], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, (line, done.stderr)
        elif words := shlex.split(line, comments=True):
            assert words[0] == "indexer", line
            ended = run_indexer(*words[1:])
            assert ended.returncode == 0, (line, ended.stderr)


@pytest.mark.slow
@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("block", runnable("python"), ids=str)
def test_python_blocks_run(block: Block, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if "library.db" in block.code:
        monkeypatch.chdir(library)
    exec(compile(block.code, str(block), "exec"), {})


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_blocks_compile(block: Block) -> None:
    compile(block.code, str(block), "exec")


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_toml_blocks_can_be_read(block: Block) -> None:
    assert tomllib.loads(block.code)


def test_pages_in_chinese_have_the_code_of_the_english_ones() -> None:
    for page in PAGES:
        if match := re.fullmatch(r"(.+?)\.zh(-CN)?\.md", page.name):
            english = page.with_name(f"{match[1]}.md")
            assert code_of(page) == code_of(english), page


def code_of(page: Path) -> list[tuple[str, str]]:
    """The blocks of a page without their comments."""
    return [(one.language, re.sub(r" +# .*", "", one.code)) for one in blocks() if one.page == page]

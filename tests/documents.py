"""The documents of the project as tests read them: pages, code blocks, examples of queries."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "data" / "README.md"])
FENCE = re.compile(
    r"(?:<!-- not run: (?P<why>[^\n]+) -->\n)?^```(?P<language>\S*)\n(?P<code>.*?)^```$",
    re.S | re.M,
)


@dataclass(frozen=True)
class Block:
    """A block of code. `why_not`: the reason why it cannot be run here, if it cannot."""

    page: Path
    line: int
    language: str
    code: str
    why_not: str | None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    """Those of all pages in these languages, or in any."""
    found = [_block(page, match) for page in PAGES for match in FENCE.finditer(_text(page))]
    return [one for one in found if not languages or one.language in languages]


def _block(page: Path, match: re.Match[str]) -> Block:
    line = _text(page).count("\n", 0, match.start("code"))
    return Block(page, line, match["language"], match["code"], match["why"])


def _text(page: Path) -> str:
    return page.read_text("utf-8")


def command_lines() -> list[tuple[Block, str]]:
    """Every line of a block that calls `indexer`, as it is typed."""
    return [
        (block, line.removeprefix("$ "))
        for block in blocks("sh", "console")
        for line in block.code.splitlines()
        if line.removeprefix("$ ").startswith("indexer ")
    ]


def examples() -> list[str]:
    """The queries of the tables that say what you type, each once."""
    pages = ("README.md", "docs/guides/search-syntax.md", "docs/reference/query-language.md")
    return list(dict.fromkeys(query for page in pages for query in _examples(_text(ROOT / page))))


def _examples(text: str) -> list[str]:
    typed, inside = [], False
    for line in text.splitlines():
        inside = line.startswith("| you type") or (inside and line.startswith("|"))
        if inside:
            typed += re.findall("`([^`]+)`", line.split(" | ")[0])
    return typed


def searches() -> list[str]:
    """What the blocks search for in words alone."""
    words = [
        shlex.split(line, comments=True)[2:] for _, line in command_lines() if " search " in line
    ]
    plain = [
        one[: next((i for i, word in enumerate(one) if word[0] in "-|>"), None)] for one in words
    ]
    return [" ".join(one) for one in plain if one]

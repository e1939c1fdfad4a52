"""Looks in all documents for the words that the glossary has a better one for: `make lint`.

The glossary's last column lists them. Code is left out; so is benchmarks/RESULTS.md, which a
program writes. Knows nothing of spelling: codespell and proselint do.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
GLOSSARY: Final = ROOT / "docs" / "contributing" / "glossary.md"

CODE: Final = re.compile(r"^( *)```.*?^\1```$|`[^`\n]+`|<!--.*?-->|https?://\S+", re.S | re.M)


def rejected(glossary: str) -> dict[str, str]:
    """Each word that is not to be used, with the one to use."""
    rows = [line.strip("| ").split("|") for line in glossary.splitlines() if line.startswith("| ")]
    pairs = [(cells[0].strip(), cells[2].strip()) for cells in rows if len(cells) == 3]
    return {word.strip(): good for good, bad in pairs if bad != "not" for word in bad.split(",")}


def problems(text: str, words: dict[str, str]) -> Iterator[tuple[int, str]]:
    """The line and the sentence about each rejected word of a document."""
    prose = CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    either = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in words if word)
    for match in re.finditer(rf"(?<![\w-])(?:{either})(?![\w-])", prose, re.I):
        found = " ".join(match[0].lower().split())
        yield prose.count("\n", 0, match.start()) + 1, f"{found}: write {words[found]}"


def documents() -> list[Path]:
    """The pages of the project in English, without the glossary itself."""
    pages = {*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "data" / "README.md"}
    return sorted(page for page in pages - {GLOSSARY} if not re.search(r"\.zh\b", page.name))


def main() -> int:
    """Print what was found; the exit code says whether anything was."""
    words = rejected(GLOSSARY.read_text("utf-8"))
    lines = [
        f"{page.relative_to(ROOT)}:{line}: {problem}"
        for page in documents()
        for line, problem in problems(page.read_text("utf-8"), words)
    ]
    print("\n".join(lines), end="\n" if lines else "")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())

"""Tables of Markdown, which the site and the hosts of code read alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(cell, line)) + " |" for line in lines)


def cell(text: str) -> str:
    """One cell: in one line, its bars written so that no reader of Markdown ends the cell there."""
    code = re.sub(r"`([^`]*\|[^`]*)`", lambda match: f"<code>{escape(match[1])}</code>", text)
    return " ".join(code.split()).replace("|", "&#124;")

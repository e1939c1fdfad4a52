"""Other people's text inside Markdown."""

from __future__ import annotations

import re


def plain(text: str) -> str:
    """`text` as Markdown that shows it as it is: every ASCII punctuation mark is escaped."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)

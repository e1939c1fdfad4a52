"""The quotes, colons, commas and digits of phones and of Chinese and Japanese keyboards.

They mean what ASCII's mean in the query language, but text between quotes stays as it is. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# An opening quote, and those that close it. A quote between straight ones is doubled.
PAIRS: Final[Mapping[str, str]] = {
    **dict.fromkeys("“”„‟＂", "“”„‟＂"),  # German and Swedish ones open with what closes elsewhere
    "«": "»",
    "»": "«",
    "「": "」",
    "『": "』",
}
QUOTES: Final = "".join(sorted({'"', *PAIRS, *"".join(PAIRS.values())}))
QUOTED: Final = "|".join(
    [
        '"(?:[^"]|"")*"',
        *(f"{opening}[^{closing}]*[{closing}]" for opening, closing in PAIRS.items()),
    ]
)
PIECE: Final = re.compile(rf"(?P<quoted>{QUOTED})|(?P<comma>[,，、])|.", re.DOTALL)

SIGNS: Final = ":+-#,."
ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz"
FULL_WIDTH: Final = {
    **{ord(sign) + 0xFEE0: sign for sign in SIGNS + "0123456789" + ALPHABET + ALPHABET.upper()},
    ord("−"): "-",
    ord("、"): ",",
}


def ascii_form(text: str) -> str:
    """The text with ASCII's signs, digits and letters in the place of others; of the same length.

    Quotes stay as they are.
    """
    return text.translate(FULL_WIDTH)


def unquoted(raw: str) -> str:
    """The typed text, without the quotes around its parts."""
    return "".join(_content(piece) for piece in PIECE.finditer(raw))


def alternatives(raw: str) -> list[str]:
    """The parts between commas, unquoted; a comma between quotes separates nothing."""
    parts = [""]
    for piece in PIECE.finditer(raw):
        if piece["comma"]:
            parts.append("")
        else:
            parts[-1] += _content(piece)
    return parts


def quoted(text: str, *, always: bool = False) -> str:
    """The text as it may be typed: in quotes, where it would not stay together without."""
    if always or re.search(rf"[\s{QUOTES},，、]", text):
        return '"' + text.replace('"', '""') + '"'
    return text


def _content(piece: re.Match[str]) -> str:
    if not piece["quoted"]:
        return piece[0]
    inside = piece[0][1:-1]
    return inside.replace('""', '"') if piece[0][0] == '"' else inside

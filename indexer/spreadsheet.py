"""Cells of a table for spreadsheets. A name that begins like a formula must not become one."""

from __future__ import annotations

from typing import Any, Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")  # OWASP, "CSV Injection"


def harmless(cell: Any) -> Any:
    """The cell; a text that a spreadsheet would compute gets an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell

"""The command for photos of several files: one item each, or each file by itself."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from indexer.cli.options import LibraryOption, library_at
from indexer.cli.terminal import print_lines

app = typer.Typer()


class Switch(StrEnum):
    """On or off."""

    ON = "on"
    OFF = "off"


SENTENCES: Final = {
    True: "on: RAW+JPEG and Live Photos are one photo each",
    False: "off: each file is a photo by itself",
}


@app.command()
def stacks(
    library: LibraryOption,
    switch: Annotated[Switch | None, typer.Argument(help="Without it: show the setting.")] = None,
) -> None:
    """Show RAW+JPEG and Live Photos as one photo each (on), or each file by itself (off).

    A query with stack:off lists each file once. No file is changed or read.
    """
    with library_at(library) as opened:
        if switch is not None:
            opened.stack(on=switch is Switch.ON)
        print_lines([SENTENCES[opened.status().stacks]])

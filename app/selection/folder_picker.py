"""Choosing a folder of the server, step by step, and making it a photo directory.

Where one is stands in the session alone: no address can name a folder. Folder names are other
people's text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from app.i18n.language import _, number, translated
from app.selection.allowed_folders import folders_in, tops, trail
from app.ui.escape import plain
from app.ui.refusals import forget_refusal, keep_refusal, refusal, show_refusal
from indexer.errors import IndexerError
from indexer.library.library import Library

STATE: Final = "picker_folder"
ADD: Final = "picker_add"
EXCLUDES: Final = "picker_excludes"
SHOWN: Final = 200


@st.fragment
def folder_picker(library: Library, *, done: str) -> None:
    """Let a person walk through the folders; `done` is on the button that indexes {folder}."""
    with st.container(border=True, key="picker"):
        here = walk()
        if here is None:
            st.caption(_("Open the folder that holds your photos."))
            return
        asked = (here, _excludes())
        if st.button(
            done.format(folder=plain(_name(here))),
            type="primary",
            icon=":material/add:",
            key=ADD,
            on_click=_add,
            args=(library, here),
        ) and not refusal(ADD, asked):
            close_picker()
            st.rerun()
        show_refusal(ADD, asked)


def walk() -> Path | None:
    """Show the folders and the way one has come; the folder where one is, if one is in any."""
    allowed = tops()
    here: Path | None = st.session_state.get(STATE) or (allowed[0] if len(allowed) == 1 else None)
    _trail(here, allowed)
    _folders(here, allowed)
    return here


def _trail(here: Path | None, allowed: tuple[Path, ...]) -> None:
    steps = trail(here, allowed) if here else []
    with st.container(horizontal=True, gap="xsmall", key="picker_trail"):
        if len(allowed) > 1:
            st.button(_("All"), key="picker_all", type="tertiary", on_click=_go, args=(None,))
        for place, step in enumerate(steps):
            st.button(
                f"**{plain(_name(step))}**" if step == here else plain(_name(step)),
                key=f"picker_step_{place}",
                type="tertiary",
                icon=":material/home:" if step in allowed else ":material/chevron_right:",
                on_click=_go,
                args=(step,),
            )


def _folders(here: Path | None, allowed: tuple[Path, ...]) -> None:
    try:
        folders = folders_in(here, allowed) if here else list(allowed)
    except OSError as error:
        message = _("This folder cannot be opened: {why}").format(why=error.strerror or error)
        st.error(plain(message))
        return
    if not folders:
        st.caption(_("No folders in here."))
        return
    with st.container(height=260, border=False, gap="xxsmall", key="picker_list"):
        for place, folder in enumerate(folders[:SHOWN]):
            st.button(
                plain(folder.name if here else str(folder)),
                key=f"picker_folder_{place}",
                type="tertiary",
                icon=":material/folder:",
                width="stretch",
                on_click=_go,
                args=(folder,),
            )
        if len(folders) > SHOWN:
            more = _("and {count} more: 'indexer roots add DIR' adds any folder.")
            st.caption(more.format(count=number(len(folders) - SHOWN)))


def _excludes() -> str:
    with st.expander(_("Exclude files or folders")):
        return st.text_area(
            _("Patterns, one per line, as in .gitignore"),
            key=EXCLUDES,
            placeholder="Screenshots/\n*.gif",
            height=90,
        )


def _add(library: Library, folder: Path) -> None:
    excludes = st.session_state[EXCLUDES]  # they may have come with the click
    try:
        library.add_root(folder, excludes.splitlines() or None)
    except IndexerError as error:
        keep_refusal(ADD, (folder, excludes), translated(error))
    else:
        forget_refusal(ADD)


def _name(folder: Path) -> str:
    return folder.name or str(folder)


def close_picker() -> None:
    """Forget where the person was; the next time starts at the top."""
    for key in (STATE, "picking"):
        st.session_state.pop(key, None)
    forget_refusal(ADD)


def _go(folder: Path | None) -> None:
    st.session_state[STATE] = folder

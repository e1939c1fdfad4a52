"""The photo directories on the library page: what each holds, leaves out, and how it is removed.

Knows nothing of how one is chosen. Paths and notices are other people's text.
"""

from __future__ import annotations

import time
from typing import Final

import streamlit as st

from app.i18n.counts import photos_and_files
from app.i18n.language import _, ngettext, translated
from app.ui.escape import name_and_note
from app.ui.refusals import forget_refusal, keep_refusal, show_refusal
from indexer.errors import IndexerError, LibraryBusy
from indexer.library.library import Library
from indexer.location import Location
from indexer.records.photos import Root
from indexer.records.status import Activity, LibraryStatus, RootStatus, Work

PATIENCE_S: Final = 20.0  # a daemon that makes way finishes its batch first


def root_list(library: Library, status: LibraryStatus) -> None:
    """Each photo directory with its number of photos, its notice and what can be done with it."""
    known = {root.path: root for root in library.roots()}
    for shown in status.roots:
        if shown.path in known:
            _root(library, shown, known[shown.path])


def _root(library: Library, shown: RootStatus, root: Root) -> None:
    with st.container(border=True, key=f"root_{root.id}"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            with st.container(horizontal=True, wrap=False, width="stretch"):
                st.markdown(":material/folder:", width="content")
                name = root.path.name or str(root.path)
                name_and_note(
                    name, f"{root.path.parent} · {photos_and_files(shown.photos, shown.files)}"
                )
            with st.container(horizontal=True, width="content", gap="small"):
                _excludes(library, root)
                _removal(library, root)
        if shown.notice:
            st.warning(_("At the last scan:"), icon=":material/warning:")
            st.text(translated(shown.notice))


def _excludes(library: Library, root: Root) -> None:
    count = len(root.excludes)
    label = ngettext("Excludes {count}", "Excludes {count}", count)
    label = label if count else _("Exclude")
    patterns, save = (f"{name}_{root.id}" for name in ("patterns", "save"))
    with st.popover(label, type="tertiary", key=f"excludes_{root.id}"):
        text = st.text_area(
            _("Patterns, one per line, as in .gitignore"),
            "\n".join(root.excludes),
            key=patterns,
            placeholder="Screenshots/\n*.gif",
        )
        st.button(
            _("Save"),
            key=save,
            type="primary",
            on_click=_save,
            args=(library, root, save, patterns),
        )
        show_refusal(save, text)


def _save(library: Library, root: Root, button: str, patterns: str) -> None:
    text = st.session_state[patterns]  # it may have come with the click
    try:
        library.add_root(root.path, text.splitlines())
    except IndexerError as error:
        keep_refusal(button, text, translated(error))
    else:
        forget_refusal(button)


def _removal(library: Library, root: Root) -> None:
    button = f"remove_{root.id}"
    with st.popover(_("Remove"), type="tertiary", key=f"removal_{root.id}"):
        st.markdown(f"**{_('Remove this folder from the library?')}**")
        st.caption(
            _(
                "Its photos disappear from the results. No file is changed; adding it "
                "again is quick."
            )
        )
        if st.button(
            _("Remove folder"),
            key=button,
            type="primary",
            on_click=_remove,
            args=(library, root, button),
        ):
            st.rerun()
        show_refusal(button)


def _remove(library: Library, root: Root, button: str) -> None:
    try:
        with st.spinner(_("Waiting for the daemon to finish its batch…")):
            remove(library, root.path, PATIENCE_S)
    except IndexerError as error:
        keep_refusal(button, None, translated(error))


def remove(library: Library, directory: Location, patience_s: float) -> None:
    """Remove a photo directory while the daemon, if one runs, makes way.

    Raises LibraryBusy if somebody else goes on writing.
    """
    with library.control.making_way(Work(Activity.REMOVING, str(directory))):
        _remove_when_free(library, directory, time.monotonic() + patience_s)


def _remove_when_free(library: Library, directory: Location, until_s: float) -> None:
    while True:
        try:
            with library.exclusive():
                return library.remove_root(directory)
        except LibraryBusy:
            if time.monotonic() > until_s:
                raise
        time.sleep(0.1)

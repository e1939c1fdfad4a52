"""The library's state, beside the results: photos, folders, what could not be read, the model.

Folder names, reasons and model names are other people's text: st.text shows them as they are.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from app.language import _, ngettext, number
from app.said import said
from indexer.library import Library
from indexer.records import LibraryStatus, RootStatus

FAILURES_SHOWN: Final = 50


def library_panel(library: Library, status: LibraryStatus) -> None:
    """Fill the sidebar with the library's state."""
    with st.sidebar:
        st.subheader(_("Library"), anchor=False)
        st.text(numbers(status))
        if status.failed:
            _failures(library, status.failed)
        st.subheader(_("Folders"), anchor=False)
        for root in status.roots:
            _root(root)
        st.subheader(_("Model"), anchor=False)
        st.text(status.model_id)
        if is_starter(status.model_id):
            st.caption(
                _(
                    "The starter model finds everyday things, animals and places. "
                    "It is no CLIP: it does not understand scenes."
                )
            )


def is_starter(model_id: str) -> bool:
    """Whether the model is the small one that needs no download."""
    return model_id.startswith("starter")


def numbers(status: LibraryStatus) -> str:
    """The library in numbers, a line each; what is zero and good news is left out."""
    lines = [
        photo_count(status.photos),
        _("{count} embedded").format(count=number(status.embeddings)),
    ]
    if status.missing:
        lines.append(_("{count} missing").format(count=number(status.missing)))
    if status.failed:
        lines.append(unreadable(status.failed))
    return "\n".join(lines)


def photo_count(photos: int) -> str:
    """How many photos."""
    return ngettext("{count} photo", "{count} photos", photos)


def unreadable(failed: int) -> str:
    """How many could not be read."""
    return _("{count} could not be read").format(count=number(failed))


def _root(root: RootStatus) -> None:
    st.text(f"{root.path}\n{photo_count(root.photos)}")
    if root.notice:
        st.warning(_("At the last look:"), icon=":material/warning:")
        st.text(said(root.notice))


def _failures(library: Library, failed: int) -> None:
    with st.expander(_("What could not be read")):
        for failure in library.failures()[:FAILURES_SHOWN]:
            st.text(f"{failure.path}\n{said(failure.reason)}")
        if failed > FAILURES_SHOWN:
            st.caption(_("and {count} more").format(count=number(failed - FAILURES_SHOWN)))

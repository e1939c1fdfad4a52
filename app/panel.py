"""The library's state, beside the results: photos, folders, what could not be read, the model.

Folder names, reasons and model names are other people's text: st.text shows them as they are.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from indexer.library import Library
from indexer.records import LibraryStatus, RootStatus

FAILURES_SHOWN: Final = 50


def library_panel(library: Library, status: LibraryStatus) -> None:
    """Fill the sidebar with the library's state."""
    with st.sidebar:
        st.subheader("Library", anchor=False)
        st.text(numbers(status))
        if status.failed:
            _failures(library, status.failed)
        st.subheader("Folders", anchor=False)
        for root in status.roots:
            _root(root)
        st.subheader("Model", anchor=False)
        st.text(status.model_id)
        if is_starter(status.model_id):
            st.caption(
                "The starter model finds everyday things, animals and places. "
                "It is no CLIP: it does not understand scenes."
            )


def is_starter(model_id: str) -> bool:
    """Whether the model is the small one that needs no download."""
    return model_id.startswith("starter")


def numbers(status: LibraryStatus) -> str:
    """The library in numbers, a line each; what is zero and good news is left out."""
    lines = [f"{status.photos:,} photos", f"{status.embeddings:,} embedded"]
    if status.missing:
        lines.append(f"{status.missing:,} missing")
    if status.failed:
        lines.append(f"{status.failed:,} could not be read")
    return "\n".join(lines)


def _root(root: RootStatus) -> None:
    st.text(f"{root.path}\n{root.photos:,} photos")
    if root.notice:
        st.warning("At the last look:", icon=":material/warning:")
        st.text(root.notice)


def _failures(library: Library, failed: int) -> None:
    with st.expander("What could not be read"):
        for failure in library.failures()[:FAILURES_SHOWN]:
            st.text(f"{failure.path}\n{failure.reason}")
        if failed > FAILURES_SHOWN:
            st.caption(f"and {failed - FAILURES_SHOWN:,} more")

"""The actions for ticked photos: export, copy, or search for similar photos."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Final

import streamlit as st

from app.auth.admission import page_login
from app.http.download_tokens import Offer, offered, url
from app.i18n.language import _, ngettext
from app.selection.allowed_folders import tops
from app.selection.copy_files import Copied, FolderRefused, copy_into, target_folder
from app.selection.exports import LISTS, zipped
from app.selection.folder_picker import close_picker, walk
from app.selection.selection import clear, selected, tick
from app.ui.deferred_dialog import ask_for
from app.ui.navigation import ask_for_search, go_now
from app.ui.refusals import forget_refusal, keep_refusal, show_refusal
from app.ui.url_state import QUERY_CHARACTERS
from indexer.library.library import Library
from indexer.query.query import Query
from indexer.records.photos import Item, Photo

TOKENS: Final = "exports"  # in the session: the ticked photos, and the token of each export
OPEN: Final = "selection_dialog"  # in the session: which of the dialogs is open
EXPORT: Final = "export"
COPY: Final = "copy"
COPY_HERE: Final = "copy_here"
COPIED: Final = "copied"  # in the session: what became of the copies
FAILURES_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Ticked:
    """What is ticked in a library: photos with all their files, or each file by itself."""

    library: Library
    ids: tuple[int, ...]
    each_file: bool = False

    def items(self) -> Iterator[Item]:
        """Those that the library still has."""
        for item in self.library.items(self.ids):
            yield Item(item.photo) if self.each_file else item

    def files(self) -> list[Photo]:
        """All files, each once: a photo and one of its other files may both be ticked."""
        files = (file for item in self.items() for file in item.files)
        return list({file.id: file for file in files}.values())


def selection_bar(
    library: Library,
    results: Callable[[], Iterable[int]] | None = None,
    *,
    each_file: bool = False,
) -> None:
    """Say how many are ticked, where any are, and offer what can be done with them.

    `results` gives the numbers of all photos that "Select all" takes. `each_file`: what is ticked
    are files, and not photos with all their files.
    """
    ids = selected()
    if not ids:
        return
    with st.container(
        horizontal=True, vertical_alignment="center", border=True, key="selection_bar"
    ):
        st.markdown(ngettext("{count} photo selected", "{count} photos selected", len(ids)))
        if results is not None:
            _selects_all(results)
        if st.button(
            _("More like these"),
            icon=":material/search:",
            key="selection_like",
            on_click=ask_for_search,
            args=(like_these(ids),),
        ):
            go_now()
        _opens(EXPORT, _("Export"), ":material/download:")
        _opens(COPY, _("Copy"), ":material/folder_copy:")
        st.button(
            _("Clear"),
            icon=":material/close:",
            key="selection_clear",
            on_click=clear,
        )
    opened = st.session_state.get(OPEN)
    if opened == EXPORT:
        dialog = st.dialog(_("Export"), on_dismiss=_close)(_exports)
        ask_for(EXPORT, partial(dialog, Ticked(library, ids, each_file)))
    elif opened == COPY:
        dialog = st.dialog(_("Copy into a folder"), on_dismiss=_close)(_copy_dialog)
        ask_for(COPY, partial(dialog, Ticked(library, ids, each_file)))


def listed(library: Library, query: Query | str) -> list[int]:
    """The numbers of all photos that a query finds, in their order."""
    there = max(1, library.progress().files)
    return [hit.photo.id for hit in library.search(query, there).hits]


def _selects_all(results: Callable[[], Iterable[int]]) -> None:
    st.button(
        _("Select all"),
        icon=":material/select_all:",
        key="selection_all",
        on_click=lambda: tick(results()),
    )


def like_these(ids: Sequence[int]) -> str:
    """The query for photos like these; of very many, as many as the query box holds."""
    query = f"#{ids[0]}"
    for photo_id in ids[1:]:
        longer = f"{query} + #{photo_id}"
        if len(longer) > QUERY_CHARACTERS:
            break
        query = longer
    return query


def _exports(ticked: Ticked) -> None:
    """Links; what they lead to is made when somebody follows them."""
    st.html('<div class="exports">' + "".join(_links(_tokens(ticked))) + "</div>")


def _links(tokens: dict[str, str]) -> Iterator[str]:
    labels = {
        "zip": _("Photos as a zip"),
        "txt": _("Paths as text (.txt)"),
        "csv": _("Paths and facts as a table (.csv)"),
        "json": _("Paths and facts for programs (.json)"),
    }
    for form, label in labels.items():
        yield f'<a href="{url(tokens[form])}" download="photos.{form}">{escape(label)}</a>'


def _tokens(ticked: Ticked) -> dict[str, str]:
    """The token of each form of these photos; those of other photos are taken back."""
    of, tokens = st.session_state.get(TOKENS, (None, {}))
    if of != ticked:
        for token in tokens.values():
            offered().take_back(token)
        tokens = {form: offered().make(offer, page_login()) for form, offer in _offers(ticked)}
        st.session_state[TOKENS] = (ticked, tokens)
    return dict(tokens)


def _offers(ticked: Ticked) -> Iterator[tuple[str, Offer]]:
    def written(write: Callable[[Iterator[Item]], bytes]) -> bytes:
        return write(ticked.items())

    for form, (mime, write) in LISTS.items():
        yield form, Offer(f"photos.{form}", mime, partial(written, write))
    yield "zip", Offer("photos.zip", "application/zip", lambda: zipped(ticked.files()))


def _opens(what: str, label: str, icon: str) -> None:
    def open_it() -> None:
        st.session_state[OPEN] = what

    st.button(label, icon=icon, key=f"selection_{what}", on_click=open_it)


def _close() -> None:
    close_picker()
    for key in (OPEN, COPIED):
        st.session_state.pop(key, None)
    forget_refusal(COPY_HERE)


def _copy_dialog(ticked: Ticked) -> None:
    form = st.empty()
    if COPIED not in st.session_state:
        with form.container():
            _copy_form(ticked)
    if copied := st.session_state.get(COPIED):
        form.empty()
        _tell(*copied)


def _copy_form(ticked: Ticked) -> None:
    st.caption(_("The originals stay where they are. No file is overwritten."))
    folder = walk()
    if folder is None:
        return
    name = st.text_input(_("In a new folder (optional)"), key="copy_new_folder").strip()
    label = ngettext("Copy {count} photo here", "Copy {count} photos here", len(ticked.ids))
    if st.button(label, type="primary", icon=":material/folder_copy:", key=COPY_HERE):
        keep_refusal(COPY_HERE, (folder, name), _copy(ticked, folder, name))
    show_refusal(COPY_HERE, (folder, name))


def _copy(ticked: Ticked, folder: Path, name: str) -> str | None:
    """Why nothing could be copied; None where the dialog is to tell what was."""
    if name != Path(name).name or name.startswith(".") or not name.isprintable():
        return _("This cannot be the name of a folder.")
    target = folder / name
    bar = st.progress(0.0)
    try:
        library = ticked.library
        roots = [root.path for root in library.roots() if isinstance(root.path, Path)]
        with target_folder(target, tops(), [library.path, *roots]) as handle:
            paths = [file.path for file in ticked.files()]
            copied = copy_into(handle, paths, bar.progress)
    except FolderRefused as error:
        message = _(
            "Nothing is written into {folder}: choose a folder that holds no photos of yours."
        )
        return message.format(folder=error.inside)
    except OSError as error:
        message = _("This folder cannot be written to: {why}")
        return message.format(why=error.strerror or error)
    finally:
        bar.empty()
    st.session_state[COPIED] = (copied, target)
    return None


def _tell(copied: Copied, folder: Path) -> None:
    st.success(
        ngettext("{count} file was copied to:", "{count} files were copied to:", copied.count)
    )
    st.text(str(folder))
    if copied.failed:
        st.error(
            ngettext("{count} was not copied:", "{count} were not copied:", len(copied.failed))
        )
        for path, why in copied.failed[:FAILURES_SHOWN]:
            st.text(f"{path}\n{why}")

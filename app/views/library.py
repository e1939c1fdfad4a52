"""The library page: folders, what the daemon does, what could not be read, model, index, sizes.

The parts that change by themselves are drawn again every REFRESH_S; the folder picker is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from html import escape
from itertools import islice
from pathlib import Path
from typing import Final

import streamlit as st

from app.auth.admission import page_login, sign_out
from app.auth.visitor import visitor
from app.i18n.counts import photos_and_files, unreadable
from app.i18n.language import _, day, ngettext, number, one_language, translated
from app.i18n.photo_facts import file_size, since
from app.library.daemon_status import activity
from app.library.model_list import model_list
from app.library.roots import root_list
from app.search.picture_store import picture_store
from app.selection.folder_picker import close_picker, folder_picker
from app.ui.escape import name_and_note, plain
from app.ui.recount import Recount
from clipcore.families.registry import understands_scenes
from clipcore.messages import N_
from indexer.errors import IndexerError
from indexer.index.policy import APPROXIMATE, EXACT
from indexer.library.library import Library
from indexer.packages import needs_package
from indexer.records.status import (
    DaemonState,
    DiskUse,
    IndexStatus,
    LibraryStatus,
    MissingReader,
)

REFRESH_S: Final = 2.0
DISK_USE_LASTS_S: Final = 60.0  # the index is written after the last change
FAILURES_SHOWN: Final = 100
STACKS: Final = "stacks"
KINDS: Final = {
    EXACT: N_("exact"),
    APPROXIMATE: N_("approximate"),
}


def library_page(library: Library) -> None:
    """Everything below the title. Raises IndexerError."""
    with st.container(key="library"):
        _heading()
        if st.session_state.get("picking"):
            folder_picker(library, done=_("Add “{folder}”"))
        _live(library)
        if page_login():
            st.button(_("Sign out"), icon=":material/logout:", key="sign_out", on_click=_sign_out)


def _sign_out() -> None:
    picture_store().forget(visitor())
    sign_out()


def _heading() -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.subheader(_("Library"), anchor=False, width="content")
        if st.session_state.get("picking"):
            st.button(_("Cancel"), key="cancel", on_click=close_picker)
        else:
            st.button(
                _("Add folder"), icon=":material/create_new_folder:", key="add", on_click=_pick
            )


def _pick() -> None:
    st.session_state["picking"] = True


@st.fragment(run_every=REFRESH_S)
@one_language()
def _live(library: Library) -> None:
    try:
        status = library.status()
        activity(library, status)
        root_list(library, status)
        if not status.roots:
            st.caption(_("No folders yet."))
        _missing_readers(status.missing_readers)
        _failures(library, status.failed - sum(one.files for one in status.missing_readers))
        model_list(library, status)
        _stacks(library, status)
        _about(library, status)
    except IndexerError as error:
        st.error(plain(translated(error)), icon=":material/error:")


def _missing_readers(readers: Sequence[MissingReader]) -> None:
    """Which files need a package; they come in by themselves once it is there."""
    for one in readers:
        sentence = ngettext(
            "{count} {format} file needs a package that is not installed: {command}",
            "{count} {format} files need a package that is not installed: {command}",
            one.files,
        )
        text = sentence.format(format=plain(one.format), command=f"`{one.command}`")
        st.info(text, icon=":material/extension:")


def _failures(library: Library, failed: int) -> None:
    if not failed:
        return
    part = st.expander(
        unreadable(failed), icon=":material/broken_image:", key="failures", on_change="rerun"
    )
    if not part.open:  # they are looked for only where somebody looks at them
        return
    with part:
        st.button(
            _("Try again"),
            icon=":material/refresh:",
            key="retry",
            on_click=library.forget_failures,
        )
        shown = (one for one in library.failures() if not needs_package(one.reason))
        for failure in islice(shown, FAILURES_SHOWN):
            note = f"{translated(failure.reason)} · {since(failure.since)} · {failure.path.parent}"
            name_and_note(failure.path.name, note)
        if failed > FAILURES_SHOWN:
            more = _("and {count} more: 'indexer failures' lists them all")
            st.caption(more.format(count=number(failed - FAILURES_SHOWN)))


def _stacks(library: Library, status: LibraryStatus) -> None:
    """Whether the files of one photo are shown as one."""
    if st.session_state.get(STACKS) != status.stacks:
        st.session_state[STACKS] = status.stacks
    st.toggle(
        _("RAW+JPEG and Live Photos as one photo each"),
        key=STACKS,
        help=_("Off: the RAW and the video are photos of their own. No file is changed."),
        on_change=_stack,
        args=(library,),
    )


def _stack(library: Library) -> None:
    library.stack(on=st.session_state[STACKS])


def _about(library: Library, status: LibraryStatus) -> None:
    rows = about(status, _disk_use(library.path, id(library)).current(library))
    listed = "".join(f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>" for label, value in rows)
    with st.container(border=True):
        st.html(f'<dl class="about">{listed}</dl>')


def about(status: LibraryStatus, use: DiskUse) -> list[tuple[str, str]]:
    """(label, value) of what else there is to know; what is zero and good news is left out."""
    rows = [
        (_("Photos"), photos_and_files(status.photos, status.files)),
        (_("Missing"), _gone(status.missing)),
        (_("Last full scan"), _last_look(status.daemon)),
        (_("Model"), _model(status.model_id)),
        (_("Text tower"), status.text_tower or ""),
        (_("Index"), _index(status.index)),
        (_("Database"), file_size(use.database_bytes)),
        (_("Index file"), _index_file(use)),
        (_("Thumbnails"), file_size(use.thumbnails_bytes)),
        (_("Location"), str(status.library)),
    ]
    return [(label, value) for label, value in rows if value]


def _last_look(daemon: DaemonState | None) -> str:
    if daemon is None or daemon.last_reconcile is None:
        return ""
    here = daemon.last_reconcile.replace(tzinfo=UTC).astimezone()
    return f"{day(here)}, {here:%H:%M}"


def _index(index: IndexStatus) -> str:
    vectors = ngettext("{count} vector", "{count} vectors", index.vectors)
    kind = _(KINDS[index.kind])
    return f"{kind} · {vectors} · {translated(index.reason)}"


def _index_file(use: DiskUse) -> str:
    if use.index_bytes is None:
        return ""
    if use.snapshot_at:
        written = day(use.snapshot_at.astimezone())
        return _("{size}, written {day}").format(size=file_size(use.index_bytes), day=written)
    return file_size(use.index_bytes) if use.index_bytes else _("not written yet")


def _gone(missing: int) -> str:
    if not missing:
        return ""
    return ngettext(
        "{count} photo, kept in case it returns; 'indexer prune --older-than 30d' removes it",
        "{count} photos, kept in case they return; 'indexer prune --older-than 30d' removes them",
        missing,
    )


def _model(model_id: str) -> str:
    if understands_scenes(model_id):
        return model_id
    return _(
        "{model}: finds everyday things, animals and places; it is not CLIP and does not "
        "understand scenes"
    ).format(model=model_id)


@st.cache_resource(show_spinner=False)
def _disk_use(path: Path, made: int) -> Recount[DiskUse]:
    return Recount(lambda library: library.disk_use(), lasts_s=DISK_USE_LASTS_S)

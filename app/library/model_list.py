"""The models on the library page: which is in use, which are here, which can be downloaded.

Going over to one is model_switch.py's, downloading it pulling.py's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from app.i18n.language import _, ngettext, percent, translated
from app.i18n.photo_facts import file_size
from app.library.model_download import Pulling
from app.library.model_switch import request_status, switch_button
from app.ui.escape import name_and_note, plain
from indexer.library.library import Library
from indexer.records.models import ModelOffer
from indexer.records.status import LibraryStatus

OPEN: Final = "models_open"
ALL: Final = "models_all"


def model_list(library: Library, status: LibraryStatus) -> None:
    """The request for another model, if there is one, and the models in a part that opens."""
    request_status(library, status)
    part = st.expander(_("Models"), icon=":material/psychology:", key=OPEN, on_change="rerun")
    if not part.open:
        return
    with part:
        st.caption(
            _("The model recognizes what photos show. A larger one finds more and takes longer.")
        )
        in_use, *others = library.models.offers()
        everyone = st.toggle(_("Show all"), key=ALL)
        work = pulling(library)
        for offer in (in_use, *shown(others, work, everyone=everyone)):
            _row(work, offer, in_use=offer is in_use)


@st.cache_resource(show_spinner=False)
def pulling(_library: Library) -> Pulling:
    """What downloads models for all visitors of this server."""
    return Pulling(_library.models.pull)


def shown(offers: Sequence[ModelOffer], work: Pulling, *, everyone: bool) -> list[ModelOffer]:
    """Those that are here or on their way, and of the others the best for what they take."""
    busy = {work.model, *work.failed}
    return [one for one in offers if everyone or one.is_cached or one.is_best or one.source in busy]


def _row(work: Pulling, offer: ModelOffer, *, in_use: bool) -> None:
    with st.container(border=True, key=f"model_{offer.source}"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            with st.container(width="stretch"):
                name_and_note(offer.source, facts(offer))
            _action(work, offer, in_use=in_use)
        if work.model == offer.source:
            st.progress(work.share, _("Downloading: {share}").format(share=percent(work.share)))
        elif why := work.failed.get(offer.source):
            st.error(plain(translated(why)), icon=":material/error:")


def _action(work: Pulling, offer: ModelOffer, *, in_use: bool) -> None:
    """The buttons of a model; one download at a time."""
    source = offer.source
    if in_use:
        st.caption(_("In use"), width="content")
    elif offer.is_cached:
        switch_button(source)
    elif work.model == source:
        st.button(_("Cancel"), key=f"stop_{source}", type="tertiary", on_click=work.cancel)
    else:
        again = source in work.failed
        st.button(
            _("Try again") if again else _("Download"),
            icon=":material/refresh:" if again else ":material/download:",
            key=f"pull_{source}",
            disabled=work.model is not None,
            on_click=work.start,
            args=(source,),
        )


def facts(offer: ModelOffer) -> str:
    """The facts of a model, in one line."""
    size = _("{size} on disk") if offer.is_cached else _("{size} to download")
    parts = [
        _("recommended") if offer.is_default else "",
        size.format(size=file_size(offer.size_bytes)) if offer.size_bytes else "",
        _("{size} of memory").format(size=file_size(offer.memory_bytes))
        if offer.memory_bytes
        else "",
        ngettext("{count} dimension", "{count} dimensions", offer.dim) if offer.dim else "",
        _("{share} accuracy on ImageNet").format(share=percent(offer.accuracy))
        if offer.accuracy
        else "",
        _("licence {name}").format(name=offer.licence) if offer.licence else "",
        "" if offer.needs_download else _("needs no download"),
        "" if offer.understands_scenes else _("not CLIP: does not understand scenes"),
    ]
    return " · ".join(filter(None, parts))

"""The models on the library page: which is in use, which are here, which can be downloaded.

Going over to one is model_switch.py's, downloading it pulling.py's.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

import streamlit as st

from app.i18n.language import _, percent, translated
from app.i18n.photo_facts import file_size
from app.library.model_download import Pulling
from app.library.model_switch import request_status, switch_button
from app.library.text_tower import refusal, text_tower_button
from app.ui.escape import plain
from clipcore.families.recommended import Purpose
from clipcore.families.registry import Languages, source_of
from clipcore.messages import N_
from indexer.library.library import Library
from indexer.location import shown_path
from indexer.records.models import ModelOffer
from indexer.records.status import LibraryStatus

OPEN: Final = "models_open"
ALL: Final = "models_all"
SUITS: Final = {
    Purpose.ENGLISH: N_("best for English"),
    Purpose.MANY_LANGUAGES: N_("best for many languages"),
    Purpose.CHINESE: N_("best for Chinese"),
    Purpose.BEST: N_("best results"),
    Purpose.SMALL_MACHINE: N_("for a small machine"),
}
LANGUAGES: Final = {
    Languages.ENGLISH: N_("understands English"),
    Languages.CHINESE: N_("understands Chinese"),
    Languages.MANY: N_("understands many languages"),
}


def model_list(library: Library, status: LibraryStatus) -> None:
    """The request for another model, if there is one, and the models in a part that opens."""
    request_status(library, status)
    part = st.expander(_("Models"), icon=":material/psychology:", key=OPEN, on_change="rerun")
    if not part.open:
        return
    with part:
        st.caption(
            _(
                "The model recognizes what photos show. A larger one finds more and takes longer. "
                "Figures are as published: how often it names an object (ImageNet), and finds the "
                "photo of a sentence (COCO; in English and Chinese: Crossmodal-3600)."
            )
        )
        in_use, *others = library.models.offers()
        everyone = st.toggle(_("Show all"), key=ALL)
        work = pulling(library)
        own = (None, in_use.source, source_of(library.model_id))  # ViT-B/32 is one name of two
        fitting = [one for one in others if one.text_tower_of in own]
        for offer in (in_use, *shown(fitting, work, everyone=everyone)):
            _row(library, status, work, offer)


@st.cache_resource(show_spinner=False)
def pulling(_library: Library) -> Pulling:
    """What downloads models for all visitors of this server."""
    return Pulling(_library.models.pull)


def shown(offers: Sequence[ModelOffer], work: Pulling, *, everyone: bool) -> list[ModelOffer]:
    """Those that are here or on their way, and of the others the best for what they take."""
    busy = {work.model, *work.failed}
    return [
        one
        for one in offers
        if everyone
        or one.is_cached
        or one.is_best
        or one.suits
        or one.text_tower_of
        or one.source in busy
    ]


def _row(library: Library, status: LibraryStatus, work: Pulling, offer: ModelOffer) -> None:
    with st.container(border=True, key=f"model_{offer.source}"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            with st.container(width="stretch"):
                st.html(card(offer))
            if offer.text_tower_of and offer.is_cached:
                text_tower_button(library, offer, status.text_tower)
            else:
                _action(work, offer, in_use=offer.source == library.model.source)
        if work.model == offer.source:
            st.progress(work.share, _("Downloading: {share}").format(share=percent(work.share)))
        elif why := work.failed.get(offer.source):
            st.error(plain(translated(why)), icon=":material/error:")
        refusal(offer)


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


def card(offer: ModelOffer) -> str:
    """The HTML of a model: its name, whom it suits, its facts, its published figures."""
    name = f'<p class="named">{escape(shown_path(offer.source))}</p>'
    labels = "".join(
        f'<span class="badge {kind}">{escape(label)}</span>' for label, kind in badges(offer)
    )
    suits = f'<p class="badges">{labels}</p>' if labels else ""
    lines = "".join(
        f'<p class="note">{escape(line)}</p>' for line in (facts(offer), figures(offer)) if line
    )
    return f"{name}{suits}{lines}"


def badges(offer: ModelOffer) -> list[tuple[str, str]]:
    """(label, kind) of whom a model suits, and of what forbids that."""
    suits = [(_(SUITS[purpose]), "suits") for purpose in offer.suits]
    if offer.is_non_commercial:
        suits.append((_("not for commercial use"), "warns"))
    if not offer.understands_scenes:
        suits.append((_("not CLIP: does not understand scenes"), "warns"))
    return suits


def facts(offer: ModelOffer) -> str:
    """What it is, and what it takes, in one line."""
    size = _("{size} on disk") if offer.is_cached else _("{size} to download")
    return _joined(
        _("a text tower for the photos of {model}: none is embedded again").format(
            model=offer.text_tower_of
        )
        if offer.text_tower_of
        else "",
        _(LANGUAGES[offer.languages]) if offer.languages else "",
        _("licence {name}").format(name=offer.licence) if offer.licence else "",
        size.format(size=file_size(offer.size_bytes)) if offer.size_bytes else "",
        "" if offer.needs_download else _("needs no download"),
        _("a search takes up to {size} of memory").format(size=file_size(offer.search_bytes))
        if offer.search_bytes
        else "",
    )


def figures(offer: ModelOffer) -> str:
    """The published figures with their source, in one line."""
    shares = {
        _("ImageNet {share}"): offer.accuracy,
        _("COCO {share}"): offer.recall,
        _("English {share}"): offer.recall_english,
        _("Chinese {share}"): offer.recall_chinese,
    }
    found = [text.format(share=percent(share)) for text, share in shares.items() if share]
    if found and offer.published_in:
        found.append(_("source: {source}").format(source=offer.published_in))
    return _joined(*found)


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))

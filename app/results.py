"""What a query has found: the confident matches, and the others a click away."""

from __future__ import annotations

import streamlit as st

from app import address
from app.answer import Answer, answer
from app.grid import grid, wanted
from app.language import _, ngettext, number
from app.photo import photo_dialog
from app.plain import plain
from app.said import said
from app.selection_bar import selection_bar
from indexer.errors import PhotoNotFound, QueryError
from indexer.library import Library
from indexer.records import CONFIDENT, Hit


@st.fragment
def results(library: Library) -> None:
    """Search for what the address says and show it, and the photo that is open."""
    question = f"{address.query()} {address.all_shown()}"
    shown: tuple[Hit, ...] = ()
    try:
        found = answer(library, address.query(), wanted(question))
    except (QueryError, PhotoNotFound) as error:
        st.error(plain(said(error)), icon=":material/search_off:")
    else:
        hits = found.result.hits
        shown = hits if address.all_shown() else confident(hits)
        more = len(shown) == len(hits) and not found.complete
        st.caption(told(found, len(shown), more=more))
        if shown:
            grid(library, shown, question, more=more)
        the_others(hits, len(shown))
        selection_bar(library)
    if address.value("photo") is not None:
        photo_dialog(library, shown)


def confident(hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """The relevant hits; those of a query of filters alone are all what was asked for."""
    return tuple(hit for hit in hits if hit.strength is None or hit.strength >= CONFIDENT)


def told(found: Answer, shown: int, *, more: bool) -> str:
    """The answer in one line."""
    took = f"{found.result.took_ms:.0f} ms"
    if not found.result.hits:
        return f"{_('No photo was found')} · {took}"
    if found.result.verdict == "none":
        nearest = _("No confident match: the nearest all the same")
        return f"{nearest if shown else _('No confident match')} · {took}"
    if more:
        return f"{_('More than {count} photos').replace('{count}', number(shown))} · {took}"
    return f"{ngettext('{count} photo', '{count} photos', shown)} · {took}"


def the_others(hits: tuple[Hit, ...], shown: int) -> None:
    """Offer the hits that are not shown, or to leave out again what is no confident match."""
    if shown < len(hits):
        label = _("Show weaker matches too") if shown else _("Show the nearest all the same")
        st.button(label, on_click=address.show_all, args=(True,), key="weaker")
    elif address.all_shown() and shown > len(confident(hits)):
        st.button(
            _("Show confident matches only"),
            on_click=address.show_all,
            args=(False,),
            key="confident",
        )

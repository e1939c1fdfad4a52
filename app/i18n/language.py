"""The language of the page: English is in the code, the others are gettext catalogues.

The address decides (?lang=zh), then what was chosen before, then the browser. Catalogues are read
as they are written (locale/*/LC_MESSAGES/page.po), so that there is nothing to compile.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final

import streamlit as st
from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from starlette.requests import HTTPConnection

from app.ui import url_state
from clipcore.messages import Message, MessageError
from indexer.query.cities import City

LANGUAGES: Final = {"en": "English", "zh": "简体中文"}
LOCALES: Final = {"en": "en_GB", "zh": "zh_Hans_CN"}  # how dates and numbers are written
CATALOGUES: Final = Path(__file__).with_name("locale")
CHOSEN: Final = "language"  # in the session: another page's address need not say it again
SPOKEN: Final = ContextVar[str | None]("spoken", default=None)
COOKIE: Final = "recollect_language"  # for the next visit


@contextmanager
def one_language() -> Iterator[None]:
    """Within, the language is looked up once: Streamlit is asked for nothing a thousand times."""
    with speaking(language()):
        yield


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Within, this is the language, whatever the visitor of the page reads."""
    token = SPOKEN.set(code)
    try:
        yield
    finally:
        SPOKEN.reset(token)


def language() -> str:
    """The code of the language that this visitor reads: one of LANGUAGES."""
    if spoken := SPOKEN.get():
        return spoken
    preferred = (
        url_state.value("lang"),
        st.session_state.get(CHOSEN),
        st.context.cookies.get(COOKIE),
        (st.context.locale or "").partition("-")[0],
    )
    return next((code for code in preferred if code in LANGUAGES), "en")


def language_of(request: HTTPConnection) -> str:
    """The same of a visitor for whom no page is drawn."""
    accepted = request.headers.get("accept-language", "").split(",")
    preferred = (
        request.query_params.get("lang"),
        request.cookies.get(COOKIE),
        *(part.partition(";")[0].strip()[:2].lower() for part in accepted),
    )
    return next((code for code in preferred if code in LANGUAGES), "en")


def choose_language(code: str) -> None:
    """From now on the page speaks this language, and its address says so."""
    url_state.put("lang", code)
    st.session_state[CHOSEN] = code


def _(message: str) -> str:
    """`message` in the visitor's language."""
    return translations(language()).gettext(message)


def translated(message: Message | MessageError) -> str:
    """A message, or that of an error, in the visitor's language."""
    return (message.message if isinstance(message, MessageError) else message).text(_)


def ngettext(one: str, many: str, count: int) -> str:
    """The form that suits `count`, in the visitor's language; both may contain {count}."""
    form: str = translations(language()).ngettext(one, many, count)
    return form.replace("{count}", number(count))


def number(value: float) -> str:
    """1,234 or 0.75, as the visitor writes it."""
    written: str = format_decimal(value, locale=LOCALES[language()])
    return written


def percent(share: float) -> str:
    """93%, as the visitor writes it."""
    return format_percent(share, locale=LOCALES[language()])


def percent_to_tenth(share: float) -> str:
    """3.4%, as the visitor writes it."""
    return format_percent(share, "#,##0.0%", locale=LOCALES[language()])


def day(moment: date) -> str:
    """6 May 2018, as the visitor writes it."""
    return format_date(moment, "long", locale=LOCALES[language()])


def month(moment: date) -> str:
    """May 2018, as the visitor writes it."""
    return _month(moment.year, moment.month, LOCALES[language()])


@lru_cache(6_000)  # the months of a histogram are written again and again
def _month(year: int, number_of_month: int, locale: str) -> str:
    return str(format_skeleton("yMMMM", date(year, number_of_month, 1), locale=locale))


def concept(name: str) -> str:
    """An everyday concept of the indexer, which names groups of photos, in their language."""
    return translations(language(), "concepts").gettext(name)


def place_name(city: City) -> str:
    """Rome, Italy: the country as the visitor writes it."""
    country = Locale.parse(LOCALES[language()]).territories.get(city.country, city.country)
    return _("{city}, {country}").format(city=city.name, country=country)


def month_name(moment: date) -> str:
    """May, as the visitor writes it."""
    return format_date(moment, "LLLL", locale=LOCALES[language()])


@cache
def translations(code: str, domain: str = "page") -> NullTranslations:
    """A catalogue of a language; of English, an empty one."""
    path = CATALOGUES / code / "LC_MESSAGES" / f"{domain}.po"
    if not path.exists():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    return GNUTranslations(compiled)

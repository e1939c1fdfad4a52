"""The language of the page: English is in the code, the others are gettext catalogues.

The address decides (?lang=zh), else the browser. Catalogues are read as they are written
(locale/*/LC_MESSAGES/page.po), so that there is nothing to compile.
"""

from __future__ import annotations

import io
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final

import streamlit as st
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES: Final = {"en": "English", "zh": "简体中文"}
CATALOGUES: Final = Path(__file__).with_name("locale")


def language() -> str:
    """The code of the language that this visitor reads: one of LANGUAGES."""
    browsers = (st.context.locale or "en").partition("-")[0]
    asked = st.query_params.get("lang", browsers)
    return asked if asked in LANGUAGES else "en"


def _(message: str) -> str:
    """`message` in the visitor's language."""
    return translations(language()).gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """The form that suits `count`, in the visitor's language; both may contain {count}."""
    return translations(language()).ngettext(one, many, count).format(count=f"{count:,}")


@cache
def translations(code: str) -> NullTranslations:
    """The catalogue of a language; of English, an empty one."""
    path = CATALOGUES / code / "LC_MESSAGES" / "page.po"
    if not path.exists():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    return GNUTranslations(compiled)

"""URLs of databases: recognised, understood, and shown without their passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clipcore.messages import N_
from indexer.errors import LibraryError

if TYPE_CHECKING:  # imported where needed: most libraries are directories
    from sqlalchemy.engine import URL

SCHEMES: Final = ("postgresql", "postgres", "postgresql+psycopg")
DRIVER: Final = "postgresql+psycopg"
SECRETS: Final = ("password", "sslpassword")  # these may stand among a URL's parameters too


def is_url(place: str) -> bool:
    """Whether this names a database of PostgreSQL, and no directory."""
    return place.split("://")[0].lower() in SCHEMES and "://" in place


def looks_like_url(place: str) -> bool:
    """Whether this is a URL, or is meant to be one: nobody names a directory like that."""
    before, separator, _ = place.strip().partition(":")
    return ("://" in place and "/" not in place.split("://")[0]) or bool(
        separator and before.lower() in SCHEMES
    )


def has_password(place: str) -> bool:
    """Whether this URL has a password in it."""
    url = database_url(place)
    return url.password is not None or not url.query.keys().isdisjoint(SECRETS)


def database_url(place: str) -> URL:
    """The URL, with the driver that is used. Raises LibraryError."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(place).set(drivername=DRIVER)
    except (ArgumentError, ValueError) as error:  # of what may hold a password nothing is shown
        raise LibraryError(
            N_(
                "the URL of the library cannot be understood: it looks like "
                "postgresql://USER@HOST:PORT/DATABASE"
            )
        ) from error


def shown(url: URL) -> str:
    """The URL for people: without passwords and driver."""
    open_part = url.difference_update_query(SECRETS)
    return open_part.set(drivername="postgresql").render_as_string(hide_password=True)

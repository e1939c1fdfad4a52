"""The types of the columns, where SQLite and PostgreSQL differ. Knows no tables.

Migrations use them too: what a type means for a database never changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, String, func
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from clipcore.messages import Message

STORED: Final = np.dtype("<f2")  # little-endian float16; see docs/reference/library-format.md
SENT: Final = np.dtype(">f2")  # what halfvec_send() puts behind a header
SENT_HEADER_BYTES: Final = 4  # dimension and an unused number, 16 bits each


class HalfVector(UserDefinedType[bytes]):
    """pgvector's halfvec, read and written as the bytes that SQLite keeps.

    Without a dimension: a library may hold the embeddings of several models.
    """

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "halfvec"

    def column_expression(self, colexpr: Any) -> Any:
        return func.halfvec_send(colexpr, type_=self)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        return lambda sent: sent and received(sent)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        return lambda stored: stored and as_text(stored)


class StoredMessage(TypeDecorator[Message]):
    """A message, as its JSON. An id that a database holds is reworded by a migration alone."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Message | None, dialect: Dialect) -> str | None:
        return None if value is None else value.to_json()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Message | None:
        return None if value is None else Message.from_json(value)


def received(sent: bytes) -> bytes:
    """The bytes stored, from what halfvec_send() sends."""
    return np.frombuffer(sent, SENT, offset=SENT_HEADER_BYTES).astype(STORED).tobytes()


def as_text(stored: bytes) -> str:
    """A stored vector as PostgreSQL reads it; each number comes back to the bit."""
    numbers = np.frombuffer(stored, STORED).astype(np.float32)
    return f"[{','.join(map(str, numbers.tolist()))}]"


# SQLite numbers rows in a column of exactly this type; PostgreSQL's INTEGER ends at 2 billion
ID: Final[TypeEngine[int]] = BigInteger().with_variant(Integer(), "sqlite")
# compared byte by byte, whatever language a PostgreSQL database was made for: as SQLite does it
NAME: Final[TypeEngine[str]] = String().with_variant(String(collation="C"), "postgresql")
MESSAGE: Final[TypeEngine[Message]] = StoredMessage()
VECTOR: Final[TypeEngine[bytes]] = LargeBinary().with_variant(HalfVector(), "postgresql")

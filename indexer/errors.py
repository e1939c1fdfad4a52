"""Everything the indexer raises on purpose.

IndexerError
├── LibraryError             the library cannot be used
│   ├── LibraryNotFound      there is none at that place
│   ├── LibraryMissing          it was removed or replaced while it was open
│   ├── NotALibrary          the database is damaged or something else
│   │   └── DamagedLibrary   parts of the database cannot be read
│   ├── DamagedFile          a small file beside the database cannot be read
│   ├── NewerLibrary         written by a newer version of this program
│   ├── LibraryBusy          another process is writing to it
│   ├── DiskFull             its disk has no room left
│   ├── DatabaseUnreachable  the server of its database does not answer
│   └── ModelMismatch        it was built with another model
├── RootError                a photo directory cannot be used as asked
├── QueryError               the query cannot be understood
├── FilterValueError         what a filter takes, raised for a value that is none of these
│   └── Impossible           a value of the right form that cannot be
├── PhotoNotFound            no photo with that number
├── MissingFaiss             neither faiss-cpu nor faiss-gpu is installed
├── MissingPostgres          what talks to PostgreSQL is not installed
├── MissingRay               Ray is not installed
├── ClusterError             the Ray cluster does not answer, or none of its machines can work
├── ServiceError             the daemon cannot be made a service of this machine
├── AccessError              the page may not be shown to others like this
├── EncoderFailed            the encoder fails on every picture
├── OutputError              standard output cannot be written
├── InFlight                   equal bytes are being embedded: asked for again after that
└── Undecodable              a file is no photo that can be read; the reason is kept with it
    ├── Unstable             it changed while it was read: left for the next round
    └── Unreadable           it cannot be opened or read: tried again at each full scan
"""

from __future__ import annotations

from clipcore.messages import N_, Message, MessageError, MessageId


class IndexerError(MessageError):
    """Base of all errors of this package; its message is one line, meant for people."""


class LibraryError(IndexerError):
    """The library cannot be used."""


class LibraryNotFound(LibraryError):
    """There is no library at the place given."""


class LibraryMissing(LibraryError):
    """The library was removed, moved or replaced while it was open."""


class NotALibrary(LibraryError):
    """The database is damaged, or is no library's."""


class DamagedLibrary(NotALibrary):
    """Parts of the database cannot be read; the photos are not affected."""


class DamagedFile(LibraryError):
    """A small file beside the database is not as it was written, or cannot be read."""


class NewerLibrary(LibraryError):
    """The library was written by a newer version of this program."""


class LibraryBusy(LibraryError):
    """Another process is writing to the library."""


class DiskFull(LibraryError):
    """The library's disk has no room left."""


class DatabaseUnreachable(LibraryError):
    """The server of the library's database does not answer."""


class ModelMismatch(LibraryError):
    """The library was built with another model than the one asked for."""


class RootError(IndexerError):
    """A photo directory cannot be used as asked."""


class QueryError(IndexerError):
    """The query cannot be understood. `column` counts from 0; None: no single place is wrong."""

    def __init__(
        self,
        message: MessageId | Message,
        /,
        *,
        query: str = "",
        column: int | None = None,
        **fields: object,
    ) -> None:
        super().__init__(message, **fields)
        if column is not None:
            self.message = Message(
                N_("{problem} (column {column})"), problem=self.message, column=column + 1
            )
        self.args = (self.message,)
        self.query = query
        self.column = column


class FilterValueError(IndexerError):
    """A filter's value is none that it takes; the message names what it takes: "a date: 2019"."""


class Impossible(FilterValueError):
    """The value has the right form, but there is no such thing; the message says what is wrong."""


class PhotoNotFound(IndexerError):
    """No photo of the library has that number."""


class MissingFaiss(IndexerError):
    """Neither FAISS package is installed."""


class MissingPostgres(IndexerError):
    """The packages of the extra `postgres` are not installed."""


class MissingRay(IndexerError):
    """The package of the extra `ray` is not installed."""


class ClusterError(IndexerError):
    """The Ray cluster does not answer, or none of its machines can do the work."""


class ServiceError(IndexerError):
    """The daemon cannot be made a service of this machine."""


class AccessError(IndexerError):
    """The page may not be shown to other machines as asked, or its password is none."""


class EncoderFailed(IndexerError):
    """The encoder fails on a plain picture too: no photo is at fault."""


class OutputError(IndexerError):
    """Standard output cannot be written: its disk is full, or it is closed."""


class InFlight(IndexerError):
    """Another shard is embedding the same bytes; the file is asked for again after that."""


class Undecodable(IndexerError):
    """A file is no photo that can be read; its message is the reason, without its path."""


class Unstable(Undecodable):
    """The file changed while it was read: it is left for the next round."""


class Unreadable(Undecodable):
    """The file cannot be opened or read; permissions and disks change, its stat need not."""

"""A model hub on this machine, for tests of downloads."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What the local hub serves, how it misbehaves, and what it was asked."""

    url: str
    files: dict[str, bytes]
    break_after_bytes: int | None = None
    damaged: bool = False
    failing: bool = False
    names_by: str = "sha256"  # the digest of a file that its ETag is
    may_finish: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)

    def asked(self, method: str, name: str) -> list[str | None]:
        """The Range of each request of this kind."""
        return [range_ for m, n, range_ in self.requests if (m, n) == (method, name)]


class Handler(BaseHTTPRequestHandler):
    """The hub's resolve endpoint: size, etag and commit on HEAD, ranges on GET."""

    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_HEAD(self) -> None:
        self.answer(send_body=False)

    def do_GET(self) -> None:
        self.answer(send_body=True)

    def answer(self, send_body: bool) -> None:
        # /owner/repository/resolve/revision/name, where a name may lie in a folder
        name = unquote(self.path.partition("/resolve/")[2].partition("/")[2])
        self.hub.requests.append((self.command, name, self.headers.get("Range")))
        if self.hub.failing:
            self.respond(503, {"Content-Length": "0"})
            return
        content = self.hub.files.get(name)
        if content is None:
            self.respond(404, {"X-Error-Code": "EntryNotFound", "Content-Length": "0"})
            return
        start = int((self.headers.get("Range") or "bytes=0-").split("=")[1].split("-")[0])
        headers = {
            "Content-Length": str(len(content) - start),
            "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}",
            "ETag": f'"{hashlib.new(self.hub.names_by, content).hexdigest()}"',
        }
        self.respond(206 if start else 200, headers)
        if send_body:
            self.send(content[start:])

    def respond(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {**headers, "X-Repo-Commit": COMMIT}.items():
            self.send_header(key, value)
        self.end_headers()

    def send(self, body: bytes) -> None:
        stop, self.hub.break_after_bytes = self.hub.break_after_bytes, None
        if self.hub.damaged:
            body = body[:-1] + b"?"
        first = len(body) * 11 // 12  # more than a chunk of the client, of all but a small file
        self.wfile.write(body[: min(first, len(body) if stop is None else stop)])
        assert self.hub.may_finish.wait(60)
        self.wfile.write(body[first:stop])
        self.close_connection = stop is not None


@contextmanager
def hub_serving(files: Mapping[str, bytes]) -> Iterator[Hub]:
    """A hub of which every repository has these files."""
    handler = type("OwnHandler", (Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.hub = Hub(f"http://127.0.0.1:{server.server_port}", dict(files))
    handler.hub.may_finish.set()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield handler.hub
    finally:
        handler.hub.may_finish.set()
        server.shutdown()
        thread.join()
        server.server_close()

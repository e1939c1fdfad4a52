"""Attacks a page that asks for a login, as a stranger would: `python -m benchmarks.attack URL`.

Run it against a server of your own. Each attack says whether it was repelled. With --password it
measures what many visitors at once cost too, with --pid (of the process that serves the page) its
memory and open files.
"""

from __future__ import annotations

import argparse
import http.client
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.sync.client import ClientConnection, connect

WAIT_S: Final = 120
STRANGERS: Final = 60
VISITORS: Final = 30
QUERIES: Final = ("a dog on the beach", "snow in the mountains", "an old church", "a bear")
HIDDEN: Final = (  # from a stranger: routes of Streamlit, and what the page itself hands out
    *("_stcore/metrics", "_stcore/host-config", "_stcore/health", "_stcore/script-health-check"),
    *("_stcore/agent/openapi.json", "_stcore/agent/mcp", "_stcore/bidi-components/x/y"),
    *(
        "_stcore/upload_file/a/b",
        "media/x.jpg",
        "component/x/y",
        "app/static/main.py",
        "auth/login",
    ),
    *("static/js/index.js", "land.json", "files/x", "thumbnails/1/1/x", "docs", "openapi.json"),
    *("..%2f..%2fetc%2fpasswd", "static/..%2f..%2fmain.py", "library/_stcore/health"),
)
REFUSED: Final = (b"HTTP/1.1 400", b"HTTP/1.1 403", b"HTTP/1.1 404", b"HTTP/1.1 405")
TELLS: Final = ("streamlit", "uvicorn", "python", "starlette", "root:", "traceback", "/home/")


@dataclass(frozen=True, slots=True)
class Target:
    """The server."""

    host: str
    port: int

    @property
    def authority(self) -> str:
        """As in Host."""
        return f"{self.host}:{self.port}"

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> tuple[int, str]:
        """The status, and head and body in lower case; status 0 where the server hung up."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=WAIT_S)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, f"{answer.headers}{answer.read().decode('latin-1')}".lower()
        except OSError:  # it did not read on
            return 0, ""
        finally:
            connection.close()

    def stream(self, cookie: str = "", **more: str) -> ClientConnection:
        """The WebSocket of a page. Raises WebSocketException where it is refused."""
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        if cookie:
            headers["Cookie"] = cookie
        url = f"ws://{self.authority}/_stcore/stream"
        return connect(
            url,
            additional_headers=headers,
            open_timeout=WAIT_S,
            ping_interval=None,  # the server pings
            max_size=None,
            proxy=None,
        )

    def log_in(self, password: str, **headers: str) -> tuple[int, str]:
        """The status, and the cookie of the login, if it is one."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = urlencode({"password": password, "next": "/"})
        status, answer = self._login(body, {**form, **named})
        return status, answer

    def _login(self, body: str, headers: Mapping[str, str]) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=WAIT_S)
        try:
            connection.request("POST", "/login", body, dict(headers))
            answer = connection.getresponse()
            answer.read()
            return answer.status, (answer.headers["set-cookie"] or "").partition(";")[0]
        finally:
            connection.close()


def streams_without_a_login(target: Target) -> str:
    """A WebSocket, over which `clear_cache` would log everybody out."""
    for cookie in ("", "recollect_login=made-up", "recollect_login="):
        try:
            with target.stream(cookie) as stream:
                stream.send(BackMsg(clear_cache=True).SerializeToString())
                return "a WebSocket was opened without a login"
        except InvalidHandshake:
            continue
    return ""


def foreign_origins(target: Target) -> str:
    """Other sites, and other ports of this machine, send requests with a visitor's browser."""
    port = target.port
    origins = ["http://evil.example", f"http://evil.example:{port}", "null", "file://", ""]
    origins += [f"https://{target.authority}", f"http://{target.host}:{port + 1}"]
    origins += [f"http://{target.authority}.evil.example", f"http://{target.host}", "http://["]
    for origin in origins:
        status, _ = target.ask("GET", "/", {"Origin": origin, "Accept": "text/html"})
        if status != 403:
            return f"Origin {origin!r} is answered with {status}"
        try:
            with target.stream(Origin=origin):
                return f"Origin {origin!r} opens a WebSocket"
        except InvalidHandshake:
            continue
    return ""


def open_paths(target: Target) -> str:
    """Metrics, API descriptions, versions, paths and files."""
    for path in HIDDEN:
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"):
            status, answer = target.ask(method, f"/{path}")
            if status not in (0, 400, 401, 403, 404, 405):
                return f"{method} /{path} is answered with {status}"
            if found := [word for word in TELLS if word in answer]:
                return f"{method} /{path} tells {found}"
    return ""


def uploads(target: Target) -> str:
    """Files that no page asks for, and a form without an end."""
    big = bytes(20_000_000)
    for method, path in (("PUT", "/_stcore/upload_file/a/b"), ("POST", "/login"), ("POST", "/")):
        status, _ = target.ask(method, path, {"Content-Type": "text/plain"}, big)
        if status not in (0, 401, 404, 405, 413):
            return f"{method} {path} with 20 MB is answered with {status}"
    return ""


def guesses(target: Target) -> str:
    """Wrong passwords, each as if from another address. Leaves a wait behind."""
    statuses = [
        target.log_in(
            f"wrong {turn}", X_Forwarded_For=f"10.9.8.{turn}", Forwarded=f"for=1.1.1.{turn}"
        )
        for turn in range(6)
    ]
    looked_at = [status for status, _ in statuses if status != 429]
    return "" if len(looked_at) <= 1 else f"{len(looked_at)} of 6 wrong passwords were looked at"


def silence(target: Target) -> str:
    """Many connections that say nothing, or half a request."""
    with ExitStack() as held:
        for turn in range(200):
            silent = socket.create_connection((target.host, target.port), WAIT_S)
            held.callback(silent.close)
            if turn % 2:
                silent.sendall(b"GET / HTTP/1.1\r\nHost: ")
        status, _ = target.ask("GET", "/", {"Accept": "text/html"})
        return "" if status in (200, 401) else f"beside 200 silent connections: {status}"


def broken_off(target: Target) -> str:
    """Forms of which only a part comes. What the server logs of it is not seen from here."""
    for _ in range(20):
        with socket.create_connection((target.host, target.port), WAIT_S) as opened:
            opened.sendall(b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\npassw")
    status, _ = target.ask("GET", "/", {"Accept": "text/html"})
    return "" if status in (200, 401) else f"after 20 forms that were broken off: {status}"


def malformed(target: Target) -> str:
    """Requests that are none, or that have very long heads."""
    for data in (
        b"\x16\x03\x01\x00\xa5\x01\x00\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    ):
        answer = _raw(target, data)
        if answer and not answer.startswith(REFUSED):
            return f"{data[:40]!r} is answered with {answer[:40]!r}"
        if any(word.encode() in answer.lower() for word in TELLS):
            return f"{data[:40]!r} is answered with {answer!r}"
    return ""


def _raw(target: Target, data: bytes) -> bytes:
    with socket.create_connection((target.host, target.port), WAIT_S) as opened:
        try:
            opened.sendall(data)
            return opened.recv(65_536)
        except OSError:
            return b""


ATTACKS: Final[Mapping[str, Callable[[Target], str]]] = {
    attack.__name__.replace("_", " "): attack
    for attack in (
        streams_without_a_login,
        foreign_origins,
        open_paths,
        uploads,
        silence,
        broken_off,
        malformed,
        guesses,  # last: one waits afterwards
    )
}


def run_query(stream: ClientConnection, query: str) -> float:
    """Search on an open page; the seconds until it is drawn."""
    message = BackMsg()
    message.rerun_script.query_string = f"q={quote(query)}"
    started_s = time.monotonic()
    stream.send(message.SerializeToString())
    while True:
        answer = ForwardMsg.FromString(stream.recv(timeout=WAIT_S))
        if answer.WhichOneof("type") == "script_finished":
            return time.monotonic() - started_s


@contextmanager
def pages(target: Target, cookie: str, count: int) -> Iterator[list[ClientConnection]]:
    """So many open pages."""
    with ExitStack() as opened:
        yield [opened.enter_context(target.stream(cookie)) for _ in range(count)]


def at_once(target: Target, cookie: str, count: int) -> list[float]:
    """Each of so many visitors searches at the same time: the seconds that each waits."""
    with pages(target, cookie, count) as streams, ThreadPoolExecutor(count) as pool:
        queries = [QUERIES[at % len(QUERIES)] for at in range(count)]
        return sorted(pool.map(run_query, streams, queries))


def strangers(target: Target, count: int, probe: Callable[[], str]) -> str:
    """Memory and files while so many hold a connection and never log in."""
    with ExitStack() as held:
        for _ in range(count):
            try:
                held.enter_context(target.stream())
            except WebSocketException:
                connection = http.client.HTTPConnection(target.host, target.port, timeout=WAIT_S)
                connection.request("GET", "/", headers={"Accept": "text/html"})
                connection.getresponse().read()
                held.callback(connection.close)
        return probe()


def usage(pid: int | None) -> Callable[[], str]:
    """Says what the process takes."""
    if pid is None:
        return lambda: "-"
    process = psutil.Process(pid)
    return lambda: f"{process.memory_info().rss / 1e6:.0f} MB, {process.num_fds()} open files"


def measure(target: Target, password: str, pid: int | None, minutes: float) -> None:
    """Print what visitors cost."""
    probe = usage(pid)
    _, cookie = target.log_in(password)
    print(f"{'at rest':48}{probe()}")
    print(f"{f'{STRANGERS} visitors who never log in':48}{strangers(target, STRANGERS, probe)}")
    at_once(target, cookie, 1)
    print(f"{'after one search':48}{probe()}")
    waits = at_once(target, cookie, VISITORS)
    p95 = waits[int(0.95 * (len(waits) - 1))]
    label = f"{VISITORS} search at once"
    print(f"{label:48}p50 {statistics.median(waits):.2f} s, p95 {p95:.2f} s, {probe()}")
    until_s, searches = time.monotonic() + 60 * minutes, 0
    with pages(target, cookie, 4) as streams:
        while time.monotonic() < until_s:
            run_query(streams[searches % 4], QUERIES[searches % len(QUERIES)] + f" {searches}")
            searches += 1
    print(f"{f'{searches} searches within {minutes:g} minutes':48}{probe()}")


def main() -> None:
    """Attack, and say what was repelled; exit code 1 where something was not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--password")
    parser.add_argument("--pid", type=int)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    asked = parser.parse_args()
    if asked.quick:
        asked.minutes = 0.05
    url = urlsplit(asked.url)
    target = Target(url.hostname or "127.0.0.1", url.port or 80)
    if asked.password:
        measure(target, asked.password, asked.pid, asked.minutes)
    results = {name: attack(target) for name, attack in ATTACKS.items()}
    for name, result in results.items():
        print(f"{name:48}{result or 'repelled'}")
    sys.exit(any(results.values()))


if __name__ == "__main__":
    main()

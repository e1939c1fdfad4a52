"""One file of a hub repository -> the hub's cache on disk, through `huggingface_hub`.

Other programs share that cache. `HF_ENDPOINT` (a mirror), `HF_HUB_OFFLINE` and `HF_HUB_CACHE` are
honoured. Knows nothing of models.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from filelock import FileLock

from clipcore.checkpoints.lockfile import sha256
from clipcore.errors import CheckpointDamaged, DownloadError
from clipcore.messages import N_, Message

Progress = Callable[[int, int], None]  # bytes here, bytes in all

SHA256_DIGITS = 64
ANSWER_WITHIN_S = 10.0


@dataclass(frozen=True)
class Shelf:
    """The place of one repository in a cache directory. `revision` None: its newest."""

    repo: str
    revision: str | None
    directory: Path

    def find(self, name: str) -> Path | None:
        """A file if it is in the cache; asks no network."""
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(
            self.repo, name, cache_dir=self.directory, revision=self.revision
        )
        return Path(found) if isinstance(found, str) else None

    def fetch(self, name: str, progress: Progress | None = None) -> Path | None:
        """A file, downloaded if need be; None if the repository has no such file."""
        from huggingface_hub import constants, hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

        try:
            if not constants.HF_HUB_OFFLINE:
                with _without_bars() if progress else nullcontext():
                    self._fetch_bytes(name, progress)
            path = hf_hub_download(
                self.repo, name, revision=self.revision, cache_dir=self.directory
            )
        except LocalEntryNotFoundError:  # the network's fault, not the repository's word
            raise
        except EntryNotFoundError:
            return None
        return Path(path)

    def _fetch_bytes(self, name: str, progress: Progress | None) -> None:
        """Puts a file's bytes where `hf_hub_download` looks for them.

        By itself it starts a file again after its process was killed; here the part that came is
        kept under the hub's etag and continued.
        """
        from huggingface_hub import get_hf_file_metadata, hf_hub_url
        from huggingface_hub.file_download import http_get

        url = hf_hub_url(self.repo, name, revision=self.revision)
        meta = get_hf_file_metadata(url, timeout=ANSWER_WITHIN_S)
        blob = self._blob(str(meta.etag))
        part = blob.with_name(f"{blob.name}.part")
        lock = self.directory / ".locks" / self._folder() / f"{part.name}.lock"
        for place in (part.parent, lock.parent):
            place.mkdir(parents=True, exist_ok=True)
        with FileLock(lock):
            if blob.exists():
                return
            with _Reporting(part, "ab", meta.size or 0, progress) as file:
                http_get(
                    meta.location,
                    cast("io.BufferedWriter", file),
                    resume_size=file.tell(),
                    expected_size=meta.size,
                    displayed_filename=name,
                )
            _check_etag(part, blob.name, name)
            part.rename(blob)

    def _blob(self, etag: str) -> Path:
        return self.directory / self._folder() / "blobs" / etag

    def _folder(self) -> str:
        from huggingface_hub.file_download import repo_folder_name

        return str(repo_folder_name(repo_id=self.repo, repo_type="model"))


def cache_directory() -> Path:
    """Where the hub's client keeps files: HF_HUB_CACHE, or under HF_HOME."""
    from huggingface_hub import constants  # half a second to import

    return Path(constants.HF_HUB_CACHE)


class _Reporting(io.FileIO):
    """A file that tells how far it is written."""

    def __init__(self, path: Path, mode: str, total: int, progress: Progress | None) -> None:
        super().__init__(path, mode)
        self._total, self._progress = total, progress

    def write(self, data: Any, /) -> int:
        written = super().write(data)
        if self._progress:
            self._progress(self.tell(), self._total)
        return written


def _check_etag(part: Path, etag: str, name: str) -> None:
    """The hub names large files by their sha256; one that is not its name is thrown away."""
    if len(etag) != SHA256_DIGITS:
        return
    found = sha256(part)
    if found != etag:
        part.unlink()  # or it would be continued for ever
        raise CheckpointDamaged(
            N_(
                "{name} arrived damaged and was deleted: its sha256 was {found}, the hub "
                "says {expected}; try again"
            ),
            name=name,
            found=found,
            expected=etag,
        )


@contextmanager
def errors_told(model: str, repo: str) -> Iterator[None]:
    """Tells what the hub's client says in this package's words."""
    from huggingface_hub import constants

    try:
        yield
    except (OSError, RuntimeError, ValueError, _http_error()) as error:
        why: str | Message = (str(error).strip() or type(error).__name__).splitlines()[0]
        if constants.HF_HUB_OFFLINE:
            why = Message(N_("HF_HUB_OFFLINE forbids asking the hub; {why}"), why=why)
        raise DownloadError(
            N_(
                "{model} is not in the cache and could not be fetched from {hub}/{repo}: "
                "{why}. With a network: `indexer models pull {model}` goes on where it stopped"
            ),
            model=model,
            hub=constants.ENDPOINT,
            repo=repo,
            why=why,
        ) from error


def _http_error() -> type[Exception]:
    """The base of all errors of the HTTP client that the hub's client uses."""
    from huggingface_hub.errors import HfHubHTTPError

    bases = (base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError")
    return cast("type[Exception]", next(bases, HfHubHTTPError))


@contextmanager
def _without_bars() -> Iterator[None]:
    """No bar of the hub's client while a caller shows progress of its own."""
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    before = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not before:
            enable_progress_bars()


def reachable(repo: str, name: str, timeout_s: float) -> bool:
    """Whether the hub answers within `timeout_s`, the name look-up included."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    answered = threading.Event()
    url = f"{constants.ENDPOINT}/{repo}/resolve/main/{name}"
    # A look-up of a name has no time-out of its own, so it is left behind in a thread.
    thread = threading.Thread(target=_ask, args=(url, timeout_s, answered), daemon=True)
    thread.start()
    thread.join(timeout_s)
    return answered.is_set()


def _ask(url: str, timeout_s: float, answered: threading.Event) -> None:
    import urllib.error  # only a new library asks
    import urllib.request

    request = urllib.request.Request(url, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=timeout_s):
            answered.set()
    except urllib.error.HTTPError as error:
        if error.code < 500:  # it is there, and has an opinion
            answered.set()
    except (OSError, ValueError):
        return

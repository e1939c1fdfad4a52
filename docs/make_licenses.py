"""Lists what an installed Recollect depends on, with versions and licences: `make licenses`.

Follows the requirements of recollect-photos and of the extras that people install, as far as they
are installed here. Ends with 1 if a package names no licence.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT: Final = "recollect-photos"
FOR_DEVELOPERS: Final = {"dev", "docs", "release"}
UNKNOWN: Final = "unknown"
# texts that stand where a name should
LONG: Final = 60


def dependencies(project: str = PROJECT) -> list[Distribution]:
    """All that is installed of it, by name."""
    found: dict[str, Distribution] = {}
    top = distribution(project)
    extras = set(top.metadata.get_all("Provides-Extra") or ()) - FOR_DEVELOPERS
    waiting = [(project, frozenset(extras))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:  # of an extra that is not installed
            continue
        waiting += _required(found[name], wanted)
    del found[project]
    return [found[name] for name in sorted(found)]


def _required(one: Distribution, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    for text in one.requires or ():
        needed = Requirement(text)
        environments = [{"extra": extra} for extra in ("", *extras)]
        if needed.marker is None or any(map(needed.marker.evaluate, environments)):
            yield canonicalize_name(needed.name), frozenset(needed.extras)


def licence(one: Distribution) -> str:
    """As its metadata name it: an expression, a short text, classifiers; else its file's head."""
    data = one.metadata
    named = [data[key] for key in ("License-Expression", "License") if key in data]
    text = (named or [""])[0].strip()
    if text and len(text) <= LONG and "\n" not in text and text != "UNKNOWN":
        return text
    classifiers = data.get_all("Classifier") or ()
    names = [line.split(" :: ")[-1] for line in classifiers if "License" in line]
    return ", ".join(names) or _head_of_file(one) or UNKNOWN


def _head_of_file(one: Distribution) -> str:
    for file in one.files or ():
        if file.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")):
            return file.read_text().strip().partition("\n")[0]
    return ""


def main() -> int:
    """Print a line a package."""
    lines = [(one.name, one.version, licence(one)) for one in dependencies()]
    for name, version, text in lines:
        print(f"{name:34} {version:20} {text}")
    return 1 if any(text == UNKNOWN for _, _, text in lines) else 0


if __name__ == "__main__":
    sys.exit(main())

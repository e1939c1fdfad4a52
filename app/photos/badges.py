"""What a photo of several files is, in a word or two: for its badge, and the list of its files."""

from __future__ import annotations

from collections.abc import Sequence

from app.i18n.language import _
from indexer.clock import clock_text
from indexer.formats import RAWS
from indexer.records.photos import Facts, Item, Photo


def badges(item: Item) -> list[str]:
    """The marks of a photo in the grid: RAW, Live; of a video how long it is."""
    others = [other.facts for other in item.others]
    duration_s = item.photo.facts.duration_s
    length = [] if duration_s is None else [f"▶ {clock_text(duration_s)}"]
    marks = {"RAW": any(map(_is_raw, others)), _("Live"): any(facts.is_film for facts in others)}
    return [*length, *(mark for mark, is_there in marks.items() if is_there)]


def kind(file: Photo, files: Sequence[Photo]) -> str:
    """What a file is among the files of a photo: its format, and that it is the film."""
    if file.facts.is_film and len(files) > 1:
        return _("Live Photo, {format}").format(format=file.facts.format)
    return f"RAW, {file.facts.format}" if _is_raw(file.facts) else file.facts.format


def _is_raw(facts: Facts) -> bool:
    return facts.format in RAWS

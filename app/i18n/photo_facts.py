"""Facts of a photo in words: labels and values for people, in their language."""

from __future__ import annotations

from datetime import datetime, time

from app.i18n.language import (
    _,
    day,
    ngettext,
    number,
    percent,
    percent_to_tenth,
    place_name,
    translated,
)
from indexer.clock import clock_text
from indexer.query.cities import city_at
from indexer.records.photos import Facts, Photo
from indexer.records.results import Hit


def facts_of(photo: Photo, hit: Hit | None = None) -> list[tuple[str, str]]:
    """(label, value) of everything known of the photo, and of its match where there is one."""
    facts = photo.facts
    rows = [
        (_("Taken"), taken(facts)),
        (_("Camera"), facts.camera),
        (_("Lens"), facts.lens),
        (_("Exposure"), exposure(facts)),
        (_("Size"), f"{facts.width_px} × {facts.height_px} px · {file_size(photo.size_bytes)}"),
        (_("Format"), facts.format),
        (_("Duration"), facts.duration_s and clock_text(facts.duration_s)),
        (_("Place"), place(facts)),
        (_("Match"), match(hit) if hit else None),
        (_("Moment"), moment(hit) if hit else None),
        (_("File"), str(photo.path)),
        (_("Missing"), since(photo.missing_since) if photo.missing_since else None),
        (_("Warning"), translated(facts.notice) if facts.notice else None),
    ]
    return [(label, value) for label, value in rows if value]


def match(hit: Hit) -> str | None:
    """The strength of the match with the query, if there is one."""
    if hit.score is None or hit.logit is None:
        return None
    text = _("cosine {score} · logit {logit}").format(
        score=f"{hit.score:.3f}", logit=f"{hit.logit:.2f}"
    )
    if hit.probability is not None:
        share = percent_to_tenth(hit.probability)
        text = f"{text} · {_('probability {share}').format(share=share)}"
    if hit.strength is None:
        return text
    return f"{_('strength {share}').format(share=percent(hit.strength))} · {text}"


def moment(hit: Hit) -> str | None:
    """Where a video matches: 1:23, or 1:23 (1:20 to 1:31)."""
    if hit.moment_s is None:
        return None
    best = clock_text(hit.moment_s)
    if hit.range_s is None:
        return best
    first, last = map(clock_text, hit.range_s)
    return _("{moment} ({first} to {last})").format(moment=best, first=first, last=last)


def description(photo: Photo) -> str:
    """The file's name, and the day where one is known: what a screen reader says of the photo.

    Of a video that it is one, and how long.
    """
    text = photo.path.name
    if photo.facts.taken_at is not None:
        text = f"{text}, {day(photo.facts.taken_at)}"
    if photo.facts.duration_s is None:
        return text
    length = clock_text(photo.facts.duration_s)
    return _("{photo}, video of {length}").format(photo=text, length=length)


def since(moment: datetime) -> str:
    """since 6 May 2018."""
    return _("since {day}").format(day=day(moment))


def taken(facts: Facts) -> str | None:
    """6 May 2018, 14:03:22 (UTC+02:00); without the offset where the EXIF has none.

    The day alone at midnight, which stands for a time that is not known.
    """
    if facts.taken_at is None:
        return None
    if facts.taken_at.time() == time.min:
        return day(facts.taken_at)
    text = f"{day(facts.taken_at)}, {facts.taken_at:%H:%M:%S}"
    minutes = facts.taken_offset_min
    if minutes is None:
        return text
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"{text} (UTC{sign}{hours:02}:{rest:02})"


def exposure(facts: Facts) -> str | None:
    """1/250 s · f/2.8 · ISO 200 · 35 mm; what is not known is left out."""
    text = [
        f"{shutter(facts.exposure_s)} s" if facts.exposure_s else "",
        f"f/{facts.f_number:g}" if facts.f_number else "",
        f"ISO {facts.iso}" if facts.iso else "",
        f"{facts.focal_mm:g} mm" if facts.focal_mm else "",
    ]
    return " · ".join(filter(None, text)) or None


def shutter(seconds: float) -> str:
    """1/250 for the times that cameras give as fractions, else 0.5 or 30."""
    return f"1/{1 / seconds:.0f}" if seconds <= 0.3 else f"{seconds:.3g}"


def place(facts: Facts) -> str | None:
    """Paris, France · 48.85837° N, 2.29448° E; without the city where none is around."""
    if facts.latitude_deg is None or facts.longitude_deg is None:
        return None
    north = "S" if facts.latitude_deg < 0 else "N"
    east = "W" if facts.longitude_deg < 0 else "E"
    point = f"{abs(facts.latitude_deg):.5f}° {north}, {abs(facts.longitude_deg):.5f}° {east}"
    city = city_at(facts.latitude_deg, facts.longitude_deg)
    return f"{place_name(city)} · {point}" if city else point


def file_size(size_bytes: int) -> str:
    """842 bytes, 31 kB, 4.2 MB or 1.7 GB."""
    if size_bytes < 1000:
        return ngettext("{count} byte", "{count} bytes", size_bytes)
    if (kilobytes := round(size_bytes / 1000)) < 1000:
        return f"{kilobytes} kB"
    if (megabytes := round(size_bytes / 1e6, 1)) < 1000:
        return f"{number(megabytes)} MB"
    return f"{number(round(size_bytes / 1e9, 1))} GB"

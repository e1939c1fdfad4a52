"""The query language in a few lines, for the command line's --help; the README says more."""

from __future__ import annotations

from typing import Final

ROWS: Final = (
    ("two parrots on a branch", "photos that show this"),
    ("horse + stripes - 0.5:people", "parts added, subtracted, weighted"),
    ("./pool.jpg  #1234", "photos like this file, like that photo"),
    ("IMG_0720.jpg  name:0720", "the file's name, a part of it"),
    ("after:2019-06 before:yesterday", "from a day on, before a day"),
    ("year:2018..2020  month:11..2", "years, months; also month:august"),
    ('folder:"Italy 2019"', "in a folder with this in its path"),
    ("camera:nikon,canon  lens:50mm", "one of these is in the EXIF name"),
    ("ext:heic  shape:portrait", "also landscape, square, panorama"),
    ("larger:8mp", "at least so many megapixels"),
    ("near:paris  near:48.8,2.3,5km", "taken there; near:paris,20km"),
    ("has:gps", "also date, camera, lens"),
    ("-folder:screenshots", "a minus turns any filter round"),
    ("sort:date", "the newest first"),
)
WIDTH: Final = max(len(typed) for typed, _meaning in ROWS)
TABLE: Final = "\n".join(f"{typed:{WIDTH}}  {meaning}" for typed, meaning in ROWS)
HELP: Final = (
    "Find the photos that match a sentence best.\n\n"
    "Several words are one query. Commas stand between alternatives, dots between the ends of a "
    "range. The shell takes quotes away: put a query with quotes in single ones.\n\n"
    f"\b\n{TABLE}"
)

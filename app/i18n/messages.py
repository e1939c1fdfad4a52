"""What the indexer says, in the visitor's language: its sentences, with what fills their fields.

The indexer speaks English, to logs and scripts too. A sentence that is not listed here, and what
other programs say in it, is shown as it was said.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from app.i18n.language import N_, _

SENTENCES: Final = (
    # the query
    N_("{problem} (column {column})"),
    N_("there is no filter {name}: there are {names} and sort; words with a colon go in quotes"),
    N_("'{filter}:' takes {what}"),
    N_("a date: 2019, 2019-06, 2019-06-30, yesterday, monday, june, last-week or 3-days-ago"),
    N_("a year from {first} to {last}, or years: 2018..2020"),
    N_("a month from 1 to 12 or its name, or months: 6..8"),
    N_("a value on each side of a comma"),
    N_("a name, without a space before it"),
    N_("one of {choices}"),
    N_("megapixels: larger:8mp"),
    N_(
        "a town, or latitude and longitude with a distance: "
        'near:paris, near:"new york",20km, near:48.858,2.294,5km'
    ),
    N_("the calendar has no {day}"),
    N_("a year is from {first} to {last}, not {other}"),
    N_("a month is from 1 to 12, not {other}"),
    N_("{span} runs backwards: {turned}"),
    N_(
        "no town is called {name}: a larger one nearby may be known, and "
        "near:48.858,2.294,5km takes any place"
    ),
    N_("a distance is more than 0 and at most {most} km, not {other}"),
    N_("latitude and longitude need a distance: near:{place},5km"),
    N_("a latitude is from -90 to 90, not {other}"),
    N_("a longitude is from -180 to 180, not {other}"),
    N_("no photo can pass both {one} and {other}: {either} finds those of either"),
    N_("no photo can pass both {one} and {other}"),
    N_("date: sort:date"),
    N_("there is nothing between the quotes"),
    N_("a weight is more than 0 and at most {most}"),
    N_("no photo has such a number"),
    N_("this quote is never closed"),
    N_("nothing follows to which this belongs"),
    N_("the query is empty: type what the photo shows"),
    N_("the parts of the query cancel each other out"),
    N_("the library has no photo with the number {number}"),
    N_("there is no photo file {path}"),
    N_("{path} is no photo that can be read: {why}"),
    N_("the picture has more than {count} MB"),
    N_("the picture has more than {count} megapixels"),
    N_("the picture cannot be read: {why}"),
    N_("this machine has too little free memory to read the picture"),
    N_("many pictures are being read just now: give it again in a minute"),
    N_("the library has gone over to another model: give the picture again"),
    # files and folders
    N_("the file is empty"),
    N_("the file changed while it was read"),
    N_("the file went away while it was read"),
    N_("the image has no pixels"),
    N_("not an image of a known format"),
    N_("too large for this machine's memory"),
    N_("{width} x {height} pixels are more than the limit of {limit} million"),
    N_("its name is not valid UTF-8: rename the file"),
    N_("damaged: {why}"),
    N_("a TIFF compressed with {method}, which Pillow cannot read: save it with another"),
    N_(
        "a TIFF with {kind}, which Pillow cannot read: save it as 8 or 16 bits, grey or RGB",
    ),
    N_("a JPEG with {kind}, which Pillow cannot read: convert it to PNG"),
    N_("a BMP with {kind}, which Pillow cannot read: convert it to PNG"),
    N_("a file of the format {format}: convert it to JPEG or PNG"),
    N_("a film, not a picture"),
    N_("an AVIF photo: pip install --upgrade pillow"),
    N_("the file lacks its end marker; all its pixels are there"),
    N_(
        "parts of the file that the picture can do without are damaged or too large, and were "
        "ignored: {parts}"
    ),
    N_("cannot be read: {why}"),
    N_("cannot be scaled for the encoder: {why}"),
    N_("the encoder failed: {why}"),
    N_("its thumbnail cannot be written: {why}"),
    N_("cannot be looked up: {why}"),
    N_("cannot be recorded: {why}"),
    N_("cannot be scanned: {why}"),
    N_("{path} looks unmounted: {kept}; if they are gone for good: indexer rebuild --accept-gone"),
    N_("{path}: the folder {folder} cannot be read, its photos kept"),
    N_("{path}: {count} folders cannot be read, their photos kept: {names}"),
    N_("{names} and {count} more"),
    N_("{path} cannot be read ({why}): {kept}"),
    N_("1 photo kept"),
    N_("{count} photos kept"),
    N_("{path} cannot be read ({why})"),
    N_("{path} is no directory that can be seen"),
    N_("{path} is the library itself: it holds no photos of yours"),
    N_("{path} is a library: the pictures in it are thumbnails"),
    N_("{path}: its name is not valid UTF-8: rename it"),
    N_("the query is not valid UTF-8: type it in this terminal's encoding"),
    N_("{path} belongs to {root}: say there what to leave out"),
    N_("the pattern {pattern} cannot be understood"),
    N_("the pattern {pattern} excludes nothing"),
    # the library, its index and its daemon
    N_("there is no library at {path}: make one with 'indexer rebuild DIR'"),
    N_("there is no library at {path}: make one with 'indexer rebuild DIR --library URL'"),
    N_(
        "the database {path} cannot be reached: {why}. "
        "The server must run and have that database: createdb {name}"
    ),
    N_("{path} is not the database of a library"),
    N_("{path} is damaged or no database: {why}"),
    N_(
        "the database {path} is damaged ({why}). Your photos are untouched: move this file away, "
        "and 'indexer rebuild DIR' with your photo directories makes the library again"
    ),
    N_("{path} cannot be opened: {why}"),
    N_("no room for {what}: its disk, or your share of it, is full"),
    N_("asked for"),
    N_("up to {limit} vectors all of them are compared"),
    N_("more than {limit} vectors: compared as bytes, {why}"),
    N_("more than {limit} vectors: {kind}, {why}"),
    N_("pgvector's HNSW: {why}"),
    N_("candidates are scored with the stored vectors"),
    N_("for now: the library has outgrown it, a rebuild makes it approximate"),
    N_("starting"),
    N_("loading the model"),
    N_("scanning all folders"),
    N_("scanning {folder}"),
    N_("removing {folder}"),
    N_("checking what changed"),
    N_("indexing photos"),
    N_("pausing"),
    N_("resuming"),
    N_("embedding all photos with the other model"),
    N_("waiting for room on the disk"),
    N_("waiting for the database"),
    N_("drawing the atlas"),
    N_("comparing photos that look alike"),
    N_("paused while the machine runs on battery"),
    # models
    N_(
        "{model} is not in the cache and could not be fetched from {hub}/{repo}: {offline}{why}. "
        "With a network: `indexer models pull {again}`; what came so far is kept"
    ),
    N_(
        "{name} came damaged and was thrown away: its sha256 was {found}, the hub says "
        "{expected}; try again"
    ),
)


def said(words: object) -> str:
    """An error, or another sentence of the indexer, in the visitor's language."""
    text = str(words)
    for sentence in SENTENCES:
        if match := pattern(sentence).fullmatch(text):
            fields = {name: said(value) for name, value in match.groupdict().items()}
            return _(sentence).format(**fields)
    return text


@cache
def pattern(sentence: str) -> re.Pattern[str]:
    """What matches this sentence, whatever its fields hold."""
    parts = re.split(r"\{(\w+)\}", sentence)
    texts, names = map(re.escape, parts[::2]), [f"(?P<{name}>.+)" for name in parts[1::2]]
    between = [*names, ""]
    return re.compile("".join(f"{text}{name}" for text, name in zip(texts, between, strict=True)))

"""Plus and minus are the sum of weighted unit vectors, scaled to length one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from indexer.errors import PhotoNotFound, QueryError
from indexer.imaging.memory_budget import free_bytes, room_on_demand
from indexer.library.library import Library, open_library
from indexer.location import location
from indexer.query.query import LibraryPhoto, PhotoFile, Picture, Query, Term, Text, parse
from indexer.search import query_vector
from indexer.search.query_vector import Composer
from tests.conftest import DATABASES, place_on
from tests.depth import at_depth
from tests.fakes import ColourEncoder
from tests.photos import make_photo, photo_bytes
from tests.stores import store_of

COLOURS = ("red", "green", "blue", "yellow")


class CountingEncoder(ColourEncoder):
    """Counts the texts that it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def embed_texts(self, texts):  # type: ignore[no-untyped-def]
        self.texts += texts
        return super().embed_texts(texts)


@pytest.fixture(scope="module")
def encoder() -> CountingEncoder:
    return CountingEncoder()


@pytest.fixture(scope="module", params=DATABASES)
def library(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    encoder: CountingEncoder,
) -> Iterator[Library]:
    directory = tmp_path_factory.mktemp("compose")
    for colour in COLOURS:
        make_photo(directory / "photos" / f"{colour}.png", colour)
    with place_on(request, directory) as place:
        opened = open_library(place, create=True, open_encoder=lambda _: encoder)
        opened.add_root(directory / "photos")
        with opened.writing():
            opened.rebuild()
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def composer(library: Library, encoder: CountingEncoder) -> Iterator[Composer]:
    with store_of(library) as store:
        yield Composer(encoder, store)


weights = st.floats(0.01, 1000) | st.floats(-1000, -0.01)


@given(st.lists(st.tuples(st.sampled_from(COLOURS), weights), min_size=1, max_size=5))
def test_terms_are_added_up(composer: Composer, parts: list[tuple[str, float]]) -> None:
    units = {colour: ColourEncoder().embed_texts([colour])[0].astype(float) for colour in COLOURS}
    total = sum(weight * units[colour] for colour, weight in parts)
    length = float(np.linalg.norm(total))
    if length > 0.01 * sum(abs(weight) for _, weight in parts):
        vector = composer.vector(Term(Text(colour), weight) for colour, weight in parts)
        np.testing.assert_allclose(vector, total / length, atol=1e-4)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_terms_that_cancel_out_are_refused(composer: Composer) -> None:
    with pytest.raises(QueryError, match="cancel"):
        composer.vector(parse("red - red").terms)


def test_photo_of_the_library_is_its_stored_vector(
    composer: Composer, library: Library, encoder: CountingEncoder
) -> None:
    photo = library.search("red", 1).hits[0].photo
    before = encoder.embedded
    vector = composer.vector([Term(LibraryPhoto(photo.id))])
    assert encoder.embedded == before
    (text,) = encoder.embed_texts(["red"])
    np.testing.assert_allclose(vector, text, atol=0.02)
    assert photo not in [hit.photo for hit in library.search(f"#{photo.id}").hits]


def test_photo_file_is_decoded_upright_and_embedded(library: Library, tmp_path: Path) -> None:
    make_photo(tmp_path / "my blue.png", "blue", seed=9)
    assert library.search(f'"{tmp_path}/my blue.png"', 1).hits[0].photo.path.name == "blue.png"


def test_text_is_embedded_once(composer: Composer, encoder: CountingEncoder) -> None:
    before = encoder.texts.count("orchid")
    composer.vector(parse("orchid").terms)
    composer.vector(parse("2:orchid + red").terms)
    assert encoder.texts.count("orchid") == before + 1


def test_number_that_no_photo_has_is_refused(composer: Composer) -> None:
    with pytest.raises(PhotoNotFound, match="999"):
        composer.vector([Term(LibraryPhoto(999))])


def test_file_that_is_no_photo_is_refused(composer: Composer, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no photo")
    Image.new("RGB", (9, 9)).save(tmp_path / "half.png")
    half = (tmp_path / "half.png").read_bytes()
    (tmp_path / "half.png").write_bytes(half[: len(half) // 2])
    for name in ("text.jpg", "half.png", "absent.jpg", "."):
        with pytest.raises(QueryError, match="photo"):
            composer.vector([Term(PhotoFile(f"{tmp_path}/{name}"))])


def test_given_picture_is_searched_by_beside_words(library: Library) -> None:
    picture, thumbnail = library.given_picture(photo_bytes("blue", seed=7))
    assert thumbnail.startswith(b"\xff\xd8")  # JPEG
    exclusive = Query((Term(picture),))
    assert library.search(exclusive, 1).hits[0].photo.path.name == "blue.png"
    without = Query((Term(picture), *parse("yellow + yellow - blue").terms))
    assert library.search(without, 1).hits[0].photo.path.name == "yellow.png"


def test_picture_that_cannot_be_taken_is_refused(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = photo_bytes("blue")
    for data in (b"", b"no picture", whole[: len(whole) // 2]):
        with pytest.raises(QueryError, match="cannot be read"):
            library.given_picture(data)
    monkeypatch.setattr(query_vector, "GIVEN_PIXELS", 64 * 48 - 1)
    with pytest.raises(QueryError, match="megapixels"):
        library.given_picture(whole)
    monkeypatch.setattr(query_vector, "GIVEN_BYTES", len(whole) - 1)
    with pytest.raises(QueryError, match="MB"):
        library.given_picture(whole)


def test_given_pictures_are_read_within_the_memory_there_is(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = photo_bytes("blue")
    monkeypatch.setattr(query_vector, "WAITING", 0)
    with room_on_demand().of(free_bytes()), pytest.raises(QueryError, match="in a minute"):
        library.given_picture(whole)
    library.given_picture(whole)
    monkeypatch.setattr(query_vector, "free_bytes", lambda: 64 * 48)
    with pytest.raises(QueryError, match="too little free memory"):
        library.given_picture(whole)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["RGBA", "I;16", *at_depth("LA", "RGB", "P")])
def test_reading_a_picture_takes_no_more_memory_than_estimated(mode: str) -> None:
    """In a process of its own: only there the peak is that of this picture."""
    code = (
        "import io, resource\n"
        "from PIL import Image\n"
        "from indexer.imaging.decode import decode, decoded_bytes\n"
        "file = io.BytesIO()\n"
        f"Image.new({mode!r}, (4000, 3000)).save(file, 'PNG')\n"
        "peak = lambda: 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "decode(file.getvalue(), 224)\n"
        "print(peak() - before, decoded_bytes(file.getvalue()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    taken, estimated = map(int, done.stdout.split())
    assert taken <= estimated


def test_picture_seen_by_another_model_is_not_compared(composer: Composer) -> None:
    with pytest.raises(QueryError, match="another model"):
        composer.vector([Term(Picture("other-1", (1.0,) * 12))])


def test_a_photo_behind_a_url_is_one_of_the_library_or_a_file_there(
    tmp_path: Path, encoder: CountingEncoder
) -> None:
    make_photo(tmp_path / "photos" / "my red.png", "red")
    make_photo(tmp_path / "elsewhere" / "green.png", "green")
    library = open_library(tmp_path / "library", create=True, open_encoder=lambda _: encoder)
    library.add_root(location(f"file://{tmp_path}/photos"))
    with library.writing():
        library.rebuild()
    url = str(library.search("red").hits[0].photo.path)
    assert url.endswith("/photos/my red.png")
    (tmp_path / "photos" / "my red.png").unlink()  # what is known is not fetched
    assert library.search(f'"{url}"').verdict == "confident"
    elsewhere = f"file://{tmp_path}/elsewhere"
    with store_of(library) as store:
        vector = Composer(encoder, store).vector([Term(PhotoFile(f"{elsewhere}/green.png"))])
    assert vector @ encoder.embed_texts(["green"])[0] > 0.9
    for nothing in (f"{elsewhere}/none.png", f"{tmp_path}/none.png"):
        with pytest.raises(QueryError, match=r"there is no photo file .*none\.png"):
            library.search(nothing)
    library.close()

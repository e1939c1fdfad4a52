"""The login, as a visitor from another machine meets it: a real server, a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from app.auth.admission import COOKIE
from indexer.environment import PASSWORD
from indexer.serving.access import Access
from tests.app.chromium import WAIT_MS
from tests.app.serving import served
from tests.command_processes import indexer_process
from tests.conftest import SAMPLE
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RIGHT = "correct horse"
OF_THE_LIBRARY = ("IMG_", "image/jpeg", str(SAMPLE), "starter", "NIKON")


@pytest.fixture(scope="module")
def open_address(sample_library: Path) -> Iterator[str]:
    """The page where other machines reach it."""
    with served(sample_library, Access("0.0.0.0"), **{PASSWORD: RIGHT}) as address:
        yield address


def enter(page: Page, password: str) -> None:
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in").click()


def entered(page: Page, password: str) -> bool:
    """Whether the password was looked at, and is right."""
    with page.expect_navigation():
        enter(page, password)
    return page.get_by_label("Password", exact=True).count() == 0


def test_nothing_of_the_library_is_sent_before_the_login(page: Page, open_address: str) -> None:
    received: list[str] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: received.append(_text(frame)))

    page.on("websocket", listen)
    page.goto(f"{open_address}library?q=bear&all=1&photo=1&path=%2Fetc%2Fpasswd")
    expect(page.get_by_label("Password", exact=True)).to_be_visible()
    received.append(page.content())
    for path in ("media/1.jpg", "app/static/main.py", "..%2f..%2fetc%2fpasswd", "_stcore/metrics"):
        received.append(page.request.get(f"{open_address}{path}").text())
    assert received
    assert not [word for word in OF_THE_LIBRARY if any(word in text for text in received)]
    assert "root:" not in "".join(received)


def _text(frame: str | bytes) -> str:
    return frame if isinstance(frame, str) else frame.decode("latin-1")


def test_password_opens_the_page_for_this_browser_until_it_signs_out(
    browser: Browser, open_address: str
) -> None:
    context = browser.new_context()
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto(f"{open_address}library")
    enter(page, "wrong horse")
    expect(page.get_by_text("Wrong password.")).to_be_visible()
    eventually(lambda: entered(page, RIGHT))  # the wrong one has it wait
    expect(page.locator(".st-key-activity")).to_be_visible()
    (kept,) = [one for one in context.cookies() if one["name"] == COOKIE]
    assert (kept["httpOnly"], kept["sameSite"]) == (True, "Lax")
    page.reload()
    expect(page.locator(".st-key-activity")).to_be_visible()
    stranger = browser.new_page()
    stranger.goto(f"{open_address}library")
    expect(stranger.get_by_label("Password", exact=True)).to_be_visible()
    stranger.close()
    other = context.new_page()
    other.set_default_timeout(WAIT_MS)
    other.goto(f"{open_address}?q=after:1900")
    other.locator(".opener").first.wait_for()
    page.get_by_role("button", name="Sign out").click()
    for one in (page, other):  # without a reload
        expect(one.get_by_label("Password", exact=True)).to_be_visible()
    assert other.url == f"{open_address}?q=after:1900"
    page.reload()
    expect(page.get_by_label("Password", exact=True)).to_be_visible()
    context.close()


def test_serve_on_an_open_host_demands_a_login_and_says_how(sample_library: Path) -> None:
    done = indexer_process("serve", "--library", sample_library, "--host", "0.0.0.0")
    assert done.returncode == 1
    assert "would show the photos to everybody" in done.stderr
    assert "indexer password" in done.stderr

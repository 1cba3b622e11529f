"""A real browser on the demo's page: the system's Chromium, driven by Playwright, with no network but this machine."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from screen import Screen

from bot.sandbox.demo_world import World, open_world
from bot.sandbox.page_server import served

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser of this session. `CHROMIUM` names its program where it is none of the usual ones."""
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no Chromium on this machine: install it (Debian: apt-get install chromium), or set CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The demo's world on fresh files."""
    with open_world(tmp_path) as opened:
        yield opened


@pytest.fixture
def screen(browser: Browser, world: World) -> Iterator[Screen]:
    """The page as a person sees it; at the end nothing may have gone wrong in it, or come from elsewhere."""
    with served(world) as url:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
        context.set_default_timeout(8_000)
        shown = Screen(context.new_page(), url)
        yield shown
        context.close()

    assert [] == shown.troubles

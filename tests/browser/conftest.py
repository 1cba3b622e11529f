"""A real browser on the demo's page: the system's Chromium, driven by Playwright, with no network but this machine."""

from collections.abc import Iterator
from pathlib import Path

import chromium
import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from screen import Screen

from bot.sandbox.demo.world import DemoWorld, open_world
from bot.sandbox.page.server import served

expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser of this session; where there is none, the tests that need it say so and are skipped."""
    program = chromium.program()
    if program is None:
        pytest.skip(chromium.MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=chromium.ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DemoWorld]:
    """The demo's world on fresh files."""
    with open_world(tmp_path) as opened:
        yield opened


@pytest.fixture
def screen(browser: Browser, world: DemoWorld) -> Iterator[Screen]:
    """The page as a person sees it; at the end nothing may have gone wrong in it, or come from elsewhere."""
    with served(world) as url:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
        context.set_default_timeout(20_000)
        shown = Screen(context.new_page(), url)
        yield shown
        context.close()

    assert [] == shown.troubles
